/**
 * How it stands with a request of `run`, looked up to be told. What cannot be found out,
 * or not within a moment, is left out: the wait itself tells what is wrong.
 *
 * @module
 */
import type {
  AcquireOptions,
  Explanation,
  PoolStatus,
  ResourcePool,
  ResourceRequest,
} from "../../../mod.ts";
import { visible } from "../text.ts";
import { type Registry, registryOf } from "../who.ts";
import { leaseAround, toldInside } from "./inside.ts";
import { later } from "./later.ts";
import type { Standing } from "./messages.ts";

/** Who is so near to the front is told that a holder is stopped. */
const NEAR = 6;
/** Whoever has given up is not kept for longer by a driver that is slow to tell why. */
const LAST_LOOK_MS = 3000;

/** A request in the queue, with the place that it had at the beginning. */
export interface Queued {
  readonly pool: ResourcePool;
  readonly id: string;
  readonly position: number;
}

/** How a request stands in the queue. */
export async function standingOf(
  { pool, id, position }: Queued,
): Promise<Standing> {
  try {
    const status = await pool.status();
    const index = status.queue.findIndex((entry) => entry.id === id);
    const entry = status.queue[index];
    // Once it is granted, it may stay as work in progress.
    if (entry?.leaseId === null) {
      const why = entry.why && toldInside(entry.why, status, leaseAround());
      // Further back it does not help, and hundreds would look for the same.
      const isNear = why !== null && index < NEAR;
      return {
        position: index + 1,
        why: isNear ? withStopped(why, status, registryOf(status.path)) : why,
      };
    }
  } catch {
    // Left out.
  }
  return { position, why: null };
}

/** The same with a holder of what is short that gives nothing back, as it is stopped. */
export function withStopped<T extends Explanation>(
  why: T,
  { leases }: Pick<PoolStatus, "leases">,
  registry: Registry,
): T {
  const ids = why.short.flatMap(({ holders }) => holders.map(({ id }) => id));
  for (const id of new Set(ids)) {
    const lease = leases.find((lease) => lease.id === id);
    if (lease === undefined) continue;
    const { continuedBy, user } = registry.whoIs(lease);
    if (continuedBy === null) continue;
    const whose = user === null || user === registry.me ? "" : ` (of ${user})`;
    const name = visible(`${lease.label ?? id}${whose}`);
    const sentence =
      `${why.sentence}; ${name} is stopped: ${continuedBy} continues it`;
    return { ...why, sentence };
  }
  return why;
}

/** Why a request is not granted that would come now. */
export async function reasonAgainst(
  pool: ResourcePool,
  request: ResourceRequest,
  options: AcquireOptions,
): Promise<Explanation | null> {
  try {
    const why = await pool.explain(request, options);
    const leaseId = leaseAround();
    if (leaseId === undefined) return why;
    return toldInside(why, await pool.status({ explain: false }), leaseId);
  } catch {
    return null;
  }
}

/** What is found out within a moment; null otherwise. */
export async function soon<T>(looking: Promise<T>): Promise<T | null> {
  const over = new AbortController();
  const late = new Promise<null>((resolve) => {
    later(LAST_LOOK_MS, over.signal, () => resolve(null));
  });
  try {
    return await Promise.race([looking, late]);
  } finally {
    over.abort();
  }
}
