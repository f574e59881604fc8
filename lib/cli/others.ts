/**
 * The commands that are loaded together: all but those that scripts call again and
 * again.
 *
 * @module
 */
export * as top from "./top.ts";
export * as list from "./list.ts";
export * as why from "./why.ts";
export * as cancel from "./cancel.ts";
export * as priority from "./priority.ts";
export * as reclaim from "./reclaim.ts";
export * as wait from "./wait.ts";
export * as watch from "./watch.ts";
export * as orphans from "./orphans.ts";
export * as history from "./history.ts";
export * as release from "./release.ts";
export * as init from "./init.ts";
export * as detect from "./detect.ts";
export * as set from "./set.ts";
export * as unset from "./unset.ts";
export * as reset from "./reset.ts";
export * as doctor from "./doctor.ts";
export * as schema from "./schema.ts";
export * as completions from "./completions.ts";
