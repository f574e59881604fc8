/**
 * Goal: an explanation never contradicts a plan, and whoever waits is given a reason
 * that is one.
 *
 * Method: every waiter of families of small worlds, and of random larger ones, is
 * explained, and the last of each queue once more as a request that comes now.
 */
import { assert, assertEquals } from "@std/assert";
import {
  explainObstacle,
  explainRequest,
  explainWaiters,
} from "../../lib/core/explain.ts";
import type { Explanation } from "../../lib/core/explanation.ts";
import { nativeId } from "../../lib/core/ids.ts";
import { obstacleTo } from "../../lib/core/placement.ts";
import { plan, type PlanContext } from "../../lib/core/scheduler.ts";
import { PoolState, type Waiter } from "../../lib/core/state.ts";
import { randomSeed, seededRandom } from "../support/random.ts";
import { entryRecord, leaseRecord } from "../support/records.ts";
import {
  card,
  combine,
  type LeaseShape,
  type Shapes,
  type WaiterShape,
  type World,
  worldsOf,
} from "./worlds.ts";

const NOW_MS = Date.UTC(2026, 0, 2);

/** What is wrong with an explanation; undefined if nothing is. */
function faultOf(
  { state, context }: World,
  waiter: Waiter,
  decided: ReturnType<typeof plan>,
  why: Explanation,
): string | undefined {
  const { verdict, short, obstacle, sentence } = why;
  const granted = decided.grants.some((grant) => grant.waiter === waiter);
  const looked = context.confirming?.id === waiter.id;
  const fits = decided.fitting.includes(waiter.id) && !looked;
  if (granted !== (verdict === "grantable")) return "grantable";
  if (fits !== (verdict === "unconfirmed")) return "unconfirmed";
  const ever = obstacleTo(waiter, state.resources, state.cards) === undefined;
  if (!granted && !fits && ever !== (verdict === "waits")) return "waits";
  if ((obstacle !== null) !== (verdict === "impossible")) return "obstacle";
  if ((short.length > 0) !== (verdict === "waits")) return "short";
  for (const { requested, free, left, slot, ...others } of short) {
    if (left > free) return "left";
    // A card may be asked for by its name as well, beside those that are chosen.
    if (left >= requested && slot === null) return "no shortage";
    if (free >= requested && others.behindCount === 0 && slot === null) {
      return "nobody has it";
    }
    if (free < requested && !looked && others.holderCount === 0) {
      const { behindCount } = others;
      if (behindCount === 0 && slot === null) return "nobody holds it";
    }
  }
  return sentence === "" ? "sentence" : undefined;
}

function check(world: World): void {
  const { state, context } = world;
  const decided = plan(state, context);
  const reasons = explainWaiters(state, context, NOW_MS);
  for (const waiter of state.waiters) {
    const why = reasons.get(waiter.entry)!;
    const fault = faultOf(world, waiter, decided, why);
    if (fault === undefined) continue;
    throw new Error(
      `${fault}: ${
        Deno.inspect({ why, waiter, decided, state, context }, { depth: 6 })
      }`,
    );
  }
  const last = state.waiters.at(-1);
  if (last === undefined) return;
  const why = reasons.get(last.entry)!;
  // Whoever is in the queue waits, whatever the capacities are.
  const wanted = why.obstacle === null ? why : explainObstacle(why.obstacle);
  state.removeEntry(last.entry);
  state.takeChanges();
  const dryRun = explainRequest(state, last.entry, context, {
    nowMs: NOW_MS,
  });
  assertEquals(state.changes.length, 0);
  // Compared as text first: that is cheap, and they are nearly always equal.
  if (JSON.stringify(dryRun) !== JSON.stringify(wanted)) {
    assertEquals(dryRun, wanted);
  }
}

function walk(shapes: Shapes): number {
  let worlds = 0;
  for (const world of worldsOf(shapes)) {
    worlds++;
    check(world);
  }
  return worlds;
}

Deno.test("explainWaiters() agrees with plan() in every small world of counters", () => {
  const worlds = walk({
    capacities: [{ a: 2, b: 1 }],
    leases: [{ resources: { a: 1 } }, { resources: { a: 3 } }],
    leasesMax: 1,
    waiters: combine<WaiterShape>({
      counters: [{ a: 1 }, { a: 2 }, { a: 1, b: 1 }, { a: 3 }],
      priority: [1, 0],
      mode: ["native", "yields", "foreign", "foreign, stalled"],
    }),
    waitersMax: 2,
  });
  assert(worlds >= 2_400, `${worlds} worlds`);
});

