/**
 * Looking after a pool: what is wrong with it, and bringing it back after damage.
 *
 * What does the work is loaded when it is called: programs that take leases do not
 * carry it.
 *
 * @module
 */
import type { Diagnosis } from "./doctor/check.ts";
import type { Recovered, Salvaged } from "./doctor/recovery.ts";
import { choosePath } from "./os/paths.ts";

/** Options of {@linkcode diagnose}. */
export interface DiagnoseOptions {
  /** The state file; chosen as by `ResourcePool` without it. */
  readonly path?: string;
  /**
   * Whether to put right what can be put right without harm: modes, missing folders,
   * and what dead processes have left.
   *
   * @default {false}
   */
  readonly fix?: boolean;
}

/** Options of {@linkcode recover}. */
export interface RecoverOptions {
  /** The state file; chosen as by `ResourcePool` without it. */
  readonly path?: string;
  /**
   * Asked before anything is lost; nothing is done unless it says yes.
   *
   * @default {() => false}
   */
  readonly agree?: (salvaged: Salvaged) => boolean;
}

/**
 * Looks at a pool and at what it stands on: its place, its files, the file system,
 * locks and watches, who has what, and whether the machine has what is registered.
 * Changes nothing unless told to.
 *
 * @example What is wrong, and what to do about it
 * ```ts
 * import { diagnose } from "jsr:@reslock/reslock";
 *
 * const { checks } = await diagnose();
 * for (const { level, message, advice } of checks) {
 *   if (level !== "ok") console.log(`${level}: ${message}: ${advice}`);
 * }
 * ```
 *
 * @throws {StateAccessError} if no path is given and none can be chosen
 */
export async function diagnose(
  options: DiagnoseOptions = {},
): Promise<Diagnosis> {
  const { diagnosePool } = await import("./doctor/practice.ts");
  return await diagnosePool(choosePath(options.path), {
    fix: options.fix === true,
  });
}

/**
 * Reads what a damaged state file still tells, or of one that is gone the copy of its
 * capacities, also where somebody has made an empty one since. Changes nothing.
 *
 * @returns null where the file is not damaged, or nothing is left of it
 * @throws {StateAccessError} if the file cannot be used
 */
export async function salvage(
  options: { readonly path?: string } = {},
): Promise<Salvaged | null> {
  const { readDamaged } = await import("./doctor/practice.ts");
  return await readDamaged(choosePath(options.path));
}

/**
 * Makes a new state file of what a damaged one still tells, and keeps a copy of that. Where
 * one is gone, or an empty one was made since, the copied capacities are registered.
 *
 * @returns null where the file is not damaged, nothing is left of it, or nothing was
 * agreed to
 * @example Recover where nothing is lost by it
 * ```ts
 * import { recover } from "jsr:@reslock/reslock";
 *
 * const recovered = await recover({ agree: ({ lost }) => lost.length === 0 });
 * if (recovered !== null) console.log(`the damaged file is ${recovered.copyPath}`);
 * ```
 *
 * @throws {StateAccessError} if the file cannot be used
 */
export async function recover(
  options: RecoverOptions = {},
): Promise<Recovered | null> {
  const { recoverDamaged } = await import("./doctor/practice.ts");
  return await recoverDamaged(
    choosePath(options.path),
    options.agree ?? (() => false),
  );
}
