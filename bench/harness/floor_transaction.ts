/**
 * The least that a program can do which keeps a state in a file: floors for those that
 * do more.
 *
 * @module
 */

/**
 * Where a page begins in memory and in the file, or a little behind it, the processor
 * takes each copied word for one that it is about to read, and copies ten times slower.
 * Large buffers begin there; so what is read begins a cache line later.
 */
const LINE_BYTES = 64;

/** A file that is locked, read, and written again. */
export class FloorFile implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #buffer: Uint8Array<ArrayBuffer>;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder();
  #length: number;

  constructor(path: string, bytes: Uint8Array) {
    Deno.writeFileSync(path, bytes);
    this.#file = Deno.openSync(path, { read: true, write: true });
    // Room for the one record that is added.
    this.#buffer = new Uint8Array(LINE_BYTES + bytes.length + 4096)
      .subarray(LINE_BYTES);
    this.#length = bytes.length;
  }

  /** Lock, read, write the same bytes, unlock. */
  rewrite(): void {
    this.#file.lockSync(true);
    this.#write(this.#read());
    this.#file.unlockSync();
  }

  /** Lock, read, parse, change, stringify, write, unlock. */
  change(change: (state: { leases: unknown[] }) => void): void {
    this.#file.lockSync(true);
    const state = JSON.parse(this.#decoder.decode(this.#read()));
    change(state);
    const bytes = this.#encoder.encode(JSON.stringify(state));
    this.#write(bytes);
    if (bytes.length < this.#length) this.#file.truncateSync(bytes.length);
    this.#length = bytes.length;
    this.#file.unlockSync();
  }

  /** What the file says. */
  get state(): { readonly leases: readonly unknown[] } {
    return JSON.parse(this.#decoder.decode(this.#read()));
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  #read(): Uint8Array {
    this.#file.seekSync(0, Deno.SeekMode.Start);
    let length = 0;
    for (;;) {
      const count = this.#file.readSync(this.#buffer.subarray(length));
      if (count === null || count === 0) break;
      length += count;
      if (length >= this.#length) break;
    }
    return this.#buffer.subarray(0, length);
  }

  #write(bytes: Uint8Array): void {
    this.#file.seekSync(0, Deno.SeekMode.Start);
    for (let done = 0; done < bytes.length;) {
      done += this.#file.writeSync(bytes.subarray(done));
    }
  }
}
