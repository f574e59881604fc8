/**
 * One acquire and one release, and what the floors do in their place: two transactions.
 *
 * @module
 */
import type { ResourcePool } from "../../mod.ts";
import { RESOURCE } from "../contenders/reslock_resource.ts";
import { FloorFile } from "../harness/floor_transaction.ts";

export const PAIR = { what: "acquire + release", unit: "us" } as const;
export const OURS = "reslock";
/** The same without a note of what has ended. */
export const WITHOUT_HISTORY = "reslock, no history";
/** Lock, read, write the same bytes, unlock. */
export const BYTES_FLOOR = "floor: read + write";
/** Lock, read, parse, change, stringify, write, unlock. */
export const JSON_FLOOR = "floor: plain JSON";

/** Does so many pairs; how many milliseconds they took. */
export type Pairs = (count: number) => Promise<number>;

export function ourPairs(pool: ResourcePool): Pairs {
  return async (count) => {
    const start = performance.now();
    for (let done = 0; done < count; done++) {
      const lease = await pool.acquire({ [RESOURCE]: 1 });
      await lease.release();
    }
    return performance.now() - start;
  };
}

function floorPairs(acquire: () => void, release: () => void): Pairs {
  return (count) => {
    const start = performance.now();
    for (let done = 0; done < count; done++) {
      acquire();
      release();
    }
    return Promise.resolve(performance.now() - start);
  };
}

/** Both floors, on copies of a state file. */
export class Floors implements Disposable {
  readonly #rewritten: FloorFile;
  readonly #changed: FloorFile;
  readonly #before: number;

  constructor(directory: string, bytes: Uint8Array) {
    this.#rewritten = new FloorFile(`${directory}/bytes`, bytes);
    this.#changed = new FloorFile(`${directory}/json`, bytes);
    this.#before = this.#changed.state.leases.length;
  }

  pairs(): [string, Pairs][] {
    const record = this.#changed.state.leases[0] ?? RECORD;
    const add = () => this.#changed.change(({ leases }) => leases.push(record));
    const remove = () => this.#changed.change(({ leases }) => leases.pop());
    const rewrite = () => this.#rewritten.rewrite();
    return [
      [BYTES_FLOOR, floorPairs(rewrite, rewrite)],
      [JSON_FLOOR, floorPairs(add, remove)],
    ];
  }

  /** Throws unless the file says what it said at first. */
  check(): void {
    const { length } = this.#changed.state.leases;
    if (length === this.#before) return;
    throw new Error(
      `Cannot trust this run: the floor has ${length} leases, and had ${this.#before}`,
    );
  }

  [Symbol.dispose](): void {
    this.#rewritten[Symbol.dispose]();
    this.#changed[Symbol.dispose]();
  }
}

/** A lease like those in the file, for a file that has none. */
const RECORD = {
  ...{ id: "abcdefghij-4", pid: Deno.pid, host_pid: null },
  ...{ resources: { [RESOURCE]: 1 }, priority: 0 },
  ...{ acquired_at: new Date().toISOString(), queued_at: null, wait_sec: 0 },
  ...{ reclaimable: false, reclaim_requested: false },
  ...{ reclaim_requested_at: null, label: null, pids: [] },
  ...{ actual_resources: {}, cpu_seconds: null },
};
