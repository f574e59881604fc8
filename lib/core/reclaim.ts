/**
 * Which leases are asked back from their holders.
 *
 * Invariants:
 * (1) Nobody of ours asks back a lease of its own priority or a higher one, nor
 *     one on which work is in progress.
 * (2) Nothing is asked unless it lets a waiter through, together with what was
 *     asked before.
 * (3) Nothing is asked for a waiter that sets nothing aside (it yields, is
 *     stalled, can never be served): others would take what is given back.
 * (4) A lease is asked back for one waiter: what others need of it is what that
 *     one leaves.
 * (5) A request that no waiter needs any more is withdrawn, but never one that
 *     a foreign waiter may have made, as those ask by rules of their own, nor
 *     one that was made by hand.
 *
 * @module
 */
import { leastLoss, leastShared } from "./least_loss.ts";
import { contenders, type Grant, Ledger } from "./ledger.ts";
import { isAskedByHand } from "./marks.ts";
import { gpuOfKey, type LeaseRecord } from "./model.ts";
import type { PoolState, Waiter } from "./state.ts";

/** What is known of waiters and leases beyond the state. */
export interface ReclaimContext {
  /** Ids of waiters that fitted for long and did nothing. */
  readonly stalled: ReadonlySet<string>;
  /** Ids of leases that were asked back long ago and are still there. */
  readonly overdue: ReadonlySet<string>;
}

/** Changes of `reclaim_requested`. */
export interface Reclaims {
  readonly ask: readonly LeaseRecord[];
  readonly withdraw: readonly LeaseRecord[];
}

const NONE: Reclaims = { ask: [], withdraw: [] };

/** With more leases than this, those that can replace each other are not compared. */
const COMPARED_LEASES_MAX = 12;

/**
 * Decides for the waiters that `grants` leave. Foreign waiters ask for
 * themselves; they are credited with what comes back, nothing is asked for
 * them. Shortage of free disk space, which cannot be seen here, asks nothing.
 */
export function planReclaim(
  state: PoolState,
  grants: readonly Grant[],
  context: ReclaimContext,
): Reclaims {
  if (!hasCause(state)) return NONE;
  return new Reclaiming(state, grants, context).decide();
}

/** Whether anything was asked, or might be by the waiter of the highest priority. */
function hasCause(state: PoolState): boolean {
  const highest = state.waiters.at(0)?.priority ?? -Infinity;
  for (const lease of state.reclaimable) {
    if (lease.reclaim_requested || lease.priority < highest) return true;
  }
  return false;
}

/** Whether a lease ranks low enough to be given up for a waiter. */
export function mayTake(waiter: Waiter, lease: LeaseRecord): boolean {
  return !waiter.native || lease.priority < waiter.priority;
}

/** Whether a waiter asks for any resource that a lease holds. */
function wants({ counters, slots }: Waiter, lease: LeaseRecord): boolean {
  for (const name of lease.resources.keys()) {
    if (counters.has(name)) return true;
    if (slots.length > 0 && gpuOfKey(name) !== undefined) return true;
  }
  return false;
}

/** Whom a walk lets through, and what they need for it. */
interface Outcome {
  readonly served: ReadonlySet<Waiter>;
  readonly used: ReadonlySet<LeaseRecord>;
}

class Reclaiming {
  readonly #state: PoolState;
  readonly #grants: readonly Grant[];
  readonly #granted: ReadonlySet<Waiter>;
  readonly #stalled: ReadonlySet<string>;
  readonly #fresh: LeaseRecord[] = [];
  readonly #pending: LeaseRecord[] = [];
  /** Asked back too long ago to count on. */
  readonly #overdue: LeaseRecord[] = [];

  constructor(
    state: PoolState,
    grants: readonly Grant[],
    { stalled, overdue }: ReclaimContext,
  ) {
    this.#state = state;
    this.#grants = grants;
    this.#granted = new Set(grants.map(({ waiter }) => waiter));
    this.#stalled = stalled;
    const busy = state.busyLeases();
    for (const lease of state.reclaimable) {
      if (!lease.reclaim_requested) {
        if (!busy.has(lease.id)) this.#fresh.push(lease);
      } else if (overdue.has(lease.id)) this.#overdue.push(lease);
      else this.#pending.push(lease);
    }
  }

