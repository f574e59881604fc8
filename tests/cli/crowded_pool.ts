/**
 * A pool with more leases and waiters than are shown one by one.
 *
 * @module
 */
import type { EntryStatus, LeaseStatus, PoolStatus } from "../../mod.ts";
import { EMPTY_POOL, NOW_MS, SAMPLE_POOL } from "./sample_pool.ts";

const COUNT = 40;
/** So many leases have the same label, and each of the others one of its own. */
const ALIKE_LEASES = 6;
/** So many of the queue have none, the next two the same, and the others their own. */
const NAMELESS = 8;

const [, , , LEASE] = SAMPLE_POOL.leases;
const [, WAITER, , WORK] = SAMPLE_POOL.queue;

function minutesAgo(minutes: number): string {
  return new Date(NOW_MS - minutes * 60_000).toISOString();
}

function idOf(kind: string, index: number): string {
  return `${kind}${String(index).padStart(2, "0")}`.padEnd(10, kind) + "-4";
}

function labelOf(index: number, alike: number): string {
  return index < alike ? "worker" : `job-${index}`;
}

const leases = Array.from({ length: COUNT }, (_, index): LeaseStatus => ({
  ...LEASE,
  id: idOf("e", index),
  resources: { slots: 1, ...(index % 2 === 0 && { ram_mb: 1024 }) },
  // By age, as those of the pool.
  acquiredAt: minutesAgo(COUNT - index),
  label: labelOf(index, ALIKE_LEASES),
  priority: index % 4,
  reclaimable: index % 3 === 0,
  reclaimRequested: index === 0 || index === 3,
  reclaimRequestedAt: index === 3 ? minutesAgo(1) : null,
  owner: index === 1 ? "unknown" : index === 2 ? "dead" : "alive",
  busy: index >= COUNT - 2,
}));

// By rank: who came first does not always stand first.
const waiters = Array.from({ length: COUNT }, (_, index): EntryStatus => ({
  ...WAITER,
  id: idOf("w", index),
  vramMb: null,
  resources: { slots: index < COUNT - 2 ? 1 : 2 },
  label: index < NAMELESS ? null : labelOf(index, NAMELESS + 2),
  priority: COUNT - index,
  queuedAt: minutesAgo(index),
}));

/** Work that is late, and more of it; and work that is in time. */
const work: readonly EntryStatus[] = [
  { leaseId: leases[COUNT - 1].id, label: "epoch 1", estimatedSeconds: 60 },
  { leaseId: leases[COUNT - 1].id, label: "epoch 2" },
  { leaseId: leases[COUNT - 2].id, label: null, estimatedSeconds: 3600 },
].map((fields, index) => ({ ...WORK, id: idOf("x", index), ...fields }));

/** Forty leases of 35 labels, forty that wait, and work in progress. */
export const CROWDED_POOL: PoolStatus = {
  ...EMPTY_POOL,
  path: "/var/lib/reslock/state.json",
  resources: { slots: COUNT, ram_mb: 65_536 },
  used: { slots: COUNT, ram_mb: 20_480 },
  available: { slots: 0, ram_mb: 45_056 },
  leases,
  queue: [...waiters, ...work],
};
