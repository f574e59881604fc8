/**
 * Disk space in a request: brought under the name of its mount, and refused where no
 * disk could ever give it.
 *
 * Two paths on one disk share its space. Under a name each, the space would be
 * promised twice.
 *
 * @module
 */
import { formatMb } from "./core/amount.ts";
import { ImpossibleRequestError } from "./core/errors.ts";
import { diskKey, diskOfKey } from "./core/model.ts";
import { quoted } from "./core/quoted.ts";
import type { ParsedRequest } from "./core/request.ts";
import { type DiskSpace, findMount, readDiskSpace } from "./os/disk.ts";

/** What is asked of the system; tests put made-up disks in its place. */
export interface Disks {
  /** The space of the disk that has this path. */
  space(path: string): Promise<DiskSpace>;
  /** Where the disk that has this path is mounted. */
  mount(path: string): Promise<string>;
}

const systemDisks: Disks = { space: readDiskSpace, mount: findMount };

/**
 * The request with the space on disks under the names of their mounts.
 *
 * @throws {ImpossibleRequestError} if it is more than a disk has
 * @throws {Deno.errors.NotFound} if there is no such path
 * @throws {Deno.errors.NotCapable} without the permission to look
 */
export async function onMounts(
  request: ParsedRequest,
  disks: Disks = systemDisks,
): Promise<ParsedRequest> {
  const counters = new Map<string, number>();
  for (const [name, amount] of request.counters) {
    const path = diskOfKey(name);
    if (path === undefined) {
      counters.set(name, amount);
      continue;
    }
    const { totalMb } = await disks.space(path);
    const mount = await disks.mount(path);
    const key = diskKey(mount);
    const requested = (counters.get(key) ?? 0) + amount;
    if (requested > totalMb) {
      throw new ImpossibleRequestError(
        `Cannot acquire ${formatMb(requested)} on the disk at ` +
          `${quoted(mount)} as it has ${formatMb(totalMb)}: ask for less`,
        { resource: key, requested, capacity: totalMb },
      );
    }
    counters.set(key, requested);
  }
  return { ...request, counters };
}