  decide(): Reclaims {
    const outcome = this.#walk(this.#pending, this.#fresh);
    const asked = this.#fresh.filter((lease) => outcome.used.has(lease));
    const kept = this.#kept([...this.#pending, ...asked], outcome);
    return {
      ask: asked.filter((lease) => kept.has(lease)),
      withdraw: [
        ...this.#pending.filter((lease) => !kept.has(lease)),
        ...this.#overdue.filter((lease) =>
          !isAskedByHand(lease) && !this.#isWanted(
            lease,
            (waiter) => !waiter.yields && mayTake(waiter, lease),
          )
        ),
      ],
    };
  }

  /**
   * Of all leases that were asked back or are to be, those that stay so.
   *
   * A lease that comes for one waiter may make others needless, a waiter may
   * have gone. But nothing is dropped that the next plan would ask again.
   */
  #kept(
    all: readonly LeaseRecord[],
    { served, used }: Outcome,
  ): ReadonlySet<LeaseRecord> {
    const isOld = (lease: LeaseRecord) => lease.reclaim_requested;
    if (all.every((lease) => isOld(lease) && used.has(lease))) return used;
    const kept = all.length <= COMPARED_LEASES_MAX
      ? this.#needed(all, served)
      : new Set(used);
    const isForeign = (waiter: Waiter) => !waiter.native;
    for (const lease of all.filter(isOld)) {
      if (isAskedByHand(lease) || this.#isWanted(lease, isForeign)) {
        kept.add(lease);
      }
    }
    const isKept = (lease: LeaseRecord) => kept.has(lease);
    const others = [...this.#pending, ...this.#fresh].filter((lease) =>
      !isKept(lease)
    );
    const next = this.#walk([...kept], others);
    return next.used.isSubsetOf(kept) ? kept : new Set(all);
  }

  /**
   * The leases without which fewer would be served. Of two that can replace each
   * other the one of the lower priority is left.
   */
  #needed(
    all: readonly LeaseRecord[],
    served: ReadonlySet<Waiter>,
  ): Set<LeaseRecord> {
    const needed = new Set(all);
    for (const lease of all.toSorted(costliestFirst)) {
      needed.delete(lease);
      const without = this.#walk([...needed], []);
      if (!served.isSubsetOf(without.served)) needed.add(lease);
    }
    return needed;
  }

  /**
   * Walks the waiters by rank with the amounts that will be left once the leases
   * have come back that are needed of `pending` and, where these are not
   * enough, of `fresh`.
   */
  #walk(
    pending: readonly LeaseRecord[],
    fresh: readonly LeaseRecord[],
  ): Outcome {
    const ledger = new Ledger(this.#state);
    for (const { resources } of this.#grants) ledger.take(resources);
    const offers = new Offers(ledger, pending, fresh);
    const served = new Set<Waiter>();
    const spent = (waiter: Waiter) => ledger.spent(waiter, offers.amounts);
    for (const waiter of contenders(this.#state, spent)) {
      if (this.#granted.has(waiter) || this.#stalled.has(waiter.id)) continue;
      let bound = ledger.bind(waiter);
      if (bound === undefined) {
        if (waiter.yields || !ledger.canEver(waiter)) continue;
        if (offers.serve(waiter)) bound = ledger.bind(waiter);
      }
      if (bound === undefined) ledger.setAside(waiter);
      else {
        served.add(waiter);
        ledger.take(bound);
      }
    }
    return { served, used: offers.used };
  }

  #isWanted(lease: LeaseRecord, by: (waiter: Waiter) => boolean): boolean {
    return this.#state.waiters.some((waiter) =>
      by(waiter) && wants(waiter, lease) && !this.#granted.has(waiter)
    );
  }
}

/** The leases that may come back, while a walk uses them up. */
class Offers {
  readonly #ledger: Ledger;
  readonly #pending: readonly LeaseRecord[];
  readonly #fresh: readonly LeaseRecord[];
  readonly used = new Set<LeaseRecord>();
  /** What those hold that are not used yet. */
  readonly amounts = new Map<string, number>();

  constructor(
    ledger: Ledger,
    pending: readonly LeaseRecord[],
    fresh: readonly LeaseRecord[],
  ) {
    this.#ledger = ledger;
    this.#pending = pending;
    this.#fresh = fresh;
    this.#count(pending, 1);
    this.#count(fresh, 1);
  }

  /** Gives the ledger the leases that let a waiter through, if there are such. */
  serve(waiter: Waiter): boolean {
    const pending = this.#unused(waiter, this.#pending);
    if (this.#useOfPending(waiter, pending)) return true;
    if (!waiter.native) return false;
    const fresh = this.#unused(waiter, this.#fresh);
    for (const { resources } of pending) this.#ledger.give(resources);
    const asked = leastLoss(this.#ledger, waiter, fresh);
    for (const { resources } of pending) this.#ledger.take(resources);
    if (asked === undefined) return false;
    this.#use(asked);
    return this.#useOfPending(waiter, pending);
  }

  #useOfPending(waiter: Waiter, leases: readonly LeaseRecord[]): boolean {
    const needed = leastShared(this.#ledger, waiter, leases);
    if (needed === undefined) return false;
    this.#use(needed);
    return true;
  }

  #unused(waiter: Waiter, leases: readonly LeaseRecord[]): LeaseRecord[] {
    return leases.filter((lease) =>
      mayTake(waiter, lease) && !this.used.has(lease)
    );
  }

  #use(leases: readonly LeaseRecord[]): void {
    for (const lease of leases) {
      this.used.add(lease);
      this.#ledger.give(lease.resources);
    }
    this.#count(leases, -1);
  }

  #count(leases: readonly LeaseRecord[], sign: 1 | -1): void {
    for (const { resources } of leases) {
      for (const [name, amount] of resources) {
        this.amounts.set(name, (this.amounts.get(name) ?? 0) + sign * amount);
      }
    }
  }
}

/** The highest priority first, then by id: no order of time or of the file. */
function costliestFirst(a: LeaseRecord, b: LeaseRecord): number {
  return b.priority - a.priority || (a.id < b.id ? -1 : 1);
}
