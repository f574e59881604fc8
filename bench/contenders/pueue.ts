/**
 * pueue: a queue in a server, with priorities.
 *
 * @module
 */
import { nowMs, sleep } from "../harness/clock.ts";
import { quietOutput, reap } from "../harness/command.ts";
import { killAll } from "../harness/processes.ts";
import type { Contender } from "./contender.ts";
import { cargoProgram, NOT_INSTALLED } from "./installed.ts";
import { ToolClient } from "./tool.ts";

/** From the start of its client to the task in the queue. */
const SETTLE_MS = 150;
const START_LIMIT_MS = 10_000;

export const pueue: Contender = {
  name: "pueue",
  kind: "peer",
  abilities: {
    capacities: true,
    amounts: false,
    priorities: true,
    zombies: false,
  },
  async absence() {
    const [client, server] = await programs();
    return client && server ? undefined : NOT_INSTALLED;
  },
  async open(directory, capacity) {
    const [client, server] = await programs();
    const config = `${directory}/pueue.yml`;
    const shared = {
      pueue_directory: directory,
      runtime_directory: directory,
      use_unix_socket: true,
      unix_socket_path: `${directory}/socket`,
    };
    // It reads YAML, of which JSON is a part.
    await Deno.writeTextFile(
      config,
      JSON.stringify({ client: {}, daemon: {}, shared }),
    );
    const child = new Deno.Command(server!, {
      args: ["--config", config],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const parallel = ["--config", config, "parallel", `${capacity}`];
    const limit = nowMs() + START_LIMIT_MS;
    while (await quietOutput(client!, parallel) === undefined) {
      if (nowMs() > limit) throw new Error("Cannot reach the server of pueue");
      await sleep(50);
    }
    const script = `${import.meta.dirname}/scripts/pueue.sh`;
    const tool = {
      wrap: (command: readonly string[], { priority = 0 }) => //
      ["bash", script, client!, config, `${priority}`, ...command],
      settleMs: SETTLE_MS,
    };
    return {
      client: (options) => ToolClient.start(tool, directory, options),
      servers: () => [child.pid],
      commandLine: (command) => ({ words: tool.wrap(command, {}) }),
      async [Symbol.asyncDispose]() {
        killAll([child.pid]);
        await reap(child, START_LIMIT_MS);
      },
    };
  },
};

function programs(): Promise<(string | undefined)[]> {
  return Promise.all([cargoProgram("pueue"), cargoProgram("pueued")]);
}
