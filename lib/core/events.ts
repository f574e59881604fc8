/**
 * What has happened between two looks at a state.
 *
 * What came and went in between is not seen: a lease that was granted and given back
 * leaves no trace in the state.
 *
 * @module
 */
import { withoutMarks } from "./marks.ts";
import type { Amounts, EntryRecord, LeaseRecord } from "./model.ts";
import type { PoolState } from "./state.ts";

/** One thing that happened, with the records as they were last seen. */
export type Happening =
  | { readonly type: "queued" | "cancelled"; readonly entry: EntryRecord }
  | {
    readonly type:
      | "granted"
      | "released"
      | "reclaim-requested"
      | "reclaim-withdrawn";
    readonly lease: LeaseRecord;
  }
  | {
    readonly type: "priority-changed";
    readonly kind: "lease" | "waiter";
    readonly before: number;
    readonly record: LeaseRecord | EntryRecord;
  }
  | {
    readonly type: "capacity-changed";
    readonly name: string;
    /** `undefined` if there was none. */
    readonly before: number | undefined;
    /** `undefined` if there is none any more. */
    readonly capacity: number | undefined;
  };

/** A state at one moment, as far as it is compared. */
export interface Snapshot {
  readonly capacities: Amounts;
  readonly leases: ReadonlyMap<string, LeaseRecord>;
  readonly waiters: ReadonlyMap<string, EntryRecord>;
  /** The ids of the leases on which work is in progress. */
  readonly busy: ReadonlySet<string>;
}

/** What of a state is compared with the next one. */
export function snapshotOf(state: PoolState): Snapshot {
  const leases = new Map<string, LeaseRecord>();
  for (const lease of withoutMarks(state.leases)) leases.set(lease.id, lease);
  return {
    capacities: new Map(state.resources),
    leases,
    waiters: new Map(state.waiters.map(({ id, entry }) => [id, entry])),
    busy: state.busyLeases(),
  };
}

/** What happened from one to the next: first what ended, then what began. */
export function happenings(before: Snapshot, after: Snapshot): Happening[] {
  return [
    ...capacityChanges(before.capacities, after.capacities),
    ...ends(before, after),
    ...beginnings(before, after),
    ...changes(before, after),
  ];
}

function capacityChanges(before: Amounts, after: Amounts): Happening[] {
  const found: Happening[] = [];
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [was, capacity] = [before.get(name), after.get(name)];
    if (was === capacity) continue;
    found.push({ type: "capacity-changed", name, before: was, capacity });
  }
  return found;
}

function ends(before: Snapshot, after: Snapshot): Happening[] {
  const found: Happening[] = [];
  for (const [id, lease] of before.leases) {
    if (!after.leases.has(id)) found.push({ type: "released", lease });
  }
  for (const [id, entry] of before.waiters) {
    if (after.waiters.has(id) || after.leases.has(id)) continue;
    found.push({ type: "cancelled", entry });
  }
  return found;
}

function beginnings(before: Snapshot, after: Snapshot): Happening[] {
  const found: Happening[] = [];
  for (const [id, lease] of after.leases) {
    if (!before.leases.has(id)) found.push({ type: "granted", lease });
  }
  for (const [id, entry] of after.waiters) {
    if (!before.waiters.has(id)) found.push({ type: "queued", entry });
  }
  return found;
}

function changes(before: Snapshot, after: Snapshot): Happening[] {
  const found: Happening[] = [];
  const compare = (
    kind: "lease" | "waiter",
    was: LeaseRecord | EntryRecord | undefined,
    record: LeaseRecord | EntryRecord,
  ) => {
    if (was === undefined || was.priority === record.priority) return;
    found.push({
      type: "priority-changed",
      kind,
      before: was.priority,
      record,
    });
  };
  for (const [id, entry] of after.waiters) {
    compare("waiter", before.waiters.get(id), entry);
  }
  for (const [id, lease] of after.leases) {
    compare("lease", before.leases.get(id), lease);
  }
  // Last: they follow from the others.
  for (const [id, lease] of after.leases) {
    const wasAsked = before.leases.get(id)?.reclaim_requested ?? false;
    if (wasAsked === lease.reclaim_requested) continue;
    const type = wasAsked ? "reclaim-withdrawn" : "reclaim-requested";
    found.push({ type, lease });
  }
  return found;
}
