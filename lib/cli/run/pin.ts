/**
 * The child of `run` on cores of its own.
 *
 * @module
 */
import type { Lease } from "../../../mod.ts";

/** The command to start, and on how many cores it will run. */
export interface Pinned {
  readonly words: readonly string[];
  readonly cores: number;
}

/** The words that start a command on as many cores as its lease holds. */
export async function pinned(
  lease: Lease,
  command: readonly string[],
  tell: (message: string) => void,
): Promise<Pinned> {
  const leased = lease.resources.cpu_cores;
  const unpinned = { words: command, cores: leased };
  const claimed = await lease.claimCores();
  if (claimed === null) {
    tell("cannot pin the command as the system does not tell its cores");
    return unpinned;
  }
  const { cores, shared } = claimed;
  const list = cores.join(",");
  if (!await hasTaskset(list)) {
    tell(
      "cannot pin the command as there is no taskset (package util-linux): it " +
        "runs on any core",
    );
    return unpinned;
  }
  if (cores.length < leased) {
    tell(
      `pinned to ${cores.length} of ${leased} cores: no more may be used here`,
    );
  }
  if (shared > 0) {
    tell(`pinned to ${shared} cores that other leases are pinned to as well`);
  }
  return { words: ["taskset", "-c", list, ...command], cores: cores.length };
}

/** Whether there is one, and it understands such a list: busybox's may not. */
async function hasTaskset(list: string): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("taskset", {
      args: ["-c", list, "true"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}
