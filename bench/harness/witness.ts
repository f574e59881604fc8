/**
 * An independent witness: a file that says how much is held by those who believe that
 * they hold something, and in which order they came to believe it.
 *
 * It knows nothing of any lock that is measured. Who was granted something enters, and
 * leaves before giving back; the file has a lock of the kernel's for itself. Two system
 * calls of a microsecond each are its price, the same for all who are measured with it.
 *
 * Invariants:
 * (1) The amount held never exceeds the capacity, or {@linkcode Witness.enter} throws.
 * (2) Ticks count the entries. With a capacity of 1 they are the order of the grants.
 *
 * @module
 */

const HELD = 0;
const TICKS = 1;

/** The witness, as one process has it open. */
export class Witness implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #capacity: number;
  readonly #values = new Float64Array(2);
  readonly #bytes = new Uint8Array(this.#values.buffer);

  constructor(path: string, capacity: number) {
    this.#file = Deno.openSync(path, { read: true, write: true, create: true });
    this.#capacity = capacity;
  }

  /** How many entries there have been; never less when read later. */
  tick(): number {
    this.#read();
    return this.#values[TICKS];
  }

  /**
   * Bears witness that this amount is held from now on.
   *
   * @returns the number of this entry, from 1
   */
  enter(amount: number): number {
    this.#file.lockSync(true);
    try {
      this.#read();
      this.#values[HELD] += amount;
      this.#values[TICKS]++;
      if (this.#values[HELD] > this.#capacity) {
        throw new Error(
          `Cannot trust this run: ${
            this.#values[HELD]
          } were held at once of a capacity of ${this.#capacity}`,
        );
      }
      this.#write();
      return this.#values[TICKS];
    } finally {
      this.#file.unlockSync();
    }
  }

  /** To be called before it is given back. */
  leave(amount: number): void {
    this.#file.lockSync(true);
    this.#read();
    this.#values[HELD] -= amount;
    this.#write();
    this.#file.unlockSync();
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  #read(): void {
    this.#file.seekSync(0, Deno.SeekMode.Start);
    // A new file is empty: nothing held, no entries.
    if (this.#file.readSync(this.#bytes) === null) this.#values.fill(0);
  }

  #write(): void {
    this.#file.seekSync(0, Deno.SeekMode.Start);
    this.#file.writeSync(this.#bytes);
  }
}
