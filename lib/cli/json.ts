/**
 * What `--json` prints: the names of the state file where it has one for a thing,
 * and a few more that `reslock schema` tells of.
 *
 * @module
 */
import {
  type Detection,
  type Diagnosis,
  type EntryStatus,
  type Explanation,
  type GpuOrphan,
  type HistoryRecord,
  type LeaseStatus,
  type OutsideUse,
  overuseOf,
  type PoolEvent,
  type PoolStatus,
  type Salvaged,
} from "../../mod.ts";
import type { WaitStats } from "./history_stats.ts";
import type { InitResult } from "./render_detection.ts";
import type { Told } from "./render_why.ts";
import { NO_REGISTRY, type Registry, type Who } from "./who.ts";

/** A lease as JSON. */
export function leaseJson(lease: LeaseStatus): Record<string, unknown> {
  return {
    id: lease.id,
    pid: lease.pid,
    host_pid: lease.hostPid,
    resources: lease.resources,
    priority: lease.priority,
    acquired_at: lease.acquiredAt,
    queued_at: lease.queuedAt,
    wait_sec: lease.waitSec,
    reclaimable: lease.reclaimable,
    reclaim_requested: lease.reclaimRequested,
    reclaim_requested_at: lease.reclaimRequestedAt,
    label: lease.label,
    pids: lease.pids,
    actual_resources: lease.actualResources,
    cpu_seconds: lease.cpuSeconds,
    native: lease.native,
    owner: lease.owner,
    busy: lease.busy,
  };
}

/** A request that waits, or work in progress, as JSON. */
export function entryJson(entry: EntryStatus): Record<string, unknown> {
  return {
    id: entry.id,
    pid: entry.pid,
    host_pid: entry.hostPid,
    resources: entry.resources,
    vram_mb: entry.vramMb,
    vram_mb_each: entry.vramMbEach,
    num_gpus: entry.numGpus,
    reclaimable_intent: entry.reclaimableIntent,
    priority: entry.priority,
    label: entry.label,
    queued_at: entry.queuedAt,
    started_at: entry.startedAt,
    lease_id: entry.leaseId,
    estimated_seconds: entry.estimatedSeconds,
    progress: entry.progress,
    native: entry.native,
    owner: entry.owner,
    why: entry.why && explanationJson(entry.why),
  };
}

/** Why a request waits, as JSON. */
export function explanationJson(why: Explanation): Record<string, unknown> {
  return {
    verdict: why.verdict,
    sentence: why.sentence,
    short: why.short.map((shortage) => ({
      resource: shortage.resource,
      requested: shortage.requested,
      free: shortage.free,
      left: shortage.left,
      slot: shortage.slot,
      holders: shortage.holders,
      holder_count: shortage.holderCount,
      outside: shortage.outside.map((one) => ({
        ...outsideJson(one),
        resource: one.resource,
      })),
      outside_count: shortage.outsideCount,
      behind: shortage.behind,
      behind_count: shortage.behindCount,
    })),
    reclaims: why.reclaims,
    obstacle: why.obstacle && {
      resource: why.obstacle.resource,
      requested: why.obstacle.requested,
      capacity: why.obstacle.capacity ?? null,
      slot: why.obstacle.slot ?? null,
    },
    earliest_start: why.earliestStart,
  };
}

/** What `why` tells, as JSON. */
export function whyJson(why: Told): Record<string, unknown> {
  return { ...explanationJson(why), registers: why.registers };
}

/** A process as it is seen from here; null where none is proven to be meant. */
function processJson(
  { pid, user, command, container, continuedBy }: Who,
): Record<string, unknown> | null {
  return pid === null
    ? null
    : { pid, user, command, container, stopped: continuedBy !== null };
}

/** A lease as JSON, with its process. */
export function heldLeaseJson(
  lease: LeaseStatus,
  { whoIs }: Registry,
): Record<string, unknown> {
  return { ...leaseJson(lease), process: processJson(whoIs(lease)) };
}

/** The whole pool as JSON. */
export function statusJson(
  status: PoolStatus,
  registry: Registry = NO_REGISTRY,
): Record<string, unknown> {
  return {
    path: status.path,
    resources: status.resources,
    available: status.available,
    reserved: status.reserved,
    used: status.used,
    leases: status.leases.map((lease) => ({
      ...heldLeaseJson(lease, registry),
      ...usageJson(lease, status),
    })),
    queue: status.queue.map((entry) => ({
      ...entryJson(entry),
      process: processJson(registry.whoIs(entry)),
    })),
    cards: status.cards.map(cardJson),
    driver_silence: status.driverSilence,
  };
}

