/**
 * What is left of each resource while a plan is made.
 *
 * Amounts are not clamped at 0 here: somebody fits only where more than 0 is
 * left, so `max(0, max(0, free - a) - b)` and `free - a - b` let the same ones
 * through, and what is given back later counts against the whole claim.
 *
 * @module
 */
import type { JudgedCard } from "./cards.ts";
import { type Amounts, diskOfKey, gpuOfKey } from "./model.ts";
import {
  type Card,
  type Demand,
  largestSlotFor,
  obstacleTo,
  place,
  type PlacementPolicy,
  policyFor,
} from "./placement.ts";
import type { PoolState, Waiter } from "./state.ts";

/** What somebody saw outside of the state, where the accounting cannot tell. */
export interface OutsideTruth {
  /**
   * What can be had of each card, in MB by uuid: what the driver has free beside what
   * leases may still claim, which may be more than that. A card that is missing will not
   * do, whoever leaves it.
   */
  readonly cardFreeMb?: ReadonlyMap<string, number>;
  /** All cards as they were judged by what a driver told; for reasons, not for plans. */
  readonly judged?: readonly JudgedCard[];
  /** How its cards are chosen, where not as usual. */
  readonly placement?: PlacementPolicy;
  /** Free space, in MB by resource name; a mount that is missing has none. */
  readonly diskFreeMb?: ReadonlyMap<string, number>;
}

/** The amounts left in a state beside those taken from this ledger. */
export class Ledger {
  readonly #state: PoolState;
  /** Beyond what the leases hold; has the names that were touched, no others. */
  readonly #taken = new Map<string, number>();

  constructor(state: PoolState) {
    this.#state = state;
  }

  /** Negative if those in front want more than there is. */
  left(name: string): number {
    return this.unleased(name) - this.taken(name);
  }

  /** What no lease holds; with a truth, no more than was seen outside. */
  unleased(name: string, truth?: OutsideTruth): number {
    const { resources, used } = this.#state;
    const leased = used.get(name) ?? 0;
    const counted = (resources.get(name) ?? 0) - leased;
    if (truth === undefined) return counted;
    if (diskOfKey(name) !== undefined) {
      return (truth.diskFreeMb?.get(name) ?? 0) - leased;
    }
    const uuid = gpuOfKey(name);
    if (uuid === undefined || truth.cardFreeMb === undefined) return counted;
    // Leases are taken into account there, but nothing of what this plan gives out.
    return Math.min(counted, truth.cardFreeMb.get(uuid) ?? -Infinity);
  }

  /** What was taken from this ledger beyond what the leases hold. */
  taken(name: string): number {
    return this.#taken.get(name) ?? 0;
  }

  take(amounts: Amounts): void {
    for (const [name, amount] of amounts) this.#take(name, amount);
  }

  give(amounts: Amounts): void {
    for (const [name, amount] of amounts) this.#take(name, -amount);
  }

  /** Whether so much of a named quantity is left. */
  admits(name: string, amount: number, truth?: OutsideTruth): boolean {
    if (truth !== undefined) return amount <= this.#leftOf(name, truth);
    return amount <= this.left(name) || diskOfKey(name) !== undefined;
  }

