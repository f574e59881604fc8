/**
 * What the simulator asserts after every step: one small function for each of
 * the design's invariants, which works it out anew from the records.
 */
import { fail } from "@std/assert";
import { diskOfKey, gpuOfKey, type LeaseRecord } from "../../lib/core/model.ts";
import type { PlanContext } from "../../lib/core/scheduler.ts";
import type { PoolState, Waiter } from "../../lib/core/state.ts";
import type { Settlement } from "../../lib/core/transitions.ts";
import { canEver, claim, planByTheBook, Table } from "./model.ts";

/** What the simulator itself knows to be held and waited for. */
export interface Expected {
  readonly leases: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly waiting: ReadonlySet<string>;
  /** Ids of work, with that of the lease. */
  readonly work: ReadonlyMap<string, string>;
}

/** A step of ours, as it began and as it ended. */
export interface Step {
  readonly state: PoolState;
  readonly context: PlanContext;
  readonly settlement: Settlement;
  /** The waiters by rank, when the decisions were made. */
  readonly waiters: readonly Waiter[];
  /** What was free then. */
  readonly free: Table;
}

export function freeAmounts(state: PoolState): Table {
  const free = new Table(state.resources);
  for (const { resources } of state.leases) free.add(resources, -1);
  for (const [name, left] of free) free.set(name, Math.max(0, left));
  return free;
}

/** 1. At every grant, for every resource, the sum over leases is within the capacity. */
export function checkCapacities({ state, settlement }: Step): void {
  const sums = new Table();
  for (const { resources } of state.leases) sums.add(resources, 1);
  for (const { id, resources } of settlement.granted) {
    for (const name of resources.keys()) {
      if (diskOfKey(name) !== undefined) continue;
      const capacity = state.resources.get(name) ?? 0;
      if (sums.of(name) <= capacity) continue;
      fail(`1: ${sums.of(name)} of ${capacity} ${name} leased by ${id}`);
    }
  }
}

/**
 * 2. No grant takes what a native of higher rank could use that still waits and
 * could be served at all (stalled and `hold: false` excepted).
 */
export function checkRank(step: Step): void {
  const { state, context, settlement, waiters, free } = step;
  const capacities = new Table(state.resources);
  const cards = [...capacities.keys()].filter((name) =>
    gpuOfKey(name) !== undefined
  );
  const granted = new Map(
    settlement.granted.map((it) => [it.id, it.resources]),
  );
  const ahead = new Table();
  const behind = new Table();
  for (const resources of granted.values()) behind.add(resources, 1);
  for (const waiter of waiters) {
    const resources = granted.get(waiter.id);
    if (resources !== undefined) {
      ahead.add(resources, 1);
      behind.add(resources, -1);
      continue;
    }
    if (!waiter.native || waiter.yields) continue;
    if (context.stalled.has(waiter.id)) continue;
    if (!canEver(waiter, capacities, cards)) continue;
    for (const [name, wanted] of claim(waiter, capacities, cards)) {
      if (diskOfKey(name) !== undefined) continue;
      const leaves = free.of(name) - ahead.of(name) - wanted;
      if (behind.of(name) <= Math.max(0, leaves)) continue;
      fail(`2: ${behind.of(name)} of ${name} went past ${waiter.id}`);
    }
  }
}

/**
 * 3. The first waiter is served once the leases are gone that stood before it
 * came first, whatever those behind it got meanwhile. Leases that arrivals of
 * higher priority or foreign clients got are to go as well.
 */
export class StarvationCheck {
  #front: string | undefined;
  #capacities = "";
  readonly #before = new Set<string>();
  /** How many waiters were served while they were watched. */
  served = 0;

  check({ state, settlement }: Step): void {
    const { granted } = settlement;
    if (granted.some(({ id }) => id === this.#front)) this.served++;
    const front = state.waiters.at(0);
    const capacities = JSON.stringify([...state.resources]);
    if (front?.id !== this.#front || capacities !== this.#capacities) {
      this.#front = front?.id;
      this.#capacities = capacities;
      this.#before.clear();
      for (const { id } of state.leases) this.#before.add(id);
    }
    if (front === undefined || front.confirms || front.yields) return;
    for (const { id, priority } of granted) {
      if (priority > front.priority) this.#before.add(id);
    }
    for (const id of this.#before) {
      if (state.lease(id) === undefined) this.#before.delete(id);
    }
    const cards = [...state.resources.keys()].filter((name) => gpuOfKey(name));
    const isDue = this.#before.size === 0 &&
      canEver(front, new Table(state.resources), cards);
    if (isDue) fail(`3: ${front.id} waits though all before it have gone`);
  }

  /** A foreign client took something, by a rule of its own. */
  noteForeignGrant(lease: LeaseRecord): void {
    this.#before.add(lease.id);
  }
}

/**
 * 4. No native waiter is left that the rule would grant, and every confirming
 * one that it would grant is to be rung.
 */
export function checkNothingIdle(step: Step): void {
  const { state, context, settlement } = step;
  // What was seen outside is used up by the grant.
  const next = { ...context, confirming: undefined };
  const { grants, confirm } = planByTheBook(state, next);
  if (grants.length > 0) fail(`4: ${grants[0].id} was not granted`);
  for (const id of confirm) {
    if (settlement.confirm.includes(id) || id === context.confirming?.id) {
      continue;
    }
    fail(`4: ${id} is not rung`);
  }
}

/**
 * Reclaim: we ask back a lease only for a native that waits, has a higher priority
 * and wants some of it, and never one with work in progress.
 */
export function checkReclaims({ state, settlement }: Step): void {
  const busy = state.busyLeases();
  for (const lease of settlement.reclaimed) {
    if (busy.has(lease.id)) fail(`${lease.id} is asked back at work`);
    const isWanted = state.waiters.some((waiter) =>
      waiter.native && !waiter.yields && waiter.priority > lease.priority &&
      [...lease.resources.keys()].some((name) =>
        waiter.counters.has(name) ||
        (waiter.slots.length > 0 && gpuOfKey(name) !== undefined)
      )
    );
    if (!isWanted) fail(`${lease.id} is asked back for nobody`);
  }
}

/** 5. A live holder keeps its lease, whole, until it or an operator releases it. */
export function checkHolders(state: PoolState, { leases }: Expected): void {
  if (state.leases.size !== leases.size) {
    fail(`5: ${state.leases.size} leases of ${leases.size}`);
  }
  for (const [id, resources] of leases) {
    const held = state.lease(id)?.resources;
    if (held?.size !== resources.size) fail(`5: ${id} is not whole`);
    for (const [name, amount] of resources) {
      if (held.get(name) !== amount) fail(`5: ${id} has lost ${name}`);
    }
  }
}

/** 8. A wait that ends in any other way than a grant leaves nothing behind. */
export function checkQueue(
  state: PoolState,
  { waiting, work }: Expected,
): void {
  const left = new Set([...state.waiters].map(({ id }) => id));
  if (left.symmetricDifference(waiting).size > 0) {
    fail(`8: ${[...left]} wait instead of ${[...waiting]}`);
  }
  const busy = new Set([...state.work].map(({ id }) => id));
  if (busy.symmetricDifference(new Set(work.keys())).size > 0) {
    fail(`8: ${[...busy]} work instead of ${[...work.keys()]}`);
  }
}
