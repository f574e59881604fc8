/**
 * For whom leases come back that are asked for.
 *
 * @module
 */
import { Ledger, type OutsideTruth } from "./ledger.ts";
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
 *
 * @param truthOf what a waiter sees outside, as far as that is known
 */
export function comingBack(
  state: PoolState,
  { grants, reclaims }: Plan,
  { stalled, overdue }: PlanContext,
  truthOf: (waiter: Waiter) => OutsideTruth | undefined = () => undefined,
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
  const serve = (waiter: Waiter, truth?: OutsideTruth) => {
    asked++;
    const mine = [...coming].filter((lease) => mayTake(waiter, lease));
    const needed = leastShared(ledger, waiter, mine, truth) ?? [];
    for (const lease of needed) coming.delete(lease);
    if (needed.length > 0) served.set(waiter, needed);
    return needed;
  };
  for (const waiter of state.waiters) {
    if (coming.size === 0 || asked === RECLAIMERS_MAX) break;
    if (granted.has(waiter)) continue;
    const fits = ledger.bind(waiter) !== undefined;
    const truth = fits && !waiter.yields ? truthOf(waiter) : undefined;
    // Only what it sees stands in its way: nobody else plans with what it waits for.
    if (truth !== undefined) serve(waiter, truth);
    if (stalled.has(waiter.id)) continue;
    if (!fits) {
      if (waiter.yields || !ledger.canEver(waiter)) continue;
      for (const { resources } of serve(waiter)) ledger.give(resources);
    }
    const bound = ledger.bind(waiter);
    if (bound === undefined) ledger.setAside(waiter);
    else ledger.take(bound);
  }
  return served;
}
