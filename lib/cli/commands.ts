/**
 * The commands by name. `run` and `status` are what scripts call again and again: each
 * of them is loaded alone. The others come together: Deno reads all that a program may
 * ever import before it starts, so that each file that is loaded apart, with the parts
 * that a bundler then makes of what it shares, costs every call some time.
 *
 * @module
 */
import type { CommandModule } from "./context.ts";

/** All names, in the order of the help. */
export const COMMAND_NAMES = [
  "run",
  "status",
  "top",
  "list",
  "why",
  "cancel",
  "priority",
  "reclaim",
  "wait",
  "watch",
  "orphans",
  "history",
  "release",
  "init",
  "detect",
  "set",
  "unset",
  "reset",
  "doctor",
  "schema",
  "completions",
] as const;

/** The name of a command. */
export type CommandName = typeof COMMAND_NAMES[number];

/** Whether there is a command of this name. */
export function isCommandName(name: string): name is CommandName {
  return (COMMAND_NAMES as readonly string[]).includes(name);
}

/** Loads a command. */
export async function loadCommand(name: CommandName): Promise<CommandModule> {
  if (name === "run") return await import("./run.ts");
  if (name === "status") return await import("./status.ts");
  const others = await import("./others.ts");
  return others[name];
}
