/**
 * Tools that come with the system: flock(1), GNU sem and task-spooler.
 *
 * @module
 */
import { call, quietOutput } from "../harness/command.ts";
import type { Contender } from "./contender.ts";
import { NOT_INSTALLED } from "./installed.ts";
import { type Tool, ToolClient } from "./tool.ts";

async function absenceOf(
  program: string,
  args: readonly string[],
): Promise<string | undefined> {
  const found = await quietOutput(program, args);
  return found === undefined ? NOT_INSTALLED : undefined;
}

function arena(
  tool: Tool,
  directory: string,
  close: () => Promise<unknown> = () => Promise.resolve(),
): ReturnType<Contender["open"]> {
  return Promise.resolve({
    client: (options) => ToolClient.start(tool, directory, options),
    servers: () => [],
    commandLine: (command) => ({
      words: tool.wrap(command, {}),
      env: tool.env,
    }),
    [Symbol.asyncDispose]: () => close().then(() => {}),
  });
}

/** Of util-linux: a lock on which programs block; one holder, any order. */
export const flock: Contender = {
  name: "flock(1)",
  kind: "peer",
  abilities: {
    capacities: false,
    amounts: false,
    priorities: false,
    zombies: true,
  },
  absence: () => absenceOf("flock", ["--version"]),
  open: (directory) =>
    arena({
      wrap: (command) => ["flock", `${directory}/lock`, ...command],
      settleMs: 30,
    }, directory),
};

/** Of GNU parallel: a counting semaphore of files that are looked at again and again. */
export const sem: Contender = {
  name: "GNU sem",
  kind: "peer",
  abilities: {
    capacities: true,
    amounts: false,
    priorities: false,
    zombies: false,
  },
  absence: () => absenceOf("sem", ["--version"]),
  async open(directory, capacity) {
    // Without it, it asks to be cited.
    await Deno.writeTextFile(`${directory}/will-cite`, "");
    // Ungrouped, or it shows nothing until the command has ended.
    const words = ["sem", "--fg", "--ungroup", "--quote", "--id", "bench"];
    return await arena({
      wrap: (command) => [...words, "--jobs", `${capacity}`, ...command],
      env: { PARALLEL_HOME: directory },
      settleMs: 400,
    }, directory);
  },
};

/**
 * A queue in a server that the first call starts. It sleeps while nothing happens, so
 * its time counts for nothing.
 */
export const taskSpooler: Contender = {
  name: "task-spooler",
  kind: "peer",
  abilities: {
    capacities: true,
    amounts: true,
    priorities: false,
    zombies: false,
  },
  absence: () => absenceOf("tsp", ["-V"]),
  async open(directory, capacity) {
    const env = { TS_SOCKET: `${directory}/socket`, TMPDIR: directory };
    await call("tsp", ["-S", `${capacity}`], env);
    const tool: Tool = {
      wrap: (command, { amount = 1 }) => //
      ["tsp", "-n", "-f", "-N", `${amount}`, ...command],
      env,
      settleMs: 30,
    };
    return await arena(tool, directory, () => call("tsp", ["-K"], env));
  },
};
