import { assert, assertEquals } from "@std/assert";
import { nativeId } from "../../lib/core/ids.ts";
import { plan } from "../../lib/core/scheduler.ts";
import type { PoolState, Waiter } from "../../lib/core/state.ts";
import {
  bound,
  context,
  foreign,
  lease,
  ours,
  planned,
  pool,
  waiter,
} from "../support/pools.ts";

const RAM = { ram: 10 };
const CARDS = { gpu_A_vram_mb: 16, gpu_B_vram_mb: 24, gpu_C_vram_mb: 24 };

function slots(...vram_mb: number[]): { vram_mb: number[] } {
  return { vram_mb };
}

Deno.test("plan() grants whoever fits, by rank", () => {
  const state = pool(RAM, [], [
    waiter("a", { ram: 4 }),
    waiter("b", { ram: 4 }),
    waiter("c", { ram: 4 }),
  ]);
  assertEquals(planned(state), { grant: ["a", "b"] });
});

Deno.test("plan() grants the higher priority first", () => {
  const state = pool(RAM, [], [
    waiter("low", { ram: 10 }),
    waiter("high", { ram: 10 }, { priority: 5 }),
  ]);
  assertEquals(planned(state), { grant: ["high"] });
});

Deno.test("plan() grants the older of two equal waiters", () => {
  const state = pool(RAM, [], [
    waiter("older", { ram: 10 }, { queued_at: "2030-01-01T00:00:00Z" }),
    waiter("younger", { ram: 10 }, { queued_at: "2020-01-01T00:00:00Z" }),
  ]);
  assertEquals(planned(state), { grant: ["older"] });
});

Deno.test("plan() sets aside what a blocked waiter wants", () => {
  const state = pool(RAM, [lease("holder", { ram: 5 })], [
    waiter("big", { ram: 8 }),
    waiter("small", { ram: 1 }),
  ]);
  assertEquals(planned(state), {});
});

Deno.test("plan() gives those behind what a blocked waiter cannot use", () => {
  const state = pool({ ram: 10, cpu: 4 }, [lease("holder", { cpu: 4 })], [
    waiter("big", { ram: 7, cpu: 2 }),
    waiter("fits", { ram: 3 }),
    waiter("late", { ram: 1 }),
  ]);
  assertEquals(planned(state), { grant: ["fits"] });
});

Deno.test("plan() holds up nobody who wants other resources", () => {
  const state = pool({ ram: 10, cpu: 4 }, [lease("holder", { ram: 10 })], [
    waiter("ram", { ram: 8 }, { priority: 9 }),
    waiter("cpu", { cpu: 4 }),
  ]);
  assertEquals(planned(state), { grant: ["cpu"] });
});

Deno.test("plan() sets nothing aside for a blocked waiter that yields", () => {
  const state = pool(RAM, [lease("holder", { ram: 5 })], [
    waiter("big", { ram: 8 }, { yields: true }),
    waiter("small", { ram: 1 }),
  ]);
  assertEquals(planned(state), { grant: ["small"] });
});

Deno.test("plan() sets nothing aside for what can never fit", () => {
  const state = pool(RAM, [], [
    waiter("huge", { ram: 11 }),
    waiter("unknown", { ram: 8, tokens: 1 }),
    waiter("small", { ram: 3 }),
  ]);
  assertEquals(planned(state), { grant: ["small"] });
});

Deno.test("plan() grants nothing where a capacity is below what is leased", () => {
  const state = pool({ ram: 3 }, [lease("holder", { ram: 5 })], [
    waiter("small", { ram: 1 }),
  ]);
  assertEquals(planned(state), {});
});

Deno.test("plan() sets a foreign waiter that fits aside, and grants it never", () => {
  const state = pool(RAM, [], [
    foreign("python", { ram: 8 }),
    waiter("two", { ram: 2 }),
    waiter("one", { ram: 1 }),
  ]);
  assertEquals(planned(state), { grant: ["two"], fitting: ["python"] });
});

Deno.test("plan() lets others pass a stalled waiter, which stays fitting while it does", () => {
  const state = pool(RAM, [], [
    foreign("python", { ram: 8 }),
    waiter("ours", { ram: 2 }),
    waiter("more", { ram: 8 }),
  ]);
  assertEquals(planned(state, context({ stalled: ["python"] })), {
    grant: ["ours", "more"],
    fitting: ["python"],
  });
});

