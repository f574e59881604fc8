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
 * (6) Who fits by the accounting, but not by what it saw outside, asks for what
 *     lets it through by that, in plans of its own; in all other respects they are
 *     those of others. These, who do not know what it saw, withdraw nothing that
 *     it may have asked for.
 *
 * @module
 */
import { leastLoss, leastShared } from "./least_loss.ts";
import { contenders, type Grant, Ledger, type OutsideTruth } from "./ledger.ts";
import { isAskedByHand } from "./marks.ts";
import type { LeaseRecord } from "./model.ts";
import type { PoolState, Waiter } from "./state.ts";
import { wantsAny } from "./wants.ts";

/** What is known of waiters and leases beyond the state. */
export interface ReclaimContext {
  /** Ids of waiters that fitted for long and did nothing. */
  readonly stalled: ReadonlySet<string>;
  /** Ids of leases that were asked back long ago and are still there. */
  readonly overdue: ReadonlySet<string>;
}

/** What a plan has decided before anything is asked back. */
export interface Decided {
  readonly grants: readonly Grant[];
  /** The one that fits by the accounting, but not by what it saw outside. */
  readonly refused?: { readonly waiter: Waiter; readonly truth: OutsideTruth };
  /** Those of ours that fit by the accounting, and have not looked outside for this plan. */
  readonly unconfirmed: readonly Waiter[];
}

/** Changes of `reclaim_requested`. */
export interface Reclaims {
  readonly ask: readonly LeaseRecord[];
  readonly withdraw: readonly LeaseRecord[];
}

const NONE: Reclaims = { ask: [], withdraw: [] };
const NOTHING: ReadonlySet<LeaseRecord> = new Set();

/** With more leases than this, those that can replace each other are not compared. */
const COMPARED_LEASES_MAX = 12;

/**
 * Decides for the waiters that the grants leave. Foreign waiters ask for
 * themselves; they are credited with what comes back, nothing is asked for
 * them.
 */
