/**
 * What must hold of a pool's state, whoever wrote it.
 *
 * (1) Leased amounts: for every resource with a capacity, the sum over the
 *     leases is within it. Disk space has none.
 * (2) Sums: the state's `used` is that sum, for every name. Nobody means an
 *     amount below 0, which counts as none.
 * (3) Rank: of two waiters the one in front has no lower priority.
 * (4) One thing each: an id of ours stands for one lease or one waiter, beside
 *     the work on that very lease.
 * (5) Amounts: a lease of ours holds whole numbers above 0.
 * (6) Work: an entry of work of ours names a lease that is held.
 * (7) Reclaims: a lease is asked back exactly if it says since when.
 *
 * Other clients may bring a state in which (1), (4), (6) or (7) does not hold;
 * that stops nobody. What may stop a change is a violation that this change
 * brought in: {@linkcode checkChange}, at a cost that depends on the change only.
 *
 * @module
 */
import { parseNativeId } from "./ids.ts";
import { diskOfKey, type EntryRecord, type LeaseRecord } from "./model.ts";
import { quoted } from "./quoted.ts";
import type { Change, PoolState, Waiter } from "./state.ts";

/** One thing that does not hold. */
export interface Violation {
  /** The number of the invariant. */
  readonly invariant: number;
  /** The same for the same violation at another time. */
  readonly key: string;
  /** For people. */
  readonly message: string;
}

/** All that does not hold of a state; walks the whole of it. */
export function checkState(state: PoolState): Violation[] {
  return [
    ...checkAmounts(state),
    ...checkRank(state),
    ...checkIds(state),
    ...[...state.leases].flatMap(checkLease),
    ...[...state.work].flatMap((entry) => checkWork(state, entry)),
  ];
}

/**
 * The violations that a change brought in, given the state after it.
 *
 * A capacity that went below what is leased is none, nor is an over-commitment
 * of before; a lease more on such a resource is one.
 */
export function checkChange(
  state: PoolState,
  changes: readonly Change[],
): Violation[] {
  const found: Violation[] = [];
  const before: Violation[] = [];
  const grown = new Map<string, number>();
  const leases = new Map<string, number>();
  for (const change of changes) {
    if (change.type === "resources") continue;
    const { type, table, record } = change;
    const sign = type === "add" ? 1 : -1;
    if (table === "entry") {
      if (sign > 0) found.push(...checkAddedEntry(state, record));
      continue;
    }
    count(leases, record.id, sign);
    for (const [name, amount] of record.resources) {
      count(grown, name, sign * Math.max(0, amount));
    }
    if (sign < 0) before.push(...checkLease(record));
    else if (state.leases.has(record)) found.push(...checkLease(record));
  }
  for (const [name, growth] of grown) {
    if (growth > 0) found.push(...checkCapacity(state, name));
  }
  for (const [id, growth] of leases) {
    found.push(...checkLeaseId(state, id, growth));
  }
  if (found.length === 0) return found;
  const known = new Set(before.map(({ key }) => key));
  return found.filter(({ key }) => !known.has(key));
}

function count(map: Map<string, number>, key: string, amount: number): void {
  map.set(key, (map.get(key) ?? 0) + amount);
}

/** Invariants (1) and (2). */
function checkAmounts(state: PoolState): Violation[] {
  const sums = new Map<string, number>();
  for (const { resources } of state.leases) {
    for (const [name, amount] of resources) {
      count(sums, name, Math.max(0, amount));
    }
  }
  const found: Violation[] = [];
  for (const name of new Set([...sums.keys(), ...state.used.keys()])) {
    found.push(...checkCapacity(state, name));
    const [sum, used] = [sums.get(name) ?? 0, state.used.get(name) ?? 0];
    if (sum !== used) {
      found.push(violation(
        2,
        name,
        `the leases hold ${sum} of ${quoted(name)}, ${used} are counted`,
      ));
    }
  }
  return found;
}

