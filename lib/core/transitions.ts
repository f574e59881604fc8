/**
 * What happens to a pool: changes of the state in memory, the same ones for the
 * store and for the simulator. Nothing is read or written here.
 *
 * @module
 */
import { formatApart } from "./amount.ts";
import { ImpossibleRequestError } from "./errors.ts";
import type { Grant } from "./ledger.ts";
import type { Amounts, EntryRecord, LeaseRecord } from "./model.ts";
import { momentMs } from "./moment.ts";
import { type Demand, type Obstacle, refusalOf } from "./placement.ts";
import { quoted } from "./quoted.ts";
import { plan, type PlanContext } from "./scheduler.ts";
import type { PoolState } from "./state.ts";

/** The moment of a change, by the wall clock; read once, before the change. */
export interface Stamp {
  /** ISO 8601 in UTC, as it is written. */
  readonly isoTime: string;
  /** The same in milliseconds since 1970. */
  readonly wallMs: number;
}

/** What a plan has done to the state, and what is left to do. */
export interface Settlement {
  /** The leases that were made, by rank of their waiters. */
  readonly granted: readonly LeaseRecord[];
  /** Ids of waiters of ours to be rung: they fit, and have to look and grant themselves. */
  readonly confirm: readonly string[];
  /** Ids of all waiters that fit and that only their owner can grant. */
  readonly fitting: readonly string[];
  /** The leases that are asked back from now on. */
  readonly reclaimed: readonly LeaseRecord[];
  /** The leases that are no longer asked back. */
  readonly withdrawn: readonly LeaseRecord[];
}

const NOTHING: Settlement = {
  granted: [],
  confirm: [],
  fitting: [],
  reclaimed: [],
  withdrawn: [],
};

/**
 * Plans and does what the plan says. Once is enough: another plan on the result
 * grants nothing, see the scheduler's invariant (3).
 */
export function settle(
  state: PoolState,
  context: PlanContext,
  stamp: Stamp,
): Settlement {
  if (state.waiters.length === 0 && state.reclaimable.size === 0) {
    return NOTHING;
  }
  const { grants, confirm, fitting, reclaims } = plan(state, context);
  return {
    granted: grants.map((grant) => writeGrant(state, grant, stamp)),
    confirm,
    fitting,
    reclaimed: reclaims.ask.map((lease) =>
      state.replaceLease(lease, {
        reclaim_requested: true,
        reclaim_requested_at: stamp.isoTime,
      })
    ),
    withdrawn: reclaims.withdraw.map((lease) =>
      state.replaceLease(lease, {
        reclaim_requested: false,
        reclaim_requested_at: null,
      })
    ),
  };
}

/** Makes the lease in the waiter's name; an entry with an estimate stays as its work. */
function writeGrant(
  state: PoolState,
  { waiter: { entry }, resources }: Grant,
  stamp: Stamp,
): LeaseRecord {
  const lease = leaseOf(entry, resources, stamp);
  state.removeEntry(entry);
  state.addLease(lease);
  if (entry.estimated_seconds !== null) {
    state.addEntry({
      ...entry,
      lease_id: lease.id,
      started_at: stamp.isoTime,
    });
  }
  return lease;
}

/** The lease of a request. */
export function leaseOf(
  entry: EntryRecord,
  resources: Amounts,
  stamp: Stamp,
): LeaseRecord {
  return {
    id: entry.id,
    pid: entry.pid,
    host_pid: entry.host_pid,
    resources,
    priority: entry.priority,
    acquired_at: stamp.isoTime,
    queued_at: entry.queued_at,
    wait_sec: waitedSeconds(entry.queued_at, stamp),
    reclaimable: entry.reclaimable_intent,
    reclaim_requested: false,
    reclaim_requested_at: null,
    label: entry.label,
    pids: [],
    actual_resources: new Map(),
    cpu_seconds: null,
  };
}

