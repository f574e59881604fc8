/**
 * Requests that wait for the lease that they are made inside of: a command of `run` that
 * runs `run` again.
 *
 * @module
 */
import type { Explanation, PoolStatus, Shortage } from "../../../mod.ts";
import { cardKey } from "../card_key.ts";
import { visible } from "../text.ts";

type Pool = Pick<PoolStatus, "resources" | "leases" | "cards">;
type Lease = PoolStatus["leases"][number];

/** Why a request waits, as `run` tells it. */
export interface Told extends Explanation {
  /** Whether it waits for the lease around it, and for ever. @default {false} */
  readonly waitsForItself?: boolean;
}

/** The lease of `run` that this program runs inside of, if there is one. */
export function leaseAround(): string | undefined {
  return Deno.env.get("RESLOCK_LEASE_ID");
}

/**
 * Why a request waits, as it is to be told by a program that runs inside of a lease.
 * Nobody else could give back what only this one has.
 *
 * @param leaseId the lease, if there is one around
 */
export function toldInside(
  why: Explanation,
  pool: Pool,
  leaseId: string | undefined,
): Told {
  const own = pool.leases.find(({ id }) => id === leaseId);
  if (own === undefined) return why;
  if (!why.short.some((shortage) => needsOwn(shortage, own, pool))) return why;
  const name = own.label ?? own.id;
  const sentence =
    `${why.sentence}; this runs inside of ${visible(name)} and waits for ` +
    `itself: run it outside, or ask for it in the run around it`;
  return { ...why, sentence, waitsForItself: true };
}

/** Whether something would be short even if all other leases were given back. */
function needsOwn(
  { resource, requested, slot }: Shortage,
  { resources: held }: Lease,
  { resources, cards }: Pool,
): boolean {
  if (slot === null) {
    const amount = held[resource] ?? 0;
    return amount > 0 && requested > resources[resource] - amount;
  }
  const keys = cards.map(({ uuid }) => cardKey(uuid));
  if (!keys.some((key) => held[key] > 0)) return false;
  const rooms = keys.map((key) => resources[key] - (held[key] ?? 0))
    .sort((a, b) => b - a);
  return !(rooms[slot] >= requested);
}
