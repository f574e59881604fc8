/**
 * The floor below every hand-over on this machine: a lock of the kernel's on which
 * programs block. It has one holder, no order and nothing to look at, and whoever
 * waits can do nothing else.
 *
 * @module
 */
import type { Contender } from "./contender.ts";
import { denoWorker, WorkerClient } from "./worker_client.ts";

/** Its workers say that they wait and then do. */
const SETTLE_MS = 5;

export const blockedFlock: Contender = {
  name: "floor: blocked flock",
  kind: "floor",
  abilities: {
    capacities: false,
    amounts: false,
    priorities: false,
    zombies: true,
  },
  absence: () => Promise.resolve(undefined),
  async open(directory, capacity) {
    const path = `${directory}/lock`;
    await Deno.writeTextFile(path, "");
    const program = `${import.meta.dirname}/floor_worker.ts`;
    return {
      client(options) {
        const command = denoWorker(program, {
          path,
          capacity,
          ...(!options?.dies && { witness: `${directory}/witness` }),
        });
        return WorkerClient.start({ ...command, settleMs: SETTLE_MS }, options);
      },
      servers: () => [],
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
};
