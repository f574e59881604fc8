/**
 * What the state file cannot know and a waiter has to look at itself, never under the
 * lock: how much of a disk is free.
 *
 * @module
 */
import { diskOfKey } from "./core/model.ts";
import { readDiskSpace } from "./os/disk.ts";

/** Free space of each mount among the names, in MiB by resource name. */
export async function readDiskFree(
  names: Iterable<string>,
): Promise<Map<string, number>> {
  const free = new Map<string, number>();
  for (const name of names) {
    const mount = diskOfKey(name);
    if (mount === undefined) continue;
    free.set(name, (await readDiskSpace(mount)).freeMb);
  }
  return free;
}
