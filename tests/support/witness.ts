/**
 * A record of who held how much, kept beside the pool by the holders themselves.
 *
 * Each line is appended in one write, so that the order of the lines is an order of
 * events: `+ name lease amount` after a grant, `- name lease` before its release,
 * `x name` before the holder is killed. What the record says was held, was held.
 *
 * @module
 */

/** Appends to a record. */
export class WitnessWriter implements Disposable {
  readonly #file: Deno.FsFile;

  constructor(path: string) {
    this.#file = Deno.openSync(path, { append: true, create: true });
  }

  took(name: string, lease: string, amount: number): void {
    this.#append(`+ ${name} ${lease} ${amount}`);
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

/** What a record shows. */
export interface Testimony {
  /** The largest sum that was held at once. */
  readonly peak: number;
  /** How many leases each one had. */
  readonly served: ReadonlyMap<string, number>;
  /** Who holds something at its end. */
  readonly holders: readonly string[];
  /** How many holders were killed while they held. */
  readonly killedHolders: number;
}

/** Reads a record. */
export function hearWitness(path: string): Testimony {
  const held = new Map<string, { name: string; amount: number }>();
  const served = new Map<string, number>();
  const killed = new Set<string>();
  let sum = 0;
  let peak = 0;
  let killedHolders = 0;
  const drop = (lease: string) => {
    sum -= held.get(lease)?.amount ?? 0;
    held.delete(lease);
  };
  for (const line of Deno.readTextFileSync(path).trimEnd().split("\n")) {
    const [kind, name, lease, amount] = line.split(" ");
    if (kind === "x") {
      killed.add(name);
      const lost = [...held].filter(([_, holder]) => holder.name === name);
      for (const [id] of lost) drop(id);
      if (lost.length > 0) killedHolders++;
    } else if (kind === "-") {
      drop(lease);
    } else if (!killed.has(name)) {
      // What one does between that line and its death proves nothing.
      held.set(lease, { name, amount: Number(amount) });
      served.set(name, (served.get(name) ?? 0) + 1);
      sum += Number(amount);
      peak = Math.max(peak, sum);
    }
  }
  const holders = [...held.values()].map(({ name }) => name);
  return { peak, served, holders, killedHolders };
}
