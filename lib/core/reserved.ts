/**
 * What is kept free for those who wait.
 *
 * @module
 */
import { contenders, Ledger } from "./ledger.ts";
import type { PoolState } from "./state.ts";

/**
 * Of what is free, how much is set aside for waiters, by name: somebody who comes now
 * with no higher rank does not get it. Walks as a plan does, but grants nothing; names
 * of which nothing is kept are left out.
 */
export function reservedAmounts(state: PoolState): Map<string, number> {
  const ledger = new Ledger(state);
  for (const waiter of contenders(state, (waiter) => ledger.spent(waiter))) {
    const fits = ledger.bind(waiter) !== undefined;
    if (fits || (!waiter.yields && ledger.canEver(waiter))) {
      ledger.setAside(waiter);
    }
  }
  const reserved = new Map<string, number>();
  for (const name of state.resources.keys()) {
    const kept = state.free(name) - Math.max(0, ledger.left(name));
    if (kept > 0) reserved.set(name, kept);
  }
  return reserved;
}
