/**
 * What an operator does to the requests and leases of others. Changes of the state in
 * memory; nothing is read or written here.
 *
 * @module
 */
import { parseNativeId } from "./ids.ts";
import {
  byHandSince,
  CANCELLED,
  isAskedByHand,
  saysCancelled,
  withoutMarks,
} from "./marks.ts";
import type { EntryRecord, LeaseRecord } from "./model.ts";
import { quoted } from "./quoted.ts";
import type { PoolState } from "./state.ts";
import { leaseOf, type Stamp } from "./transitions.ts";

/** A change of a priority. */
export interface PriorityChange {
  /** Whose it is: that of a lease, or of one who waits. */
  readonly kind: "lease" | "waiter";
  /** The whole id. */
  readonly id: string;
  /** What it is for, in the words of whoever asked. */
  readonly label: string | null;
  /** The priority until now. */
  readonly before: number;
  /** The priority from now on. */
  readonly priority: number;
}

/** The one that an id, or the beginning of one, stands for. */
export function named<T extends { readonly id: string }>(
  things: Iterable<T>,
  id: string,
  { action, what, command }: {
    /** For the error: what was to be done. */
    readonly action: string;
    /** What is looked for, such as `lease`. */
    readonly what: string;
    /** Where the ids are shown. */
    readonly command: string;
  },
): T {
  const begin: T[] = [];
  for (const thing of things) {
    if (thing.id === id) return thing;
    if (id !== "" && thing.id.startsWith(id)) begin.push(thing);
  }
  const [first] = begin;
  if (begin.length === 1) return first;
  const found = first === undefined
    ? `no ${what} has it`
    : `${begin.length} of them begin with it`;
  throw new RangeError(
    `Cannot ${action} ${quoted(id)} as ${found}: see the ids with ` +
      `"reslock ${command}"`,
  );
}

/**
 * Cancels a request that waits.
 *
 * @throws {RangeError} if the id names no waiter, or more than one
 * @throws {TypeError} if it is one of the Python package
 */
export function cancel(
  state: PoolState,
  id: string,
  stamp: Stamp,
): EntryRecord {
  const waiting = state.waiters.map(({ entry }) => entry);
  const entry = named(waiting, id, {
    action: "cancel",
    what: "waiter",
    command: "status",
  });
  if (parseNativeId(entry.id) === undefined) {
    throw new TypeError(
      `Cannot cancel ${quoted(entry.id)} as it is a request of the Python ` +
        `package, which would wait for ever without its place: end the program ` +
        `(pid ${entry.pid}) instead`,
    );
  }
  markCancelled(state, entry, stamp);
  return entry;
}

/** Puts in the place of a waiter of ours what tells its program that it is cancelled. */
function markCancelled(
  state: PoolState,
  entry: EntryRecord,
  stamp: Stamp,
): void {
  state.removeEntry(entry);
  // Some broken client may have written an id twice.
  if (state.lease(entry.id) !== undefined) return;
  state.addLease({ ...leaseOf(entry, new Map(), stamp), ...CANCELLED });
}

/**
 * Drops all leases and cancels all who wait; the capacities stay. Requests of the Python
 * package, which cannot be told, lose their place.
 *
 * @param dead ids of which nobody is left to be told anything
 */
export function reset(
  state: PoolState,
  stamp: Stamp,
  dead: ReadonlySet<string> = new Set(),
): void {
  const isToBeTold = ({ id }: LeaseRecord | EntryRecord) =>
    parseNativeId(id) !== undefined && !dead.has(id);
  for (const lease of state.leases) {
    // Who was cancelled a moment ago, and has not seen it yet, must not come back.
    if (saysCancelled(lease) && isToBeTold(lease)) continue;
    state.removeLease(lease);
  }
  for (const entry of state.work) state.removeEntry(entry);
  for (const { entry } of [...state.waiters]) {
    if (isToBeTold(entry)) markCancelled(state, entry, stamp);
    else state.removeEntry(entry);
  }
}

/**
 * Changes the priority of a waiter, which takes its new place by rank, or of a lease.
 *
 * @throws {RangeError} if the id names neither, or more than one
 */
export function setPriority(
  state: PoolState,
  id: string,
  priority: number,
): PriorityChange {
  const waiting = state.waiters.map(({ entry }) => entry);
  const found = named<LeaseRecord | EntryRecord>(
    [...waiting, ...withoutMarks(state.leases)],
    id,
    {
      action: "change the priority of",
      what: "lease or waiter",
      command: "status",
    },
  );
  const isLease = "acquired_at" in found;
  if (found.priority !== priority) {
    if (isLease) state.replaceLease(found, { priority });
    else {
      state.removeEntry(found);
      // Among its equals it goes by its arrival, as if it had always been one.
      state.restoreEntry({ ...found, priority });
    }
  }
  return {
    kind: isLease ? "lease" : "waiter",
    id: found.id,
    label: found.label,
    before: found.priority,
    priority,
  };
}

/**
 * Asks a lease back, whoever waits for it.
 *
 * @throws {RangeError} if the id names no lease, or more than one
 * @throws {TypeError} if its holder did not offer it, or works on it
 */
export function askBack(
  state: PoolState,
  id: string,
  { isoTime }: Stamp,
): LeaseRecord {
  const lease = named(withoutMarks(state.leases), id, {
    action: "ask back",
    what: "lease",
    command: "list",
  });
  if (!lease.reclaimable) {
    throw new TypeError(
      `Cannot ask back ${quoted(lease.id)} as its holder does not expect it ` +
        `(it is not reclaimable): take it away with "reslock release", or end ` +
        `the program (pid ${lease.pid})`,
    );
  }
  if (state.busyLeases().has(lease.id)) {
    throw new TypeError(
      `Cannot ask back ${quoted(lease.id)} as work is in progress on it: ` +
        `wait until that is done, or take it away with "reslock release"`,
    );
  }
  if (isAskedByHand(lease)) return lease;
  return state.replaceLease(lease, {
    reclaim_requested: true,
    reclaim_requested_at: byHandSince(isoTime),
  });
}
