/**
 * The pool as callers see it.
 *
 * @module
 */
import {
  type DriverReading,
  judgeCards,
  type OutsideUse,
} from "./core/cards.ts";
import type { Explanation } from "./core/explanation.ts";
import { parseNativeId } from "./core/ids.ts";
import { withoutMarks } from "./core/marks.ts";
import { type EntryRecord, type LeaseRecord, toObject } from "./core/model.ts";
import { inOrderOf } from "./core/moment.ts";
import { reservedAmounts } from "./core/reserved.ts";
import type { PoolState } from "./core/state.ts";
import type { DriverAnswer } from "./os/driver.ts";
import type { Vitality } from "./liveness.ts";
import type { Usage } from "./usage.ts";

/** Amounts by name; the object has no prototype, so that any name is safe. */
export type AmountsByName = Readonly<Record<string, number>>;

/** Who holds what. */
export interface LeaseStatus {
  /** Its id; the beginning will do for commands, where no other has the same. */
  readonly id: string;
  /** The process, as it sees itself. */
  readonly pid: number;
  /** The holder's pid as the host sees it, where the holder knew it. */
  readonly hostPid: number | null;
  /** What is held; GPU memory by card, as `gpu_<uuid>_vram_mb`. */
  readonly resources: AmountsByName;
  /** The higher, the sooner. */
  readonly priority: number;
  /** When it was granted, ISO 8601. */
  readonly acquiredAt: string;
  /** When it was asked for, ISO 8601. */
  readonly queuedAt: string | null;
  /** How long it was waited for, in seconds. */
  readonly waitSec: number | null;
  /** Whether requests of higher priority may ask for it back. */
  readonly reclaimable: boolean;
  /** Whether one has asked. */
  readonly reclaimRequested: boolean;
  /** Since when, ISO 8601. */
  readonly reclaimRequestedAt: string | null;
  /** What it is for, in the words of whoever asked. */
  readonly label: string | null;
  /** Children for which the lease is kept. */
  readonly pids: readonly number[];
  /** What the holder measured that it uses. */
  readonly actualResources: AmountsByName;
  /** CPU time used so far as the holder says, in seconds. */
  readonly cpuSeconds: number | null;
  /** Whether it was taken by this package, not by the Python one. */
  readonly native: boolean;
  /** Whether its holder lives; `dead` stays only where it could not be removed. */
  readonly owner: Vitality;
  /** Whether work is in progress on it: it is not asked back then. */
  readonly busy: boolean;
}

/** Who waits for what, or works on a lease. */
export interface EntryStatus {
  /** Its id; the beginning will do for commands, where no other has the same. */
  readonly id: string;
  /** The process, as it sees itself. */
  readonly pid: number;
  /** Its pid as the host sees it, where it knew that. */
  readonly hostPid: number | null;
  /** What is asked for beside GPU memory. */
  readonly resources: AmountsByName;
  /** GPU memory asked for, in MiB, one amount for each card. */
  readonly vramMb: readonly number[] | null;
  /** GPU memory asked for on each of `numGpus` cards, in MiB. */
  readonly vramMbEach: number | null;
  /** How many cards get `vramMbEach`. */
  readonly numGpus: number;
  /** Whether the lease may be asked back once it is granted. */
  readonly reclaimableIntent: boolean;
  /** The higher, the sooner. */
  readonly priority: number;
  /** What it is for, in the words of whoever asked. */
  readonly label: string | null;
  /** When it was asked for, ISO 8601. */
  readonly queuedAt: string;
  /** When the work began, ISO 8601. */
  readonly startedAt: string | null;
  /** The lease that is worked on; null while it waits. */
  readonly leaseId: string | null;
  /** How long it will probably take, in seconds. */
  readonly estimatedSeconds: number | null;
  /** How much of the work is done, from 0 to 1. */
  readonly progress: number | null;
  /** Whether it was written by this package, not by the Python one. */
  readonly native: boolean;
  /** Whether its process lives. */
  readonly owner: Vitality;
  /** Why it waits; null for work in progress, and where nobody wants to know. */
  readonly why: Explanation | null;
}

/** All that the state file says, and what the driver sees on its cards. */
export interface PoolStatus {
  /** The state file. */
  readonly path: string;
  /** Capacity by name. */
  readonly resources: AmountsByName;
  /** Leased amount by name, for every capacity. */
  readonly used: AmountsByName;
  /** What is left by name, for every capacity; never below 0. */
  readonly available: AmountsByName;
  /** What of `available` is kept for those who wait, where anything is. */
  readonly reserved: AmountsByName;
  /** All leases, oldest first. */
  readonly leases: readonly LeaseStatus[];
  /** Those who wait, by rank, then the work in progress, whose `leaseId` is not null. */
  readonly queue: readonly EntryStatus[];
  /** The cards that have a capacity, by number where the driver tells it. */
  readonly cards: readonly CardStatus[];
  /**
   * Why the driver does not tell who uses the cards; null where it does, where no card
   * has a capacity, and where it is not asked.
   */
  readonly driverSilence: string | null;
  /** What is really used; only where it was asked for. */
  readonly usage?: Usage;
}

