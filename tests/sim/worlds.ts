/**
 * Every small world of a few shapes of leases and waiters, one after another.
 */
import { nativeId } from "../../lib/core/ids.ts";
import { gpuKey } from "../../lib/core/model.ts";
import type { PlacementPolicy } from "../../lib/core/placement.ts";
import type { PlanContext } from "../../lib/core/scheduler.ts";
import { PoolState } from "../../lib/core/state.ts";
import { entryRecord, leaseRecord } from "../support/records.ts";

/** What a lease is to the reclaiming of leases. */
export type LeaseMode = "kept" | "offered" | "busy" | "pending" | "overdue";

/** How a waiter wants to be scheduled, and what is known of it. */
export type WaiterMode =
  | "native"
  | "yields"
  | "confirms"
  /** Confirms and is the one who looked outside. */
  | "looked"
  /** Confirms, fits and does nothing. */
  | "stalled"
  /** Was taken for stalled until now, by whoever plans as well. */
  | "looked, stalled"
  | "looked, yields"
  | "foreign"
  | "foreign, stalled";

export interface LeaseShape {
  readonly resources: Readonly<Record<string, number>>;
  readonly priority?: number;
  readonly mode?: LeaseMode;
}

export interface WaiterShape {
  readonly counters?: Readonly<Record<string, number>>;
  readonly slots?: readonly number[];
  readonly priority: number;
  readonly mode: WaiterMode;
}

/** A family of worlds. */
export interface Shapes {
  readonly capacities: readonly Readonly<Record<string, number>>[];
  readonly leases: readonly LeaseShape[];
  readonly leasesMax: number;
  readonly waiters: readonly WaiterShape[];
  readonly waitersMax: number;
  /** What the one who looked saw; one world for each. @default {[{}]} */
  readonly truths?: readonly {
    readonly cards?: Readonly<Record<string, number>>;
    readonly disks?: Readonly<Record<string, number>>;
    /** How the one who looked wants its cards chosen. */
    readonly placement?: PlacementPolicy;
  }[];
}

export interface World {
  readonly state: PoolState;
  readonly context: PlanContext;
}

/** All worlds of a family. */
export function* worldsOf(shapes: Shapes): Generator<World> {
  const truths = shapes.truths ?? [{}];
  for (const waiters of queues(shapes.waiters, shapes.waitersMax)) {
    const looked = waiters.some(hasLooked);
    for (const leases of multisets(shapes.leases, shapes.leasesMax)) {
      for (const capacities of shapes.capacities) {
        for (const truth of looked ? truths : truths.slice(0, 1)) {
          yield build(capacities, leases, waiters, truth);
        }
      }
    }
  }
}

/** Lists of up to `max` items, in which the order does not count. */
function* multisets<T>(items: readonly T[], max: number, from = 0): Generator<
  T[]
> {
  yield [];
  if (max === 0) return;
  for (let at = from; at < items.length; at++) {
    for (const rest of multisets(items, max - 1, at)) {
      yield [items[at], ...rest];
    }
  }
}

/** Queues of up to `max` waiters by rank, of whom one at most has looked outside. */
function* queues(
  shapes: readonly WaiterShape[],
  max: number,
  highest = Infinity,
): Generator<WaiterShape[]> {
  yield [];
  if (max === 0) return;
  for (const first of shapes) {
    if (first.priority > highest) continue;
    for (const rest of queues(shapes, max - 1, first.priority)) {
      const looking = [first, ...rest].filter(hasLooked);
      if (looking.length <= 1) yield [first, ...rest];
    }
  }
}

function hasLooked({ mode }: Pick<WaiterShape, "mode">): boolean {
  return mode.includes("looked");
}

function build(
  capacities: Readonly<Record<string, number>>,
  leases: readonly LeaseShape[],
  waiters: readonly WaiterShape[],
  truth: NonNullable<Shapes["truths"]>[number],
): World {
  const state = new PoolState();
  const stalled = new Set<string>();
  const overdue = new Set<string>();
  let looked: string | undefined;
  for (const [name, capacity] of Object.entries(capacities)) {
    state.setResource(name, capacity);
  }
  for (const [at, { resources, priority, mode }] of leases.entries()) {
    const id = nativeId("bbbbbbbbbb", at);
    const requested = mode === "pending" || mode === "overdue";
    state.addLease(leaseRecord({
      id,
      resources: new Map(Object.entries(resources)),
      priority: priority ?? 0,
      reclaimable: mode !== undefined && mode !== "kept",
      reclaim_requested: requested,
      reclaim_requested_at: requested ? "2026-01-02T03:04:05.678Z" : null,
    }));
    if (mode === "overdue") overdue.add(id);
    if (mode === "busy") {
      state.addEntry(
        entryRecord({ id: nativeId("cccccccccc", at), lease_id: id }),
      );
    }
  }
  for (const [at, { counters, slots, priority, mode }] of waiters.entries()) {
    const id = waiterId(at, mode);
    state.addEntry(entryRecord({
      id,
      resources: new Map(Object.entries(counters ?? {})),
      vram_mb: slots ?? null,
      priority,
    }));
    if (mode.includes("stalled")) stalled.add(id);
    if (hasLooked({ mode })) looked = id;
  }
  state.takeChanges();
  const cards = Object.entries(truth.cards ?? {});
  const confirming = looked === undefined ? undefined : {
    id: looked,
    cardFreeMb: truth.cards && new Map(cards),
    diskFreeMb: truth.disks && new Map(Object.entries(truth.disks)),
    placement: truth.placement,
  };
  return { state, context: { stalled, overdue, confirming } };
}

function waiterId(at: number, mode: WaiterMode): string {
  if (mode.includes("foreign")) return `00000000000${at}`;
  return nativeId("aaaaaaaaaa", at, {
    confirms: /confirms|looked|stalled/.test(mode),
    yields: mode.includes("yields"),
  });
}

/** All combinations of one choice for each key. */
export function combine<T>(
  choices: { readonly [K in keyof T]: readonly T[K][] },
): T[] {
  let combined: Partial<T>[] = [{}];
  for (const key of Object.keys(choices) as (keyof T)[]) {
    combined = combined.flatMap((chosen) =>
      choices[key]!.map((value) => ({ ...chosen, [key]: value }))
    );
  }
  return combined as T[];
}

/** The resource name of a card, for shapes. */
export function card(uuid: string, amount: number): Record<string, number> {
  return { [gpuKey(uuid)]: amount };
}
