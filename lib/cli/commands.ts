/**
 * The commands by name. Each is loaded when it runs, and no other: what a command
 * needs costs only those who call it.
 *
 * @module
 */
import type { CommandModule } from "./context.ts";

const LOADERS = {
  run: () => import("./run.ts"),
  status: () => import("./status.ts"),
  top: () => import("./top.ts"),
  list: () => import("./list.ts"),
  why: () => import("./why.ts"),
  cancel: () => import("./cancel.ts"),
  priority: () => import("./priority.ts"),
  reclaim: () => import("./reclaim.ts"),
  wait: () => import("./wait.ts"),
  watch: () => import("./watch.ts"),
  orphans: () => import("./orphans.ts"),
  history: () => import("./history.ts"),
  release: () => import("./release.ts"),
  init: () => import("./init.ts"),
  detect: () => import("./detect.ts"),
  set: () => import("./set.ts"),
  unset: () => import("./unset.ts"),
  reset: () => import("./reset.ts"),
  doctor: () => import("./doctor.ts"),
  schema: () => import("./schema.ts"),
  completions: () => import("./completions.ts"),
};

/** The name of a command. */
export type CommandName = keyof typeof LOADERS;

/** All names, in the order of the help. */
export const COMMAND_NAMES = Object.keys(LOADERS) as CommandName[];

/** Whether there is a command of this name. */
export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(LOADERS, name);
}

/** Loads a command. */
export function loadCommand(name: CommandName): Promise<CommandModule> {
  return LOADERS[name]();
}
