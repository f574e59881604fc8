/**
 * A client of the Python package as far as a pool notices it: it looks for
 * rivals only before its own entry, promotes only itself, spreads over cards,
 * and asks leases back whatever their priority.
 */
import {
  diskOfKey,
  type EntryRecord,
  gpuKey,
  gpuOfKey,
  type LeaseRecord,
} from "../../lib/core/model.ts";
import { place } from "../../lib/core/placement.ts";
import { type PoolState, slotsOf } from "../../lib/core/state.ts";
import type { Stamp } from "../../lib/core/transitions.ts";
import { leaseRecord } from "../support/records.ts";
import { Table } from "./model.ts";

/** What the driver and the disks have free, by resource name. */
export type Outside = ReadonlyMap<string, number>;

/** What it would hold if `without` were gone, or `undefined` if it does not fit. */
function resolve(
  state: PoolState,
  entry: EntryRecord,
  outside: Outside,
  without: ReadonlySet<LeaseRecord>,
): Map<string, number> | undefined {
  const used = new Table();
  for (const lease of state.leases) {
    if (!without.has(lease)) used.add(lease.resources, 1);
  }
  const free = (name: string) =>
    diskOfKey(name) !== undefined
      ? (outside.get(name) ?? 0) - used.of(name)
      : (state.resources.get(name) ?? 0) - used.of(name);
  for (const [name, amount] of entry.resources) {
    if (amount > free(name)) return undefined;
  }
  const cards = [...state.resources.keys()].flatMap((key) => {
    const uuid = gpuOfKey(key);
    if (uuid === undefined) return [];
    return [{ uuid, freeMb: Math.min(free(key), outside.get(key) ?? 0) }];
  });
  const placed = place(slotsOf(entry), cards, "spread");
  if (placed === undefined) return undefined;
  const bound = new Map(entry.resources);
  for (const [uuid, amount] of placed) bound.set(gpuKey(uuid), amount);
  return bound;
}

/** One poll of a waiter: the lease it took, or `undefined` if it goes on waiting. */
export function pollAsPython(
  state: PoolState,
  entry: EntryRecord,
  outside: Outside,
  { id, stamp }: { id: string; stamp: Stamp },
): LeaseRecord | undefined {
  const nothing = new Set<LeaseRecord>();
  for (const { entry: rival } of state.waiters) {
    if (rival === entry) break;
    if (rival.priority <= entry.priority) continue;
    if (resolve(state, rival, outside, nothing) !== undefined) return undefined;
  }
  const resources = resolve(state, entry, outside, nothing);
  if (resources === undefined) {
    askBack(state, entry, outside, stamp);
    return undefined;
  }
  const lease = leaseRecord({
    id,
    pid: entry.pid,
    resources,
    priority: entry.priority,
    acquired_at: stamp.isoTime,
    queued_at: entry.queued_at,
    reclaimable: entry.reclaimable_intent,
  });
  state.removeEntry(entry);
  state.addLease(lease);
  return lease;
}

function askBack(
  state: PoolState,
  entry: EntryRecord,
  outside: Outside,
  stamp: Stamp,
): void {
  const busy = state.busyLeases();
  const candidates = [...state.reclaimable].filter((lease) =>
    !lease.reclaim_requested && !busy.has(lease.id)
  ).sort((a, b) => a.priority - b.priority);
  const asked = new Set<LeaseRecord>();
  for (const lease of candidates) {
    asked.add(lease);
    if (resolve(state, entry, outside, asked) === undefined) continue;
    for (const lease of asked) {
      state.replaceLease(lease, {
        reclaim_requested: true,
        reclaim_requested_at: stamp.isoTime,
      });
    }
    return;
  }
}
