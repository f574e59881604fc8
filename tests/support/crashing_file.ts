/** Files in memory whose writer dies at a chosen call, after part of its bytes. */
import type { SharedFile } from "../../lib/os/file.ts";

/** What the writer dies of. */
export class Crash extends Error {}

/** Files by name, and when whoever writes them dies. */
export class CrashingDisk {
  readonly #files = new Map<string, Uint8Array>();
  /** Calls that change something, so far. */
  calls = 0;
  /** The call that is not completed. */
  crashAt = Infinity;
  /** How much of the bytes of that call arrive, from 0 to 1. */
  arrives = 0;
  /** How many of them arrive, where that is not as good. */
  arrivingBytes: number | undefined;
  /** How many bytes that call was to write. */
  bytesOfCrash = 0;

  put(path: string, bytes: Uint8Array): void {
    this.#files.set(path, bytes.slice());
  }

  get(path: string): Uint8Array {
    return this.#files.get(path)!.slice();
  }

  /** A copy that nothing happens to. */
  copy(): CrashingDisk {
    const copy = new CrashingDisk();
    for (const [path, bytes] of this.#files) copy.put(path, bytes);
    return copy;
  }

  readonly open = (path: string): SharedFile => {
    if (!this.#files.has(path)) throw new Deno.errors.NotFound(path);
    return {
      tryLock: () => true,
      unlock: () => {},
      pause: () => Promise.resolve(),
      stat: () => {
        const { length } = this.#files.get(path)!;
        return { length, links: 1, dev: 0, ino: 0, writtenMs: 0 };
      },
      isNamed: () => true,
      read: (buffer) => {
        const bytes = this.#files.get(path)!.subarray(0, buffer.length);
        buffer.set(bytes);
        return bytes.length;
      },
      write: (bytes, offset) => {
        const crashes = this.#count();
        const arrives = this.arrivingBytes ??
          Math.floor(bytes.length * this.arrives);
        const count = crashes ? arrives : bytes.length;
        if (crashes) this.bytesOfCrash = bytes.length;
        this.#write(path, bytes.subarray(0, count), offset);
        if (crashes) throw new Crash();
      },
      truncate: (length) => {
        if (this.#count()) throw new Crash();
        this.#files.set(path, this.#files.get(path)!.slice(0, length));
      },
      [Symbol.dispose]: () => {},
    };
  };

  #count(): boolean {
    return ++this.calls === this.crashAt;
  }

  #write(path: string, bytes: Uint8Array, offset: number): void {
    const old = this.#files.get(path)!;
    const length = Math.max(old.length, offset + bytes.length);
    const grown = new Uint8Array(length);
    grown.set(old);
    grown.set(bytes, offset);
    this.#files.set(path, grown);
  }
}