/** By the wall clocks of both ends, which may have jumped; `null` if nobody can say. */
function waitedSeconds(
  queuedAt: string,
  { wallMs, isoTime }: Stamp,
): number | null {
  if (queuedAt === isoTime) return 0;
  const waitedMs = wallMs - momentMs(queuedAt);
  return Number.isNaN(waitedMs) ? null : Math.max(0, waitedMs) / 1000;
}

/** Drops a lease with the work on it; `false` if there is none of this id. */
export function release(state: PoolState, leaseId: string): boolean {
  const lease = state.lease(leaseId);
  if (lease === undefined) return false;
  state.removeLease(lease);
  for (const entry of state.work) {
    if (entry.lease_id === leaseId) state.removeEntry(entry);
  }
  return true;
}

/**
 * Ends a wait. What to do with a lease that was granted meanwhile is left to
 * the caller: it is `"granted"` and stays.
 */
export function withdraw(
  state: PoolState,
  id: string,
): "queued" | "granted" | "gone" {
  const entry = state.entry(id);
  const waits = entry !== undefined && entry.lease_id === null;
  if (waits) state.removeEntry(entry);
  if (state.lease(id) !== undefined) return "granted";
  return waits ? "queued" : "gone";
}

/**
 * Lowers what a lease holds to the given amounts; names that are not given stay
 * as they are, and a name that reaches 0 is dropped.
 *
 * @throws {RangeError} if a name is not held, or an amount is negative or larger than the one held
 * @returns the lease that stands in its place
 */
export function shrink(
  state: PoolState,
  lease: LeaseRecord,
  amounts: Amounts,
): LeaseRecord {
  const resources = new Map(lease.resources);
  for (const [name, amount] of amounts) {
    const held = lease.resources.get(name) ?? 0;
    if (!Number.isSafeInteger(amount) || amount < 0 || amount > held) {
      throw new RangeError(
        `Cannot shrink ${quoted(name)} to ${amount} as the lease holds ` +
          `${held}: give a whole number from 0 to ${held}, a lease never grows`,
      );
    }
    if (amount > 0) resources.set(name, amount);
    else resources.delete(name);
  }
  return state.replaceLease(lease, { resources });
}

/**
 * Refuses a request that no release can ever let through.
 *
 * @param options.waitForCapacity whether what has no capacity at all may still
 * get one; a capacity that is too small is refused even so. @default {false}
 * @throws {ImpossibleRequestError}
 */
export function assertPossible(
  state: PoolState,
  demand: Demand,
  options: { waitForCapacity?: boolean } = {},
): void {
  const obstacle = refusalOf(demand, state.resources, state.cards, options);
  if (obstacle === undefined) return;
  throw refusal(obstacle);
}

/** The error for a request that no release can ever let through. */
export function refusal(obstacle: Obstacle): ImpossibleRequestError {
  return new ImpossibleRequestError(explain(obstacle), obstacle);
}

function explain(obstacle: Obstacle): string {
  const { resource, requested, capacity, slot } = obstacle;
  const [needed, all] = formatApart(resource, requested, capacity ?? 0);
  if (slot === undefined) {
    const name = quoted(resource);
    return capacity === undefined
      ? `Cannot acquire ${name} as no capacity is registered for it: ` +
        `check the name, or register one with reslock set ${name} VALUE`
      : `Cannot acquire ${needed} of ${name} as its whole capacity is ` +
        `${all}: ask for less, or raise it with reslock set ${name} VALUE`;
  }
  const cards = slot === 0 ? "a card" : `${slot + 1} cards`;
  const found = slot === 0
    ? "no card is"
    : `only ${slot} ${slot === 1 ? "is" : "are"}`;
  const reason = capacity === undefined
    ? `${found} registered: ${slot === 0 ? "" : "ask for fewer, or "}` +
      'register those that are here with "reslock init"'
    : `${found} that large, the ${slot === 0 ? "largest" : "next"} has ` +
      `${all}: ask for less, or see what each has in "reslock status"`;
  return `Cannot acquire ${cards} of ${needed} or more as ${reason}`;
}