Deno.test("explainWaiters() agrees with plan() in every small world of cards and disks", () => {
  const worlds = walk({
    capacities: [
      { ...card("A", 2), ...card("B", 2) },
      { ...card("A", 2), ...card("B", 1) },
    ],
    leases: [{ resources: card("A", 1) }, { resources: card("B", 1) }],
    leasesMax: 1,
    waiters: [
      ...combine<WaiterShape>({
        slots: [[1], [2], [1, 1], [2, 1]],
        priority: [0],
        mode: ["native", "confirms", "looked", "stalled"],
      }),
      { counters: { "disk_mb@/": 2 }, priority: 0, mode: "looked" },
      { counters: card("A", 1), slots: [2], priority: 0, mode: "foreign" },
    ],
    waitersMax: 2,
    truths: [
      { cards: { A: 2, B: 0 }, disks: { "disk_mb@/": 1 } },
      { cards: { A: 1, B: 1 }, disks: { "disk_mb@/": 3 } },
    ],
  });
  assert(worlds >= 2_500, `${worlds} worlds`);
});

Deno.test("explainWaiters() agrees with plan() in every small world of reclaimable leases", () => {
  const worlds = walk({
    capacities: [{ a: 3 }],
    leases: combine<LeaseShape>({
      resources: [{ a: 1 }, { a: 2 }],
      priority: [0, 1],
      mode: ["offered", "pending", "overdue", "busy"],
    }),
    leasesMax: 2,
    waiters: combine<WaiterShape>({
      counters: [{ a: 1 }, { a: 2 }, { a: 3 }],
      priority: [2, 1],
      mode: ["native", "yields"],
    }),
    waitersMax: 2,
  });
  assert(worlds >= 18_000, `${worlds} worlds`);
});

/** A pool of some size with whatever may come together. */
function randomWorld(random: (below: number) => number): World {
  const state = new PoolState();
  const names = ["ram_mb", "slots", "disk_mb@/data"];
  state.setResource("ram_mb", 64);
  state.setResource("slots", 8);
  for (let at = 0; at < 3; at++) {
    state.setResource(`gpu_${at}_vram_mb`, 8 * (1 + random(3)));
  }
  const some = (most: number) =>
    new Map(
      names.filter(() => random(2) === 0).map((name) => [
        name,
        1 + random(most),
      ]),
    );
  for (let at = 0; at < random(12); at++) {
    const id = nativeId("bbbbbbbbbb", at);
    const reclaimable = random(2) === 0;
    const asked = reclaimable && random(3) === 0;
    state.addLease(leaseRecord({
      id,
      resources: some(6).set(`gpu_${random(3)}_vram_mb`, 1 + random(6)),
      priority: random(4),
      reclaimable,
      reclaim_requested: asked,
      reclaim_requested_at: asked ? "2026-01-02T03:04:05.678Z" : null,
    }));
    if (random(3) === 0) {
      state.addEntry(entryRecord({
        id: nativeId("cccccccccc", at),
        lease_id: id,
        started_at: "2026-01-01T23:59:00Z",
        estimated_seconds: random(300),
      }));
    }
  }
  const stalled = new Set<string>();
  for (let at = 0; at < random(25); at++) {
    const flags = { confirms: random(5) === 0, yields: random(5) === 0 };
    const id = random(5) === 0
      ? `00000000000${at}`
      : nativeId("aaaaaaaaaa", at, flags);
    const cards = Array.from({ length: random(4) }, () => 1 + random(20));
    state.addEntry(entryRecord({
      id,
      resources: some(24),
      vram_mb: cards.length > 0 ? cards : null,
      priority: random(4),
      estimated_seconds: random(2) === 0 ? null : random(500),
    }));
    if (random(10) === 0) stalled.add(id);
  }
  state.takeChanges();
  const context: PlanContext = { stalled, overdue: new Set() };
  return { state, context };
}

const seed = randomSeed();

Deno.test(`explainWaiters() agrees with plan() in random pools (RESLOCK_SEED=${seed})`, () => {
  const random = seededRandom(seed);
  for (let n = 0; n < 2_000; n++) check(randomWorld(random));
});