export function planReclaim(
  state: PoolState,
  decided: Decided,
  context: ReclaimContext,
): Reclaims {
  if (!hasCause(state)) return NONE;
  return new Reclaiming(state, decided, context).decide();
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

/** Whom a walk lets through, and what they need for it. */
interface Outcome {
  readonly served: ReadonlySet<Waiter>;
  readonly used: ReadonlySet<LeaseRecord>;
  readonly offers: Offers;
}

class Reclaiming {
  readonly #state: PoolState;
  readonly #decided: Decided;
  readonly #granted: ReadonlySet<Waiter>;
  readonly #stalled: ReadonlySet<string>;
  readonly #fresh: LeaseRecord[] = [];
  /** Asked back already, or to be in any case. */
  readonly #pending: LeaseRecord[] = [];
  /** Asked back too long ago to count on. */
  readonly #overdue: LeaseRecord[] = [];
  /** What lets the refused one through. */
  readonly #apart: ReadonlySet<LeaseRecord>;

  constructor(
    state: PoolState,
    decided: Decided,
    { stalled, overdue }: ReclaimContext,
  ) {
    this.#state = state;
    this.#decided = decided;
    this.#granted = new Set(decided.grants.map(({ waiter }) => waiter));
    this.#stalled = stalled;
    const busy = state.busyLeases();
    const fresh: LeaseRecord[] = [];
    for (const lease of state.reclaimable) {
      if (!lease.reclaim_requested) {
        if (!busy.has(lease.id)) fresh.push(lease);
      } else if (overdue.has(lease.id)) this.#overdue.push(lease);
      else this.#pending.push(lease);
    }
    this.#apart = this.#neededByRefused(this.#pending, fresh);
    for (const lease of fresh) {
      (this.#apart.has(lease) ? this.#pending : this.#fresh).push(lease);
    }
  }

  decide(): Reclaims {
    const outcome = this.#walk(this.#pending, this.#fresh);
    const asked = this.#fresh.filter((lease) => outcome.used.has(lease));
    const all = [...this.#pending, ...asked];
    const kept = this.#kept(all, outcome);
    return {
      ask: all.filter((lease) => !isAsked(lease) && kept.has(lease)),
      withdraw: [
        ...all.filter((lease) => isAsked(lease) && !kept.has(lease)),
        ...this.#overdue.filter((lease) =>
          !isAskedByHand(lease) && !this.#isWanted(
            lease,
            (waiter) => !waiter.yields && mayTake(waiter, lease),
          )
        ),
      ],
    };
  }

  /** Of those that nobody in front of it needs. */
  #neededByRefused(
    pending: readonly LeaseRecord[],
    fresh: readonly LeaseRecord[],
  ): ReadonlySet<LeaseRecord> {
    const { refused } = this.#decided;
    if (refused === undefined) return NOTHING;
    const { waiter, truth } = refused;
    const { offers } = this.#walk(pending, fresh, waiter);
    return new Set(offers.neededBy(waiter, truth));
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
    if (all.every((lease) => isAsked(lease) && used.has(lease))) return used;
    const kept = all.length <= COMPARED_LEASES_MAX
      ? this.#needed(all, served)
      : new Set(used);
    for (const lease of all) {
      const stays = this.#apart.has(lease) || isAskedByHand(lease) ||
        (isAsked(lease) && this.#mayBeNeeded(lease));
      if (stays) kept.add(lease);
    }
    const isKept = (lease: LeaseRecord) => kept.has(lease);
    const others = [...this.#pending, ...this.#fresh].filter((lease) =>
      !isKept(lease)
    );
    const isEnough = this.#walk([...kept], others).used.isSubsetOf(kept) &&
      this.#neededByRefused([...kept], others).isSubsetOf(kept);
    return isEnough ? kept : new Set(all);
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
   *
   * @param end the one in front of whom to stop. @default {none}
   */
  #walk(
    pending: readonly LeaseRecord[],
    fresh: readonly LeaseRecord[],
    end?: Waiter,
  ): Outcome {
    const ledger = new Ledger(this.#state);
    for (const { resources } of this.#decided.grants) ledger.take(resources);
    const offers = new Offers(ledger, pending, fresh);
    const served = new Set<Waiter>();
    const spent = (waiter: Waiter) => ledger.spent(waiter, offers.amounts);
    for (const waiter of contenders(this.#state, spent)) {
      if (waiter === end) break;
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
    return { served, used: offers.used, offers };
  }

  #isWanted(lease: LeaseRecord, by: (waiter: Waiter) => boolean): boolean {
    return this.#state.waiters.some((waiter) =>
      by(waiter) && wantsAny(waiter, lease.resources.keys()) &&
      !this.#granted.has(waiter)
    );
  }

  /** Whether somebody may have asked for a lease in a way that is not known here. */
  #mayBeNeeded(lease: LeaseRecord): boolean {
    return this.#decided.unconfirmed.some((waiter) =>
      !waiter.yields && mayTake(waiter, lease) &&
      wantsAny(waiter, lease.resources.keys())
    ) || this.#isWanted(lease, ({ native }) => !native);
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
    const needed = this.neededBy(waiter);
    for (const lease of needed ?? []) {
      this.used.add(lease);
      this.#ledger.give(lease.resources);
    }
    this.#count(needed ?? [], -1);
    return needed !== undefined;
  }

  /**
   * The leases that let a waiter through: some that come back anyway and, for one of
   * ours, as few others as will do. Undefined if there are no such leases.
   *
   * @param truth what it saw outside, if that is what stands in its way
   */
  neededBy(
    waiter: Waiter,
    truth?: OutsideTruth,
  ): readonly LeaseRecord[] | undefined {
    const ledger = this.#ledger;
    const pending = this.#unused(waiter, this.#pending);
    const shared = leastShared(ledger, waiter, pending, truth);
    if (shared !== undefined || !waiter.native) return shared;
    const fresh = this.#unused(waiter, this.#fresh);
    for (const { resources } of pending) ledger.give(resources);
    const asked = leastLoss(ledger, waiter, fresh, truth);
    for (const { resources } of pending) ledger.take(resources);
    if (asked === undefined) return undefined;
    for (const { resources } of asked) ledger.give(resources);
    const rest = leastShared(ledger, waiter, pending, truth);
    for (const { resources } of asked) ledger.take(resources);
    return rest && [...asked, ...rest];
  }

  #unused(waiter: Waiter, leases: readonly LeaseRecord[]): LeaseRecord[] {
    return leases.filter((lease) =>
      mayTake(waiter, lease) && !this.used.has(lease)
    );
  }

  #count(leases: readonly LeaseRecord[], sign: 1 | -1): void {
    for (const { resources } of leases) {
      for (const [name, amount] of resources) {
        this.amounts.set(name, (this.amounts.get(name) ?? 0) + sign * amount);
      }
    }
  }
}

function isAsked({ reclaim_requested }: LeaseRecord): boolean {
  return reclaim_requested;
}

/** The highest priority first, then by id: no order of time or of the file. */
function costliestFirst(a: LeaseRecord, b: LeaseRecord): number {
  return b.priority - a.priority || (a.id < b.id ? -1 : 1);
}
