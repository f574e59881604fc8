/**
 * The npm package proper-lockfile, on Node.
 *
 * @module
 */
import { quietOutput } from "../harness/command.ts";
import type { Contender } from "./contender.ts";
import { NODE_MODULES, NOT_INSTALLED } from "./installed.ts";
import { WorkerClient, type WorkerCommand } from "./worker_client.ts";

/** From its saying that it asks to its first try. */
const SETTLE_MS = 20;

/** A worker that shares a file. */
export function properLockfileWorker(path: string): WorkerCommand {
  return {
    program: "node",
    args: [
      `${import.meta.dirname}/proper_lockfile_worker.mjs`,
      JSON.stringify({ path, modules: NODE_MODULES }),
    ],
    settleMs: SETTLE_MS,
  };
}

export const properLockfile: Contender = {
  name: "proper-lockfile",
  kind: "peer",
  abilities: {
    capacities: false,
    amounts: false,
    priorities: false,
    zombies: true,
  },
  async absence() {
    const found = await quietOutput("node", [
      "-e",
      `require(${JSON.stringify(`${NODE_MODULES}/proper-lockfile`)})`,
    ]);
    return found === undefined ? NOT_INSTALLED : undefined;
  },
  async open(directory) {
    const path = `${directory}/shared`;
    await Deno.writeTextFile(path, "");
    return {
      client: (options) =>
        WorkerClient.start(properLockfileWorker(path), options),
      servers: () => [],
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
};