Deno.test("plan() rings a confirming waiter that fits and keeps its place", () => {
  const state = pool(RAM, [], [
    waiter("looks", { ram: 8 }, { confirms: true }),
    waiter("small", { ram: 4 }),
  ]);
  assertEquals(planned(state), { confirm: ["looks"], fitting: ["looks"] });
});

Deno.test("plan() rings no confirming waiter that does not fit", () => {
  const state = pool(RAM, [lease("holder", { ram: 5 })], [
    waiter("looks", { ram: 8 }, { confirms: true }),
  ]);
  assertEquals(planned(state), {});
});

Deno.test("plan() takes an amount of 0 for no wish, a negative one for an impossible one", () => {
  const state = pool(RAM, [lease("holder", { ram: 10 })], [
    waiter("odd", { ram: -1 }),
    waiter("zero", { ram: 0, unknown: 0 }),
  ]);
  assertEquals(bound(state), { zero: {} });
});

Deno.test("plan() makes no second lease of an id", () => {
  const twice = waiter("twice", { ram: 1 });
  assertEquals(planned(pool(RAM, [lease("twice", { ram: 1 })], [twice])), {});
  const state = pool(RAM, [], [twice, { ...twice }]);
  assertEquals(planned(state), { grant: ["twice"] });
});

Deno.test("plan() names the cards of a grant", () => {
  const state = pool({ ...CARDS, ram: 9 }, [], [
    waiter("two", { ram: 9 }, slots(10, 20)),
    waiter("one", {}, { vram_mb_each: 12, num_gpus: 1 }),
  ]);
  assertEquals(bound(state), {
    two: { ram: 9, gpu_B_vram_mb: 20, gpu_C_vram_mb: 10 },
    one: { gpu_C_vram_mb: 12 },
  });
});

Deno.test("plan() adds a slot to what is asked of the same card by name", () => {
  const state = pool({ gpu_A_vram_mb: 10 }, [], [
    waiter("fits", { gpu_A_vram_mb: 4 }, slots(6)),
  ]);
  assertEquals(bound(state), { fits: { gpu_A_vram_mb: 10 } });
  const full = pool({ gpu_A_vram_mb: 10 }, [], [
    waiter("no", { gpu_A_vram_mb: 4 }, slots(7)),
  ]);
  assertEquals(planned(full), {});
});

Deno.test("plan() sets the largest fitting slot aside on every card that could serve one", () => {
  const state = pool(CARDS, [lease("holder", { gpu_B_vram_mb: 24 })], [
    waiter("three", {}, slots(22, 22, 12)),
    waiter("first", {}, slots(4)),
    waiter("second", {}, slots(2)),
    waiter("late", {}, slots(2)),
  ]);
  // 12 of the 16 on A and 22 of the 24 on C are kept.
  assertEquals(bound(state), {
    first: { gpu_A_vram_mb: 4 },
    second: { gpu_C_vram_mb: 2 },
  });
});

Deno.test("plan() keeps no card for a slot that is larger than the card", () => {
  const state = pool(
    { gpu_A_vram_mb: 8, gpu_B_vram_mb: 24 },
    [lease("holder", { gpu_B_vram_mb: 24 })],
    [waiter("big", {}, slots(20)), waiter("small", {}, slots(8))],
  );
  assertEquals(bound(state), { small: { gpu_A_vram_mb: 8 } });
});

Deno.test("plan() keeps every card for one who may find some of them used by strangers", () => {
  const cards = { gpu_A_vram_mb: 24, gpu_B_vram_mb: 24 };
  const state = pool(cards, [], [
    waiter("looks", {}, { ...slots(20), confirms: true }),
    waiter("blind", {}, slots(20)),
  ]);
  assertEquals(planned(state), { confirm: ["looks"], fitting: ["looks"] });
});

Deno.test("plan() grants the one who looked with what the driver leaves", () => {
  const cards = { gpu_A_vram_mb: 24, gpu_B_vram_mb: 24 };
  const state = pool(cards, [lease("holder", { gpu_B_vram_mb: 4 })], [
    waiter("looks", {}, { ...slots(20), confirms: true }),
    waiter("behind", {}, slots(4)),
  ]);
  const look = (cardFreeMb: [string, number][]) =>
    context({
      confirming: {
        id: ours("looks", { confirms: true }),
        cardFreeMb: new Map(cardFreeMb),
      },
    });
  assertEquals(bound(state, look([["A", 3], ["B", 24]])), {
    looks: { gpu_B_vram_mb: 20 },
    behind: { gpu_A_vram_mb: 4 },
  });
  // By the driver there is room on B, by the leases there is not.
  assertEquals(bound(state, look([["A", 24]])), {
    looks: { gpu_A_vram_mb: 20 },
    behind: { gpu_A_vram_mb: 4 },
  });
});

