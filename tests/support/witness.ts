/**
 * A record of who held how much, kept beside the pool by the holders themselves.
 *
 * Each line is appended in one write, so that the order of the lines is an order of
 * events: `+ name lease amounts` after a grant, `= name lease amounts` before a lease
 * becomes smaller, `- name lease` before its release, `x name` before the holder is
 * killed. What the record says was held, was held.
 *
 * @module
 */

/** Amounts by resource. */
export type Amounts = Readonly<Record<string, number>>;

/** Appends to a record. */
export class WitnessWriter implements Disposable {
  readonly #file: Deno.FsFile;

  constructor(path: string) {
    this.#file = Deno.openSync(path, { append: true, create: true });
  }

  took(name: string, lease: string, amounts: Amounts): void {
    this.#append(`+ ${name} ${lease} ${JSON.stringify(amounts)}`);
  }

  keeps(name: string, lease: string, amounts: Amounts): void {
    this.#append(`= ${name} ${lease} ${JSON.stringify(amounts)}`);
  }

  givesBack(name: string, lease: string): void {
    this.#append(`- ${name} ${lease}`);
  }

  killing(name: string): void {
    this.#append(`x ${name}`);
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  #append(line: string): void {
    const bytes = new TextEncoder().encode(`${line}\n`);
    if (this.#file.writeSync(bytes) !== bytes.length) {
      throw new Error("Cannot append to the witness's record");
    }
  }
}

interface Held {
  readonly name: string;
  amounts: Amounts;
}

/** Reads a record as it grows. */
export class Witness implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #held = new Map<string, Held>();
  readonly #killed = new Set<string>();
  readonly #sums = new Map<string, number>();
  #rest = "";
  /** The largest sum of each resource that was held at once. */
  readonly peaks = new Map<string, number>();
  /** How many leases each one had. */
  readonly served = new Map<string, number>();
  /** How many leases there were. */
  grants = 0;
  /** How many were killed while they held something. */
  killedHolders = 0;
  /** The leases that they held. */
  readonly orphans = new Set<string>();

  constructor(path: string) {
    this.#file = Deno.openSync(path);
  }

  /** Who holds something at the end of what was read. */
  get holders(): ReadonlySet<string> {
    return new Set([...this.#held.values()].map(({ name }) => name));
  }

  /** Reads on, and returns itself. */
  hear(): this {
    const bytes = new Uint8Array(64 * 1024);
    const decoder = new TextDecoder();
    for (;;) {
      const count = this.#file.readSync(bytes);
      if (count === null) return this;
      const text = decoder.decode(bytes.subarray(0, count), { stream: true });
      const lines = (this.#rest + text).split("\n");
      this.#rest = lines.pop()!;
      for (const line of lines) this.#note(line);
    }
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  #note(line: string): void {
    const [kind, name, lease, amounts] = line.split(" ");
    if (kind === "x") return this.#bury(name);
    if (kind === "-") return this.#drop(lease);
    // What one does between that line and its death proves nothing.
    if (this.#killed.has(name)) return;
    this.#drop(lease);
    const held = { name, amounts: JSON.parse(amounts) };
    this.#held.set(lease, held);
    this.#count(held, 1);
    if (kind === "=") return;
    this.grants++;
    this.served.set(name, (this.served.get(name) ?? 0) + 1);
  }

  #bury(name: string): void {
    this.#killed.add(name);
    const lost = [...this.#held].filter(([_, held]) => held.name === name);
    for (const [lease] of lost) {
      this.#drop(lease);
      this.orphans.add(lease);
    }
    if (lost.length > 0) this.killedHolders++;
  }

  #drop(lease: string): void {
    const held = this.#held.get(lease);
    if (held === undefined) return;
    this.#held.delete(lease);
    this.#count(held, -1);
  }

  #count({ amounts }: Held, sign: 1 | -1): void {
    for (const [resource, amount] of Object.entries(amounts)) {
      const sum = (this.#sums.get(resource) ?? 0) + sign * amount;
      this.#sums.set(resource, sum);
      this.peaks.set(resource, Math.max(this.peaks.get(resource) ?? 0, sum));
    }
  }
}

/** Reads a whole record. */
export function hearWitness(path: string): Witness {
  using witness = new Witness(path);
  return witness.hear();
}