/** A card: what is leased on it, and what the driver sees there. */
export interface CardStatus {
  /** What the pool knows it by. */
  readonly uuid: string;
  /** Its number on this machine; null where the driver does not tell of it. */
  readonly index: number | null;
  /** The model; null where the driver does not tell of it. */
  readonly name: string | null;
  /** What the pool may lease of it, in MiB. */
  readonly capacityMb: number;
  /** What is leased, in MiB. */
  readonly leasedMb: number;
  /** What is in use, in MiB; null where the driver does not tell. */
  readonly usedMb: number | null;
  /** What the driver has free, in MiB; null where it does not tell. */
  readonly freeMb: number | null;
  /**
   * What can be leased now, in MiB: free by the driver, and not promised to a holder that
   * has not used it yet. Null where the driver does not tell.
   */
  readonly grantableMb: number | null;
  /**
   * Who uses it without a lease on it, the largest first; empty where the driver does not
   * tell.
   */
  readonly outside: readonly OutsideUse[];
}

const NOTHING_TOLD: DriverReading = {
  cards: [],
  processes: [],
  traced: false,
};

type Verdicts = ReadonlyMap<string, Vitality>;

/** A lease for callers. */
export function leaseStatus(
  lease: LeaseRecord,
  busy: ReadonlySet<string>,
  verdicts: Verdicts = new Map(),
): LeaseStatus {
  return {
    id: lease.id,
    pid: lease.pid,
    hostPid: lease.host_pid,
    resources: toObject(lease.resources),
    priority: lease.priority,
    acquiredAt: lease.acquired_at,
    queuedAt: lease.queued_at,
    waitSec: lease.wait_sec,
    reclaimable: lease.reclaimable,
    reclaimRequested: lease.reclaim_requested,
    reclaimRequestedAt: lease.reclaim_requested_at,
    label: lease.label,
    pids: lease.pids,
    actualResources: toObject(lease.actual_resources),
    cpuSeconds: lease.cpu_seconds,
    native: parseNativeId(lease.id) !== undefined,
    owner: verdicts.get(lease.id) ?? "unknown",
    busy: busy.has(lease.id),
  };
}

/** A waiter or work in progress for callers. */
export function entryStatus(
  entry: EntryRecord,
  verdicts: Verdicts,
  why: Explanation | null,
): EntryStatus {
  return {
    id: entry.id,
    pid: entry.pid,
    hostPid: entry.host_pid,
    resources: toObject(entry.resources),
    vramMb: entry.vram_mb,
    vramMbEach: entry.vram_mb_each,
    numGpus: entry.num_gpus,
    reclaimableIntent: entry.reclaimable_intent,
    priority: entry.priority,
    label: entry.label,
    queuedAt: entry.queued_at,
    startedAt: entry.started_at,
    leaseId: entry.lease_id,
    estimatedSeconds: entry.estimated_seconds,
    progress: entry.progress,
    native: parseNativeId(entry.id) !== undefined,
    owner: verdicts.get(entry.id) ?? "unknown",
    why,
  };
}

/**
 * The whole state for callers.
 *
 * @param reasons why those who wait do so
 */
export function poolStatus(
  path: string,
  state: PoolState,
  { verdicts, reasons, driver }: {
    readonly verdicts: Verdicts;
    readonly reasons: ReadonlyMap<EntryRecord, Explanation>;
    /** Undefined where it is not asked. */
    readonly driver: DriverAnswer | undefined;
  },
): PoolStatus {
  const used = new Map<string, number>();
  const available = new Map<string, number>();
  for (const name of state.resources.keys()) {
    used.set(name, state.used.get(name) ?? 0);
    available.set(name, state.free(name));
  }
  const busy = state.busyLeases();
  const queue = [...state.waiters.map(({ entry }) => entry), ...state.work];
  return {
    path,
    resources: toObject(state.resources),
    used: toObject(used),
    available: toObject(available),
    reserved: toObject(reservedAmounts(state)),
    leases: inOrderOf(
      withoutMarks(state.leases),
      ({ acquired_at }) => acquired_at,
    )
      .map((lease) => leaseStatus(lease, busy, verdicts)),
    queue: queue.map((entry) =>
      entryStatus(entry, verdicts, reasons.get(entry) ?? null)
    ),
    cards: cardStatuses(
      state,
      driver?.kind === "told" ? driver.reading : undefined,
    ),
    driverSilence: driver === undefined || driver.kind === "told"
      ? null
      : driver.why,
  };
}

function cardStatuses(
  state: PoolState,
  reading: DriverReading | undefined,
): CardStatus[] {
  const told = reading !== undefined;
  const judged = judgeCards(state, reading ?? NOTHING_TOLD);
  return judged.map(({ uuid, capacityMb, leasedMb, ...card }): CardStatus => {
    const { seen, grantableMb, outside } = card;
    return {
      uuid,
      index: seen?.index ?? null,
      name: seen?.name ?? null,
      capacityMb,
      leasedMb,
      usedMb: seen?.usedMb ?? null,
      freeMb: seen?.freeMb ?? null,
      grantableMb: told && grantableMb < Infinity
        ? Math.min(grantableMb, Math.max(0, capacityMb - leasedMb))
        : null,
      outside,
    };
  }).sort((a, b) =>
    (a.index ?? Infinity) - (b.index ?? Infinity) || (a.uuid < b.uuid ? -1 : 1)
  );
}