Deno.test("plan() rings the one who looked in vain no more, but keeps its place", () => {
  const state = pool({ gpu_A_vram_mb: 24 }, [], [
    waiter("looks", {}, { ...slots(20), confirms: true }),
    waiter("behind", {}, slots(8)),
  ]);
  const id = ours("looks", { confirms: true });
  const known = context({ confirming: { id, cardFreeMb: new Map() } });
  assertEquals(planned(state, known), { fitting: ["looks"] });
});

Deno.test("plan() takes nothing for the one who looked that those in front are kept", () => {
  const state = pool({ gpu_A_vram_mb: 80 }, [], [
    waiter("front", {}, { ...slots(10), confirms: true }),
    waiter("looks", {}, { ...slots(20), confirms: true }),
  ]);
  const id = ours("looks", { confirms: true });
  const look = (freeMb: number) =>
    context({ confirming: { id, cardFreeMb: new Map([["A", freeMb]]) } });
  assertEquals(bound(state, look(29)), {});
  assertEquals(bound(state, look(30)), { looks: { gpu_A_vram_mb: 20 } });
});

Deno.test("plan() judges the others as if nobody had looked", () => {
  const state = pool({ gpu_A_vram_mb: 24 }, [], [
    waiter("blind", {}, slots(10)),
    waiter("looks", {}, { ...slots(10), confirms: true }),
  ]);
  const id = ours("looks", { confirms: true });
  const known = context({ confirming: { id, cardFreeMb: new Map() } });
  assertEquals(planned(state, known), { grant: ["blind"], fitting: ["looks"] });
});

Deno.test("plan() admits to a disk only who saw its free space", () => {
  const disk = "disk_mb@/data";
  const state = pool({ [disk]: 1000 }, [lease("holder", { [disk]: 30 })], [
    waiter("blind", { [disk]: 1 }),
    waiter("looks", { [disk]: 40 }, { confirms: true }),
  ]);
  assertEquals(planned(state), {
    confirm: ["blind", "looks"],
    fitting: ["blind", "looks"],
  });
  const look = (freeMb: number) =>
    context({
      confirming: {
        id: ours("looks", { confirms: true }),
        diskFreeMb: new Map([[disk, freeMb]]),
      },
    });
  // 30 are leased, 1 is kept for the waiter in front.
  assertEquals(bound(state, look(70)), {});
  assertEquals(bound(state, look(71)), { looks: { [disk]: 40 } });
  const unseen = context({
    confirming: { id: ours("looks", { confirms: true }) },
  });
  assertEquals(bound(state, unseen), {});
});

/** Counts how far a pool's queue is walked from here on. */
function countLooks(state: PoolState): () => number {
  let looks = 0;
  const walk = function* (this: readonly Waiter[]) {
    for (let at = 0; at < this.length; at++) {
      looks++;
      yield this[at];
    }
  };
  Object.defineProperty(state.waiters, Symbol.iterator, { value: walk });
  return () => looks;
}

Deno.test("plan() looks at few of a thousand waiters when nothing is left for them", () => {
  const kinds: Record<string, number>[] = [{ ram: 3 }, { cpu: 1 }, {
    ram: 1,
    cpu: 1,
  }];
  const entries = Array.from(
    { length: 1000 },
    (_, at) => waiter("", kinds[at % 3], { id: nativeId("aaaaaaaaaa", at) }),
  );
  const holder = lease("holder", { ram: 5, cpu: 2 });
  const state = pool({ ram: 10, cpu: 3 }, [holder], entries);
  const looks = countLooks(state);
  assertEquals(plan(state, context()).grants.length, 2);
  assert(looks() < 10, `${looks()} looks`);
});

Deno.test("plan() looks at few of a thousand waiters when small cards stay free", () => {
  const entries = Array.from(
    { length: 1000 },
    (_, at) => waiter("", {}, { ...slots(20), id: nativeId("aaaaaaaaaa", at) }),
  );
  const state = pool(CARDS, [lease("holder", { gpu_B_vram_mb: 8 })], entries);
  const looks = countLooks(state);
  assertEquals(plan(state, context()).grants.length, 1);
  assert(looks() < 10, `${looks()} looks`);
});
