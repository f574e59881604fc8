/**
 * Who is granted, who is kept waiting for whom, and what is asked back: decided
 * from the state alone, without a clock, a file or a process.
 *
 * Invariants of a plan:
 * (1) Its grants together fit into what the leases leave of every capacity.
 * (2) A grant takes nothing that a waiting one of higher rank could use, unless
 *     that one is stalled, yields or can never be served.
 * (3) It is complete: once its grants are written, another plan grants nothing.
 *     For a grant takes only what is left after all claims in front of it, so
 *     whoever fitted still fits, and nothing has become free.
 *
 * @module
 */
import { contenders, type Grant, Ledger, type OutsideTruth } from "./ledger.ts";
import {
  type Decided,
  planReclaim,
  type ReclaimContext,
  type Reclaims,
} from "./reclaim.ts";
import type { PoolState, Waiter } from "./state.ts";

/** What a plan needs to know beside the state. */
export interface PlanContext extends ReclaimContext {
  /**
   * The one waiter whose owner has looked outside and makes this plan. It may
   * be granted; all others are judged as in any other plan.
   */
  readonly confirming?: OutsideTruth & { readonly id: string };
}

/** What is to be done. */
export interface Plan {
  /** Waiters to be given a lease, by rank. */
  readonly grants: readonly Grant[];
  /** Ids of ours that fit as far as can be told here, and may look and grant themselves. */
  readonly confirm: readonly string[];
  /** Ids of all that fit but can be granted by their owner only: `confirm` and the foreign ones. */
  readonly fitting: readonly string[];
  /** Leases to be asked back, and those whose holder may keep them after all. */
  readonly reclaims: Reclaims;
}

/**
 * Walks the waiters by rank. Who fits is granted, or has its claim set aside
 * if only its owner may grant it. Who does not fit has its claim set aside too,
 * so that those behind get what it cannot use, and nothing else.
 *
 * Nothing is set aside for a waiter that is stalled, that can never be served
 * with the present capacities, or that yields and does not fit.
 */
export function plan(state: PoolState, context: PlanContext): Plan {
  const alone = planAlone(state);
  if (alone !== undefined) return alone;
  const ledger = new Ledger(state);
  const grants: Grant[] = [];
  const fitting: string[] = [];
  const unconfirmed: Waiter[] = [];
  let refused: Decided["refused"];
  for (const waiter of contenders(state, (waiter) => ledger.spent(waiter))) {
    const fit = ledger.bind(waiter);
    const looked = context.confirming?.id === waiter.id;
    if (fit !== undefined) {
      const resources = !waiter.confirms
        ? fit
        : looked
        ? ledger.bind(waiter, context.confirming)
        : undefined;
      if (resources !== undefined) {
        grants.push({ waiter, resources });
        ledger.take(resources);
        continue;
      }
      fitting.push(waiter.id);
      if (waiter.native && !looked) unconfirmed.push(waiter);
      if (looked && !waiter.yields) {
        refused = { waiter, truth: context.confirming };
      }
    }
    const keeps = fit !== undefined ||
      (!waiter.yields && ledger.canEver(waiter));
    if (keeps && !context.stalled.has(waiter.id)) ledger.setAside(waiter);
  }
  const decided = { grants, refused, unconfirmed };
  const reclaims = planReclaim(state, decided, context);
  const confirm = unconfirmed.map(({ id }) => id);
  return { grants, confirm, fitting, reclaims };
}

const NO_RECLAIMS: Reclaims = { ask: [], withdraw: [] };

/** The plan for one who is alone, fits, and asks for no card: what most requests find. */
function planAlone(state: PoolState): Plan | undefined {
  if (state.waiters.length !== 1 || state.reclaimable.size > 0) {
    return undefined;
  }
  const [waiter] = state.waiters;
  if (waiter.confirms || waiter.slots.length > 0) return undefined;
  if (state.lease(waiter.id) !== undefined) return undefined;
  for (const [name, amount] of waiter.counters) {
    if (amount < 0 || amount > state.free(name)) return undefined;
  }
  return {
    grants: [{ waiter, resources: waiter.counters }],
    ...{ confirm: [], fitting: [], reclaims: NO_RECLAIMS },
  };
}
