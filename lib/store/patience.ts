/**
 * How long others were given: those who fit and have to grant themselves, and those
 * whose leases were asked back. The state does not tell, and wall clocks must not.
 *
 * @module
 */
import { parseNativeId } from "../core/ids.ts";
import type { PlanContext } from "../core/scheduler.ts";
import { type PoolState, waiterOf } from "../core/state.ts";
import { wantedNames, wantsAny } from "../core/wants.ts";
import type { Clock } from "../os/clock.ts";

const STALLED_AFTER_MS = 2000;
/** Who fits at both ends of a longer time may not have done so in between. */
const OFFER_SEEN_WITHIN_MS = 1500;
const RECLAIM_CREDIT_MS = 30_000;

const NONE: ReadonlySet<string> = new Set();

/** Something that fits one waiter, as this program has seen it. */
interface Offer {
  sinceMs: number;
  seenMs: number;
  /** It was not taken in time. Counts until it is seen that it does not stand. */
  stalled: boolean;
}

/** A lease that is asked back. */
interface Reclaim {
  /** As of when, by the file. */
  readonly at: string | null;
  /** Since when it is seen here. */
  readonly since: number;
  /** What it holds. */
  readonly names: readonly string[];
}

/** What one program has seen of the patience that is due. */
export class Patience {
  readonly #clock: Clock;
  /** Of entries that fit and that only their owners can grant. */
  readonly #offers = new Map<string, Offer>();
  readonly #reclaims = new Map<string, Reclaim>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whose time is over in a state, for the one who plans. */
  context(
    state: PoolState,
    confirming: PlanContext["confirming"],
  ): PlanContext {
    if (this.#offers.size === 0 && state.reclaimable.size === 0) {
      return { stalled: NONE, overdue: NONE, confirming };
    }
    const now = this.#clock.monotonicMs();
    this.#noteReturned(state);
    const stalled = new Set<string>();
    for (const [id, offer] of this.#offers) {
      const { sinceMs, seenMs } = offer;
      offer.stalled ||= now - sinceMs >= STALLED_AFTER_MS &&
        now - seenMs <= OFFER_SEEN_WITHIN_MS;
      if (offer.stalled) stalled.add(id);
    }
    return { stalled, overdue: this.#overdue(state, now), confirming };
  }

  /**
   * What was asked back has come: whoever asked for it is to have its time to take it,
   * however long it was offered in vain what a program without a lease has.
   */
  #noteReturned(state: PoolState): void {
    const freed = new Set<string>();
    for (const [id, { names }] of this.#reclaims) {
      const lease = state.lease(id);
      if (lease?.reclaim_requested === true) continue;
      this.#reclaims.delete(id);
      if (lease !== undefined) continue;
      for (const name of names) freed.add(name);
    }
    this.#beginAnew(state, freed);
  }

  #overdue(state: PoolState, now: number): ReadonlySet<string> {
    const overdue = new Set<string>();
    for (const lease of state.reclaimable) {
      if (!lease.reclaim_requested) continue;
      const { id, reclaim_requested_at: at } = lease;
      const known = this.#reclaims.get(id);
      if (known === undefined || known.at !== at) {
        const names = [...lease.resources.keys()];
        this.#reclaims.set(id, { at, since: now, names });
      } else if (now - known.since >= RECLAIM_CREDIT_MS) {
        overdue.add(id);
      }
    }
    return overdue;
  }

  /**
   * Those who fit now; the time of all others begins anew.
   *
   * @returns whether one of them did not when it was looked last
   */
  noteFitting(ids: readonly string[]): boolean {
    if (ids.length === 0 && this.#offers.size === 0) return false;
    const now = this.#clock.monotonicMs();
    const fitting = new Set(ids);
    for (const id of this.#offers.keys()) {
      if (!fitting.has(id)) this.#offers.delete(id);
    }
    let isNews = false;
    for (const id of ids) {
      const offer = this.#offers.get(id);
      if (offer === undefined) {
        isNews = true;
        const times = { sinceMs: now, seenMs: now };
        this.#offers.set(id, { ...times, stalled: false });
        continue;
      }
      const isLongAgo = now - offer.seenMs > OFFER_SEEN_WITHIN_MS;
      if (isLongAgo && !offer.stalled) offer.sinceMs = now;
      offer.seenMs = now;
    }
    return isNews;
  }

  /** Forgets the offers that may stand only since the changes of a state. */
  noteFreed(state: PoolState): void {
    if (this.#offers.size === 0) return;
    const freed = new Set<string>();
    for (const change of state.changes) {
      if (change.type === "resources") return this.#offers.clear();
      if (change.type !== "remove") continue;
      if (change.table === "lease") {
        for (const name of change.record.resources.keys()) freed.add(name);
      } else if (change.at >= 0) {
        const names = wantedNames(waiterOf(change.record), state);
        this.#beginAnew(state, new Set(names), change.at);
      }
    }
    this.#beginAnew(state, freed);
  }

  /** Forgets what was offered to those who want any of these, from a place on. */
  #beginAnew(state: PoolState, names: ReadonlySet<string>, place = 0): void {
    if (names.size === 0) return;
    for (const waiter of state.waiters.slice(place)) {
      if (wantsAny(waiter, names)) this.#offers.delete(waiter.id);
    }
  }

  /** Whether others than this owner were offered something a moment ago. */
  isCounting(owner: string | undefined): boolean {
    for (const [id, { stalled }] of this.#offers) {
      if (!stalled && parseNativeId(id)?.owner !== owner) return true;
    }
    return false;
  }
}