  /**
   * What a lease for the demand would hold, `undefined` if it does not fit.
   * Free disk space is taken for granted where no truth is given.
   */
  bind(demand: Demand, truth?: OutsideTruth): Amounts | undefined {
    const { counters, slots } = demand;
    for (const [name, amount] of counters) {
      if (amount < 0 || !this.admits(name, amount, truth)) return undefined;
    }
    if (slots.length === 0) return counters;
    const policy = truth?.placement ?? policyFor(slots);
    const placed = place(slots, this.#room(counters, truth), policy);
    if (placed === undefined) return undefined;
    const bound = new Map(counters);
    for (const { uuid, key } of this.#state.cards) {
      const amount = placed.get(uuid);
      if (amount !== undefined) bound.set(key, amount + (bound.get(key) ?? 0));
    }
    return bound;
  }

  /** Whether the capacities alone could serve the demand. */
  canEver(demand: Demand): boolean {
    const { resources, cards } = this.#state;
    return obstacleTo(demand, resources, cards) === undefined;
  }

  /**
   * Keeps for the demand what it may get: its counters and, as nobody can say
   * which cards it will have, on each the largest slot that could go there.
   */
  setAside(demand: Demand): void {
    this.take(demand.counters);
    if (demand.slots.length === 0) return;
    for (const card of this.#state.cards) {
      this.#take(card.key, largestSlotFor(demand.slots, card) ?? 0);
    }
  }

  /**
   * Whether nothing is left, not even with `offered` added, of anything that
   * the demand could use. It fits no more then, and what it sets aside takes
   * nothing from anybody.
   */
  spent(demand: Demand, offered?: Amounts): boolean {
    const gone = (name: string) =>
      this.left(name) + (offered?.get(name) ?? 0) <= 0;
    const { counters, slots } = demand;
    for (const name of counters.keys()) {
      // Of disk space nobody but the one who looked knows what is left.
      if (!gone(name) || diskOfKey(name) !== undefined) return false;
    }
    if (slots.length === 0) return counters.size > 0;
    return this.#state.cards.every((card) =>
      largestSlotFor(slots, card) === undefined || gone(card.key)
    );
  }

  /** The names of which more could be used than is left, if the demand does not fit. */
  shortNames(demand: Demand, truth?: OutsideTruth): Set<string> {
    const { counters, slots } = demand;
    const names = new Set<string>();
    for (const [name, amount] of counters) {
      if (!this.admits(name, amount, truth)) names.add(name);
    }
    if (place(slots, this.#room(counters, truth), "spread") !== undefined) {
      return names;
    }
    for (const card of this.#state.cards) {
      const slot = largestSlotFor(slots, card);
      if (slot !== undefined && slot > this.#leftOf(card.key, truth)) {
        names.add(card.key);
      }
    }
    return names;
  }

  #take(name: string, amount: number): void {
    this.#taken.set(name, (this.#taken.get(name) ?? 0) + amount);
  }

  #leftOf(name: string, truth?: OutsideTruth): number {
    return this.unleased(name, truth) - this.taken(name);
  }

  /** The cards as far as a request may use them beside its own counters. */
  #room(counters: Amounts, truth?: OutsideTruth): Card[] {
    return this.#state.cards.map(({ uuid, key }) => {
      const left = this.#leftOf(key, truth);
      return { uuid, freeMb: left - (counters.get(key) ?? 0) };
    });
  }
}

/** A waiter with what its lease will hold. */
export interface Grant {
  readonly waiter: Waiter;
  readonly resources: Amounts;
}

/**
 * The waiters by rank for whom something is left when their turn comes.
 *
 * A waiter is passed over only when its whole kind is spent, which it stays as
 * amounts never grow in a walk; and the walk ends when no other kind follows.
 * So the length of the queue costs next to nothing.
 */
export function* contenders(
  state: PoolState,
  spent: (waiter: Waiter) => boolean,
): Generator<Waiter> {
  const ahead = new Map<string, number>();
  let open = state.waiters.length;
  let closed: string | undefined;
  for (const waiter of state.waiters) {
    if (open === 0) return;
    // Hundreds of one kind in a row: comparing is quicker than looking up.
    if (waiter.kind === closed) continue;
    const ofKind = ahead.get(waiter.kind) ?? state.kinds.get(waiter.kind)!;
    if (ofKind === 0) continue;
    if (spent(waiter)) {
      closed = waiter.kind;
      ahead.set(closed, 0);
      open -= ofKind;
    } else {
      ahead.set(waiter.kind, ofKind - 1);
      open--;
      if (isOneThing(state, waiter)) yield waiter;
    }
  }
}

/**
 * Whether an id of ours stands for this waiter alone. Nobody of ours writes
 * another one, but a grant must not make two leases of one id out of it.
 */
export function isOneThing(
  state: PoolState,
  { native, id, entry }: Waiter,
): boolean {
  return !native ||
    (state.entry(id) === entry && state.lease(id) === undefined);
}
