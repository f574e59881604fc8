/**
 * Which cards serve a request for GPU memory, and whether the capacities could
 * serve a request at all.
 *
 * A request names one amount per card ("slot") and leaves the choice of the
 * cards to us; no two of its slots share a card.
 *
 * @module
 */
import { type Amounts, diskOfKey, gpuOfKey } from "./model.ts";

/** What a request asks for. */
export interface Demand {
  /** Named quantities. */
  readonly counters: Amounts;
  /** GPU memory in MB, one amount per card, largest first. */
  readonly slots: readonly number[];
}

/** A card with the memory that may be given out on it. */
export interface Card {
  readonly uuid: string;
  readonly freeMb: number;
}

/** A card as it is registered. */
export interface RegisteredCard {
  readonly uuid: string;
  /** The name of the resource. */
  readonly key: string;
  readonly capacityMb: number;
}

/** Which of several sufficient cards a slot gets: the freest or the fullest. */
export type PlacementPolicy = "spread" | "pack";

/**
 * The policy for a request: several cards of one job are best the emptiest
 * ones, while a single card is filled up before an empty one is broken into.
 */
export function policyFor(slots: readonly number[]): PlacementPolicy {
  return slots.length === 1 ? "pack" : "spread";
}

/**
 * Gives every slot a card of its own, or returns `undefined` if that cannot be
 * done. Cards of equal room are taken in the order of their uuids.
 *
 * If any assignment exists, one is found: a card that serves a slot serves every
 * smaller one too, so whichever sufficient cards the larger slots took, the n-th
 * slot lacks a card only if fewer than n are large enough for these n slots.
 *
 * @param slots amounts in MB, largest first
 * @param cards those that may be used, in any order
 * @returns uuid to amount in MB
 */
export function place(
  slots: readonly number[],
  cards: readonly Card[],
  policy: PlacementPolicy,
): Map<string, number> | undefined {
  if (slots.length > cards.length) return undefined;
  const sign = policy === "spread" ? -1 : 1;
  const rest = cards.toSorted((a, b) =>
    sign * (a.freeMb - b.freeMb) || (a.uuid < b.uuid ? -1 : 1)
  );
  const placed = new Map<string, number>();
  for (const slot of slots) {
    const at = rest.findIndex((card) => card.freeMb >= slot);
    if (at < 0) return undefined;
    placed.set(rest[at].uuid, slot);
    rest.splice(at, 1);
  }
  return placed;
}

/** The cards that have a capacity, largest first. */
export function registeredCards(resources: Amounts): RegisteredCard[] {
  const cards: RegisteredCard[] = [];
  for (const [key, capacityMb] of resources) {
    const uuid = gpuOfKey(key);
    if (uuid !== undefined) cards.push({ uuid, key, capacityMb });
  }
  return cards.sort((a, b) => b.capacityMb - a.capacityMb);
}

/** The largest slot that a card can ever serve, `undefined` if it is too small for all. */
export function largestSlotFor(
  slots: readonly number[],
  card: RegisteredCard,
): number | undefined {
  return slots.find((slot) => slot <= card.capacityMb);
}

/** Why no release can ever let a request through. */
export interface Obstacle {
  /** The name of the resource; `vram_mb` for GPU memory that we place. */
  readonly resource: string;
  /** How much of it is asked for. */
  readonly requested: number;
  /** What there is of it; `undefined` if nothing is registered. */
  readonly capacity: number | undefined;
  /** For GPU memory, which slot lacks a card, counted from 0. */
  readonly slot?: number;
}

/**
 * The first thing for which the capacities do not suffice, `undefined` if they
 * serve the request once everybody else has left. Disk space has no capacity.
 *
 * @param cards the registered ones, largest first
 */
export function obstacleTo(
  demand: Demand,
  resources: Amounts,
  cards: readonly RegisteredCard[],
): Obstacle | undefined {
  for (const [resource, requested] of demand.counters) {
    const capacity = resources.get(resource);
    if (requested >= 0 && requested <= (capacity ?? 0)) continue;
    if (requested >= 0 && diskOfKey(resource) !== undefined) continue;
    return { resource, requested, capacity };
  }
  for (const [slot, requested] of demand.slots.entries()) {
    const capacity = cards.at(slot)?.capacityMb;
    if (capacity === undefined || requested > capacity) {
      return { resource: "vram_mb", requested, capacity, slot };
    }
  }
  return undefined;
}

/**
 * Why a request is refused at once, `undefined` if it may be queued.
 *
 * @param options.waitForCapacity whether what has no capacity at all may still get one;
 * a capacity that is too small is an obstacle even so. @default {false}
 */
export function refusalOf(
  { counters, slots }: Demand,
  resources: Amounts,
  cards: readonly RegisteredCard[],
  options: { readonly waitForCapacity?: boolean } = {},
): Obstacle | undefined {
  const asked = options.waitForCapacity === true
    ? {
      counters: new Map([...counters].filter(([name]) => resources.has(name))),
      slots: slots.length > cards.length ? [] : slots,
    }
    : { counters, slots };
  return obstacleTo(asked, resources, cards);
}
