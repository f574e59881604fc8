/**
 * This package, as a contender.
 *
 * @module
 */
import { ResourcePool } from "../../mod.ts";
import type { Arena, Client, ClientOptions, Contender } from "./contender.ts";
import { RESOURCE } from "./reslock_resource.ts";
import { denoWorker, WorkerClient } from "./worker_client.ts";

/** A pool that clients of this package share, with a witness beside it. */
export class ReslockArena implements Arena {
  /** The state file. */
  readonly path: string;
  readonly #directory: string;
  readonly #capacity: number;

  constructor(directory: string, capacity: number) {
    this.path = `${directory}/state.json`;
    this.#directory = directory;
    this.#capacity = capacity;
  }

  client(options?: ClientOptions): Promise<Client> {
    const program = `${import.meta.dirname}/reslock_worker.ts`;
    return WorkerClient.start(
      denoWorker(program, {
        path: this.path,
        capacity: this.#capacity,
        ...(!options?.dies && { witness: `${this.#directory}/witness` }),
      }),
      options,
    );
  }

  servers(): number[] {
    return [];
  }

  /** Throws if anything is left of those who have gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    await using pool = new ResourcePool({ path: this.path });
    const { leases, queue } = await pool.status();
    if (leases.length + queue.length === 0) return;
    throw new Error(
      `Cannot trust this run: ${leases.length} leases and ${queue.length} ` +
        `entries are left in "${this.path}"`,
    );
  }
}

export const reslock: Contender = {
  name: "reslock",
  kind: "subject",
  abilities: {
    capacities: true,
    amounts: true,
    priorities: true,
    zombies: true,
  },
  absence: () => Promise.resolve(undefined),
  async open(directory, capacity) {
    const arena = new ReslockArena(directory, capacity);
    await using pool = new ResourcePool({ path: arena.path });
    await pool.setResources({ [RESOURCE]: capacity });
    return arena;
  },
};