/** What a lease really uses, as far as that was measured. */
function usageJson(
  lease: LeaseStatus,
  { usage }: PoolStatus,
): Record<string, unknown> {
  const measured = usage?.leases.get(lease.id);
  return {
    measured: measured === undefined ? null : {
      pids: measured.pids,
      resources: measured.resources,
      cpu_seconds: measured.cpuSeconds,
    },
    overuse: overuseOf(lease, measured)
      .map(({ resource, leasedMb, usedMb }) => ({
        resource,
        leased_mb: leasedMb,
        used_mb: usedMb,
      })),
  };
}

function cardJson(card: PoolStatus["cards"][number]): Record<string, unknown> {
  return {
    uuid: card.uuid,
    index: card.index,
    name: card.name,
    capacity_mb: card.capacityMb,
    leased_mb: card.leasedMb,
    used_mb: card.usedMb,
    free_mb: card.freeMb,
    grantable_mb: card.grantableMb,
    outside: card.outside.map(outsideJson),
  };
}

function outsideJson({ pid, name, usedMb }: OutsideUse) {
  return { pid, name, used_mb: usedMb };
}

/** What a machine has, as JSON. */
export function detectionJson(detection: Detection): Record<string, unknown> {
  return { resources: detection.resources, ...foundJson(detection) };
}

/** What `init` did, as JSON. */
export function initJson(result: InitResult): Record<string, unknown> {
  const { path, registered, kept, forgotten, detection } = result;
  return { path, registered, kept, forgotten, ...foundJson(detection) };
}

function foundJson({ limits, gpus, sources }: Detection) {
  return { limits, gpus: gpus.map(gpuJson), sources };
}

function gpuJson(gpu: Detection["gpus"][number]): Record<string, unknown> {
  return {
    uuid: gpu.uuid,
    index: gpu.index,
    name: gpu.name,
    vendor: gpu.vendor,
    total_mb: gpu.totalMb,
    used_mb: gpu.usedMb,
    free_mb: gpu.freeMb,
    capacity_mb: gpu.capacityMb,
    unified: gpu.unified,
  };
}

/** An event as JSON: what does not belong to its type is null. */
export function eventJson(
  event: PoolEvent,
  registry?: Registry,
): Record<string, unknown> {
  return {
    at: event.at,
    type: event.type,
    lease: "lease" in event ? leaseJson(event.lease) : null,
    entry: "entry" in event ? entryJson(event.entry) : null,
    change: changeJson(event),
    status: event.type === "state" ? statusJson(event.status, registry) : null,
  };
}

function changeJson(event: PoolEvent): Record<string, unknown> | null {
  if (event.type === "priority-changed") {
    const { kind, id, before, priority } = event;
    return { kind, name: id, before, after: priority };
  }
  if (event.type !== "capacity-changed") return null;
  const { name, before, capacity } = event;
  return { kind: "capacity", name, before, after: capacity };
}

/** What is wrong with a pool, as JSON. */
export function diagnosisJson(diagnosis: Diagnosis): Record<string, unknown> {
  const { path, checks, fixed } = diagnosis;
  return {
    path,
    checks: checks.map(({ name, level, message, advice }) => ({
      name,
      level,
      message,
      advice,
    })),
    fixed,
  };
}

/** What a damaged state file still tells, as JSON. */
export function salvagedJson(salvaged: Salvaged): Record<string, unknown> {
  const { damage, pool, capacitiesFrom, lost } = salvaged;
  return {
    path: pool.path,
    damage,
    resources: pool.resources,
    resources_from: capacitiesFrom ?? "nowhere",
    leases: pool.leases.map(leaseJson),
    queue: pool.queue.map(entryJson),
    lost,
  };
}

/** A process without a lease as JSON. */
export function orphanJson(orphan: GpuOrphan): Record<string, unknown> {
  const { pid, name, gpus, maybeOf } = orphan;
  return {
    pid,
    name,
    gpus: Object.entries(gpus).map(([uuid, used_mb]) => ({ uuid, used_mb })),
    maybe_of: maybeOf,
  };
}

/** A history as JSON, with the waits by label. */
export function historyJson(
  records: readonly HistoryRecord[],
  waits: readonly WaitStats[],
): Record<string, unknown> {
  return {
    ended: records.map((record) => ({
      id: record.id,
      label: record.label,
      pid: record.pid,
      priority: record.priority,
      resources: record.resources,
      queued_at: record.queuedAt,
      acquired_at: record.acquiredAt,
      ended_at: record.endedAt,
      wait_sec: record.waitSec,
      end: record.end,
    })),
    waits: waits.map((stat) => ({
      label: stat.label,
      granted: stat.granted,
      ungranted: stat.ungranted,
      median_sec: stat.medianSec,
      p95_sec: stat.p95Sec,
    })),
  };
}
