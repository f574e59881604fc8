/**
 * How long others were given: those who fit and have to grant themselves, and those
 * whose leases were asked back. The state does not tell, and wall clocks must not.
 *
 * @module
 */
import type { PlanContext } from "../core/scheduler.ts";
import type { PoolState } from "../core/state.ts";
import type { Clock } from "../os/clock.ts";

const STALLED_AFTER_MS = 2000;
const RECLAIM_CREDIT_MS = 30_000;

const NONE: ReadonlySet<string> = new Set();

/** What one program has seen of the patience that is due. */
export class Patience {
  readonly #clock: Clock;
  /** Since when entries fit that only their owners can grant. */
  readonly #fittingSince = new Map<string, number>();
  /** Since when leases are asked back. */
  readonly #reclaimSince = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whose time is over in a state, for the one who plans. */
  context(
    state: PoolState,
    confirming: PlanContext["confirming"],
  ): PlanContext {
    if (this.#fittingSince.size === 0 && state.reclaimable.size === 0) {
      return { stalled: NONE, overdue: NONE, confirming };
    }
    const now = this.#clock.monotonicMs();
    const stalled = new Set<string>();
    for (const [id, since] of this.#fittingSince) {
      if (now - since >= STALLED_AFTER_MS) stalled.add(id);
    }
    for (const id of this.#reclaimSince.keys()) {
      if (state.lease(id)?.reclaim_requested !== true) {
        this.#reclaimSince.delete(id);
      }
    }
    const overdue = new Set<string>();
    for (const { id, reclaim_requested } of state.reclaimable) {
      if (!reclaim_requested) continue;
      const since = this.#reclaimSince.get(id);
      if (since === undefined) this.#reclaimSince.set(id, now);
      else if (now - since >= RECLAIM_CREDIT_MS) overdue.add(id);
    }
    return { stalled, overdue, confirming };
  }

  /** Those who fit now; the time of all others begins anew. */
  noteFitting(ids: readonly string[]): void {
    if (ids.length === 0 && this.#fittingSince.size === 0) return;
    const now = this.#clock.monotonicMs();
    const fitting = new Set(ids);
    for (const id of this.#fittingSince.keys()) {
      if (!fitting.has(id)) this.#fittingSince.delete(id);
    }
    for (const id of ids) {
      if (!this.#fittingSince.has(id)) this.#fittingSince.set(id, now);
    }
  }
}
