/**
 * For whom leases come back that are asked for.
 *
 * @module
 */
import { Ledger } from "./ledger.ts";
import { leastShared } from "./least_loss.ts";
import type { LeaseRecord } from "./model.ts";
import { mayTake } from "./reclaim.ts";
import type { Plan, PlanContext } from "./scheduler.ts";
import type { PoolState, Waiter } from "./state.ts";

/** As many waiters are told which leases come back for them: the first ones. */
const RECLAIMERS_MAX = 32;

/**
 * Which of the leases that are asked back, or are to be by this plan, let which
 * waiter through. Walks as the reclaiming does.
 */
export function comingBack(
  state: PoolState,
  { grants, reclaims }: Plan,
  { stalled, overdue }: PlanContext,
): ReadonlyMap<Waiter, readonly LeaseRecord[]> {
  const served = new Map<Waiter, readonly LeaseRecord[]>();
  const coming = new Set(reclaims.ask);
  for (const lease of state.reclaimable) {
    if (lease.reclaim_requested && !overdue.has(lease.id)) coming.add(lease);
  }
  for (const lease of reclaims.withdraw) coming.delete(lease);
  const granted = new Set(grants.map(({ waiter }) => waiter));
  const ledger = new Ledger(state);
  for (const { resources } of grants) ledger.take(resources);
  let asked = 0;
  for (const waiter of state.waiters) {
    if (coming.size === 0 || asked === RECLAIMERS_MAX) break;
    if (granted.has(waiter) || stalled.has(waiter.id)) continue;
    if (ledger.bind(waiter) === undefined) {
      if (waiter.yields || !ledger.canEver(waiter)) continue;
      asked++;
      const mine = [...coming].filter((lease) => mayTake(waiter, lease));
      const needed = leastShared(ledger, waiter, mine) ?? [];
      for (const lease of needed) {
        ledger.give(lease.resources);
        coming.delete(lease);
      }
      if (needed.length > 0) served.set(waiter, needed);
    }
    const bound = ledger.bind(waiter);
    if (bound === undefined) ledger.setAside(waiter);
    else ledger.take(bound);
  }
  return served;
}
