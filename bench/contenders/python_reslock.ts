/**
 * The Python package `reslock`, which shares the file format with this one.
 *
 * @module
 */
import { quietOutput } from "../harness/command.ts";
import type { Contender } from "./contender.ts";
import { NOT_INSTALLED, PYTHON_VERSION, pythonDirectory } from "./installed.ts";
import { RESOURCE } from "./reslock_resource.ts";
import { WorkerClient, type WorkerCommand } from "./worker_client.ts";

/** From its saying that it asks to its entry in the queue, which it does not say. */
const SETTLE_MS = 100;

/** A worker that shares a resource of a state file. */
export function pythonWorker(
  path: string,
  resource: string = RESOURCE,
): WorkerCommand {
  return {
    program: `${pythonDirectory()}/bin/python`,
    args: [
      `${import.meta.dirname}/python_worker.py`,
      JSON.stringify({ path, resource }),
    ],
    settleMs: SETTLE_MS,
  };
}

export const pythonReslock: Contender = {
  name: `Python reslock ${PYTHON_VERSION}`,
  kind: "peer",
  abilities: {
    capacities: true,
    amounts: true,
    priorities: true,
    zombies: true,
  },
  async absence() {
    const command = ["-c", "import reslock"];
    const found = await quietOutput(`${pythonDirectory()}/bin/python`, command);
    return found === undefined ? NOT_INSTALLED : undefined;
  },
  async open(directory, capacity) {
    const path = `${directory}/state.json`;
    // Its command line has names of its own only.
    const resources = { [RESOURCE]: capacity, cpu_cores: capacity };
    const state = { version: 5, resources, leases: [], queue: [] };
    await Deno.writeTextFile(path, JSON.stringify(state));
    return {
      client: (options) => WorkerClient.start(pythonWorker(path), options),
      servers: () => [],
      commandLine: (command) => ({
        words: [
          `${pythonDirectory()}/bin/reslock`,
          ...["run", "--state", path, "--cpu", "1", ...command],
        ],
      }),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
};