/** Invariant (1) for one resource. */
function checkCapacity(state: PoolState, name: string): Violation[] {
  const used = state.used.get(name) ?? 0;
  const capacity = state.resources.get(name) ?? 0;
  if (used <= Math.max(0, capacity) || diskOfKey(name) !== undefined) return [];
  return [violation(
    1,
    name,
    `${used} of ${quoted(name)} are leased, the capacity is ${capacity}`,
  )];
}

/** Invariant (3). */
function checkRank({ waiters }: PoolState): Violation[] {
  return waiters.flatMap((waiter, at) => checkPlace(waiters, at, waiter));
}

/** Invariant (3) for a waiter and the one in front of it. */
function checkPlace(
  waiters: readonly Waiter[],
  at: number,
  { id, priority }: Waiter,
): Violation[] {
  if (at === 0 || waiters[at - 1].priority >= priority) return [];
  return [violation(
    3,
    id,
    `the waiter ${quoted(id)} of priority ${priority} stands behind one of ` +
      `priority ${waiters[at - 1].priority}`,
  )];
}

/** Invariant (4). */
function checkIds(state: PoolState): Violation[] {
  const things = new Map<string, number>();
  for (const { id } of state.leases) count(things, id, 1);
  for (const { id } of state.waiters) count(things, id, 1);
  return [...things].flatMap(([id, times]) => checkId(id, times));
}

function checkId(id: string, times: number): Violation[] {
  if (times <= 1 || parseNativeId(id) === undefined) return [];
  return [violation(
    4,
    id,
    `the id ${quoted(id)} stands for ${times} leases or waiters`,
  )];
}

/** Invariants (5) and (7). */
function checkLease(lease: LeaseRecord): Violation[] {
  const { id, resources } = lease;
  const found: Violation[] = [];
  if (parseNativeId(id) !== undefined) {
    for (const [name, amount] of resources) {
      if (Number.isSafeInteger(amount) && amount > 0) continue;
      found.push(violation(
        5,
        `${id} ${name}`,
        `the lease ${quoted(id)} holds ${amount} of ${quoted(name)}`,
      ));
    }
  }
  if (lease.reclaim_requested !== (lease.reclaim_requested_at !== null)) {
    found.push(violation(
      7,
      id,
      `the lease ${quoted(id)} is ` +
        (lease.reclaim_requested
          ? `asked back, but not since when`
          : `not asked back, but says since when`),
    ));
  }
  return found;
}

/** Invariant (6). */
function checkWork(
  state: PoolState,
  { id, lease_id }: EntryRecord,
): Violation[] {
  const isOurs = parseNativeId(id) !== undefined;
  if (!isOurs || state.lease(lease_id!) !== undefined) return [];
  return [violation(
    6,
    id,
    `the entry ${quoted(id)} is work on the lease ${quoted(lease_id!)}, ` +
      `which nobody holds`,
  )];
}

/** Invariants (3), (4) and (6) for an entry that a change added. */
function checkAddedEntry(state: PoolState, entry: EntryRecord): Violation[] {
  if (state.work.has(entry)) return checkWork(state, entry);
  if (state.entry(entry.id) !== entry) return [];
  const { waiters } = state;
  // From the end: that is where most are added.
  const at = waiters.findLastIndex((waiter) => waiter.entry === entry);
  const things = state.lease(entry.id) === undefined ? 1 : 2;
  return [
    ...waiters.slice(at, at + 2).flatMap((waiter, offset) =>
      checkPlace(waiters, at + offset, waiter)
    ),
    ...checkId(entry.id, things),
  ];
}

/** Invariants (4) and (6) for an id of which a change added or removed leases. */
function checkLeaseId(
  state: PoolState,
  id: string,
  growth: number,
): Violation[] {
  if (state.lease(id) === undefined) {
    const orphans: Violation[] = [];
    for (const entry of state.work) {
      if (entry.lease_id === id) orphans.push(...checkWork(state, entry));
    }
    return orphans;
  }
  const waits = state.entry(id)?.lease_id === null;
  return growth > 0 ? checkId(id, growth + (waits ? 1 : 0)) : [];
}

function violation(
  invariant: number,
  subject: string,
  message: string,
): Violation {
  return { invariant, key: `${invariant} ${subject}`, message };
}
