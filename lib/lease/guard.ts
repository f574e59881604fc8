/**
 * Keeping a lease for a command, beyond the program that took it.
 *
 * `flock -F` takes a lock and then becomes the command. The lock is inherited by all
 * that the command starts, and falls when the last of them is gone.
 *
 * @module
 */
import { hasFlock } from "../os/flock.ts";
import { makeGuard } from "../os/owner_lock.ts";

let flockWorks: Promise<boolean> | undefined;

async function knowsFlock(): Promise<boolean> {
  try {
    return await (flockWorks ??= hasFlock());
  } catch (error) {
    // Not for good: there may be more of what is short the next time.
    flockWorks = undefined;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `Cannot keep a lease for a command as "flock" cannot be started ` +
        `(${reason}): end some processes, or set higher limits ("ulimit -a")`,
      { cause: error },
    );
  }
}

/** The words that start a command under a lease's guard. */
export async function guardCommand(
  { owners, warn }: {
    readonly owners: string;
    readonly warn: (message: string) => void;
  },
  leaseId: string,
  command: readonly string[],
): Promise<string[]> {
  if (!await knowsFlock()) {
    warn(
      'Cannot keep a lease for a command that outlives this program, as "flock" ' +
        "of util-linux is missing or may not be run: install it, or allow it " +
        "with --allow-run=flock",
    );
    return [...command];
  }
  // Shared: a lease may have several commands.
  return ["flock", "-F", "-s", makeGuard(owners, leaseId), ...command];
}
