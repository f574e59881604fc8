/**
 * What a check says, and what may be put right without asking.
 *
 * @module
 */

/** How bad it is: `problem` means that the pool does not do what it promises. */
export type CheckLevel = "ok" | "warning" | "problem";

/** What one check found out. */
export interface Check {
  /** What was looked at, such as `files` or `locks`. */
  readonly name: string;
  /** How bad it is. */
  readonly level: CheckLevel;
  /** What is so, in one sentence. */
  readonly message: string;
  /** What to do about it; empty where there is nothing to do. */
  readonly advice: string;
}

/** What {@linkcode diagnose} found out. */
export interface Diagnosis {
  /** The state file. */
  readonly path: string;
  /** What is so now, one line each. */
  readonly checks: readonly Check[];
  /** What was put right just now, one line each. */
  readonly fixed: readonly string[];
}

/** Something harmless that puts a thing right. */
export type Fix =
  | { readonly kind: "mode"; readonly path: string; readonly mode: number }
  | { readonly kind: "directory"; readonly path: string }
  /** Removes the entries and files of the dead. */
  | { readonly kind: "bury" }
  /** Brings the copy of the capacities up to date. */
  | { readonly kind: "copy" };

/** A check, with what puts it right where that is known. */
export interface Finding extends Check {
  readonly fixes: readonly Fix[];
}

/** All is well. */
export function ok(name: string, message: string): Finding {
  return { name, level: "ok", message, advice: "", fixes: [] };
}

/** Something to know, which does no harm by itself. */
export function warning(
  name: string,
  message: string,
  advice: string,
  fixes: readonly Fix[] = [],
): Finding {
  return { name, level: "warning", message, advice, fixes };
}

/** Something that has to be put right. */
export function problem(
  name: string,
  message: string,
  advice: string,
  fixes: readonly Fix[] = [],
): Finding {
  return { name, level: "problem", message, advice, fixes };
}

/** A number of things: `1 lease`, `2 leases`. */
export function counted(count: number, noun: string): string {
  const plural = noun.endsWith("y") ? `${noun.slice(0, -1)}ies` : `${noun}s`;
  return `${count} ${count === 1 ? noun : plural}`;
}

/** Some of a list for people: `a, b and 3 more`. */
export function some(names: readonly string[], limit = 3): string {
  const shown = names.slice(0, limit).join(", ");
  const rest = names.length - limit;
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}

/** How a file's mode is written. */
export function modeText(mode: number): string {
  return (mode & 0o7777).toString(8);
}
