/**
 * What is looked at outside of the pool, and what it makes of a request: cards by their
 * driver, disks by the system.
 *
 * Loaded with the first look; most programs want neither.
 *
 * @module
 */
import type { Aim, Sight } from "./core/aim.ts";
import { type DriverReading, judgeCards } from "./core/cards.ts";
import type { OutsideTruth } from "./core/ledger.ts";
import { diskKey, diskOfKey } from "./core/model.ts";
import type { PoolState } from "./core/state.ts";
import type { Clock } from "./os/clock.ts";
import { toolsUntil } from "./os/command.ts";
import { mountOf, readDiskSpace, readMountinfo } from "./os/disk.ts";
import { ToolDriver } from "./os/driver.ts";
import { SharedDriver } from "./os/shared_driver.ts";

/** The driver of this machine, as programs share what it tells. */
export function openDriver({ path, clock, end }: {
  readonly path: string;
  readonly clock: Clock;
  readonly end: AbortSignal;
}): SharedDriver {
  const driver = new ToolDriver(toolsUntil(end));
  return new SharedDriver({ path, driver, clock, end });
}

/** What was looked at for a request, to be joined with the leases of a moment. */
export function sightOf(
  { disks, only, placement }: Aim,
  reading: DriverReading | undefined,
  disksFreeMb: ReadonlyMap<string, number>,
): Sight {
  const mountinfo = disks.length > 0 ? readMountinfo() : "";
  return (state) => ({
    diskFreeMb: diskFree(state, disksFreeMb, mountinfo),
    placement,
    ...(reading !== undefined || only !== undefined) &&
      seenCards(state, reading, only),
  });
}

/** What can be had of the cards that will do; others are left out. */
export function seenCards(
  state: PoolState,
  reading: DriverReading | undefined,
  only?: ReadonlySet<string>,
): Pick<OutsideTruth, "cardFreeMb" | "judged"> {
  const judged = reading && judgeCards(state, reading, Deno.pid);
  const free = judged ??
    state.cards.map(({ uuid }) => ({ uuid, roomMb: Infinity }));
  const cardFreeMb = new Map(
    free.flatMap(({ uuid, roomMb }) =>
      only?.has(uuid) === false ? [] : [[uuid, roomMb]]
    ),
  );
  return { cardFreeMb, judged };
}

/**
 * What can be had of each disk, in MiB by resource name: free beside leases on it under
 * names of other paths. The Python package keeps a path as it was written. It is taken
 * by its words, links in it unseen: a look at it under the lock might never return.
 */
export function diskFree(
  state: PoolState,
  freeMb: ReadonlyMap<string, number>,
  mountinfo: string,
): Map<string, number> {
  const left = new Map(freeMb);
  if (left.size === 0) return left;
  for (const [name, leasedMb] of state.used) {
    const path = diskOfKey(name);
    // Those of the same name are counted by all who count.
    if (path === undefined || !path.startsWith("/") || left.has(name)) continue;
    const key = diskKey(mountOf(path, mountinfo));
    const free = left.get(key);
    if (free !== undefined) left.set(key, free - leasedMb);
  }
  return left;
}

/** Free space of each mount among the names, in MiB by resource name. */
export async function readDiskFree(
  names: readonly string[],
): Promise<Map<string, number>> {
  const free = new Map<string, number>();
  for (const name of names) {
    const mount = diskOfKey(name);
    if (mount === undefined) continue;
    free.set(name, (await readDiskSpace(mount)).freeMb);
  }
  return free;
}
