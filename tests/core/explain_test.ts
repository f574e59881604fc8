import { assertEquals } from "@std/assert";
import { explainRequest, explainWaiters } from "../../lib/core/explain.ts";
import { type Explanation, NAMED_MAX } from "../../lib/core/explanation.ts";
import type { OutsideUse } from "../../lib/core/cards.ts";
import type { OutsideTruth } from "../../lib/core/ledger.ts";
import type { EntryRecord } from "../../lib/core/model.ts";
import type { PlanContext } from "../../lib/core/scheduler.ts";
import type { PoolState } from "../../lib/core/state.ts";
import {
  context,
  foreign,
  lease,
  nameOf,
  ours,
  pool,
  waiter,
} from "../support/pools.ts";

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const CARDS = { gpu_A_vram_mb: 16384, gpu_B_vram_mb: 24576 };
const GB = 1024;

/** The sentences by the names of the waiters. */
function sentences(
  state: PoolState,
  known: PlanContext = context(),
): Record<string, string> {
  return Object.fromEntries(
    [...explainWaiters(state, known, NOW_MS)].map((
      [entry, { sentence }],
    ) => [nameOf(entry), sentence]),
  );
}

function explain(state: PoolState, entry: EntryRecord): Explanation {
  return explainRequest(state, entry, context(), { nowMs: NOW_MS });
}

Deno.test("explainWaiters() names what is short, who holds it and who goes first", () => {
  const state = pool(CARDS, [
    lease("llama", { gpu_A_vram_mb: 11 * GB }, { label: "llama-70b" }),
    lease("sd", { gpu_B_vram_mb: 20 * GB }, { label: "sd" }),
  ], [
    waiter("first", {}, { vram_mb: [8 * GB], label: "whisper" }),
    waiter("second", {}, { vram_mb: [4 * GB] }),
  ]);
  assertEquals(sentences(state), {
    first: "needs 8 GB on one card; 5 GB free on the best; held by sd and " +
      "llama-70b",
    second: "needs 4 GB on one card; 5 GB free on the best, but kept for " +
      "those in front; behind whisper",
  });
  const [why] = explainWaiters(state, context(), NOW_MS).values();
  assertEquals(why, {
    verdict: "waits",
    short: [{
      resource: "vram_mb",
      requested: 8 * GB,
      free: 5 * GB,
      left: 5 * GB,
      slot: 0,
      holders: [
        {
          id: ours("sd"),
          label: "sd",
          resource: "gpu_B_vram_mb",
          amount: 20 * GB,
        },
        {
          id: ours("llama"),
          label: "llama-70b",
          resource: "gpu_A_vram_mb",
          amount: 11 * GB,
        },
      ],
      holderCount: 2,
      outside: [],
      outsideCount: 0,
      behind: [],
      behindCount: 0,
    }],
    reclaims: [],
    obstacle: null,
    earliestStart: null,
    sentence: why.sentence,
  });
});

Deno.test("explainWaiters() tells which card is lacking of several", () => {
  const state = pool(CARDS, [lease("one", { gpu_A_vram_mb: 6 * GB })], [
    waiter("two", {}, { vram_mb: [12 * GB, 12 * GB] }),
  ]);
  assertEquals(sentences(state), {
    two: "needs 12 GB or more on 2 cards; 10 GB free on the second best; " +
      "held by one0000000-0",
  });
});

Deno.test("explainWaiters() tells who is only waited for to take it", () => {
  const state = pool({ ram: 4 }, [], [foreign("py", { ram: 3 })]);
  assertEquals(sentences(state), {
    py: "fits by the leases; its program has to look and take it",
  });
});

Deno.test("explainWaiters() tells for which capacity somebody waits", () => {
  const state = pool({ ram: 4 }, [], [
    waiter("big", { ram: 5 }),
    waiter("odd", { odd: 1 }),
    waiter("card", {}, { vram_mb: [1] }),
  ]);
  assertEquals(sentences(state), {
    big: "needs 5 of ram, and there are 4 in all",
    odd: "needs a capacity of odd, and none is set",
    card: "needs a card, and none is registered",
  });
});

Deno.test("explainRequest() tells what is refused from what waits for a capacity", () => {
  const state = pool({ ram: 4 }, [], []);
  const asked = (
    counters: Record<string, number>,
    waitForCapacity: boolean,
  ) => {
    const { verdict, sentence } = explainRequest(
      state,
      waiter("new", counters),
      context(),
      { nowMs: NOW_MS, waitForCapacity },
    );
    return [verdict, sentence];
  };
  assertEquals(asked({ odd: 1 }, false), [
    "impossible",
    "can never start here: no capacity is set for odd",
  ]);
  assertEquals(asked({ odd: 1 }, true), [
    "waits",
    "needs a capacity of odd, and none is set",
  ]);
  // What is refused for one thing does not wait for the other.
  assertEquals(asked({ odd: 1, ram: 5 }, true), [
    "impossible",
    "can never start here: it needs 5 of ram, and there are 4 in all",
  ]);
  assertEquals(asked({ ram: 4 }, true), ["grantable", "can be granted now"]);
});

Deno.test("explainWaiters() gives the leases that come back to the one they are for", () => {
  const offered = { reclaimable: true, reclaim_requested: true };
  const state = pool({ ram: 4 }, [
    lease("a", { ram: 2 }, offered),
    lease("b", { ram: 2 }, offered),
  ], [
    waiter("first", { ram: 2 }, { priority: 2 }),
    waiter("second", { ram: 2 }, { priority: 1 }),
    waiter("third", { ram: 1 }),
  ]);
  const reclaims = [...explainWaiters(state, context(), NOW_MS)].map((
    [entry, { reclaims }],
  ) => [nameOf(entry), ...reclaims.map(nameOf)]);
  assertEquals(reclaims, [["first", "a"], ["second", "b"], ["third"]]);
});

Deno.test("explainWaiters() counts those whom it does not name", () => {
  const many = Array.from({ length: 20 }, (_, at) => at);
  const state = pool(
    { ram: 20 },
    many.map((at) => lease(`h${at}x`, { ram: 1 })),
    many.map((at) => waiter(`w${at}x`, { ram: 1 })),
  );
  const [short] = [...explainWaiters(state, context(), NOW_MS).values()].at(-1)!
    .short;
  assertEquals([short.holders.length, short.holderCount], [NAMED_MAX, 20]);
  assertEquals([short.behind.length, short.behindCount], [NAMED_MAX, 19]);
  assertEquals(nameOf(short.behind[0]), "w0x");
});

Deno.test("explainRequest() changes nothing, and takes the dead for gone", () => {
  const state = pool({ ram: 4 }, [lease("dead", { ram: 4 })], []);
  const request = waiter("me", { ram: 4 });
  assertEquals(explain(state, request).verdict, "waits");
  const { verdict } = explainRequest(state, request, context(), {
    nowMs: NOW_MS,
    gone: new Set([ours("dead")]),
  });
  assertEquals(verdict, "grantable");
  assertEquals([state.waiters.length, state.leases.size], [0, 1]);
  assertEquals(state.changes, []);
});

Deno.test("explainRequest() tells what would be asked back", () => {
  const state = pool({ ram: 4 }, [
    lease("low", { ram: 4 }, { reclaimable: true, label: "idle" }),
  ], []);
  const low = explain(state, waiter("me", { ram: 1 }));
  assertEquals(low.reclaims, []);
  const high = explain(state, waiter("me", { ram: 1 }, { priority: 1 }));
  assertEquals(high.reclaims, [{ id: ours("low"), label: "idle" }]);
  assertEquals(
    high.sentence,
    "needs 1 of ram; none free; held by idle; idle is asked back",
  );
});

Deno.test("explainRequest() believes what was seen outside", () => {
  const state = pool({}, [lease("held", { "disk_mb@/": 30 })], []);
  const request = waiter("me", { "disk_mb@/": 50 }, { confirms: true });
  const seen = (freeMb: number) =>
    explainRequest(
      state,
      request,
      context({
        confirming: {
          id: request.id,
          diskFreeMb: new Map([["disk_mb@/", freeMb]]),
        },
      }),
      { nowMs: NOW_MS },
    );
  assertEquals(seen(80).verdict, "grantable");
  const { verdict, short: [{ free, left }], earliestStart } = seen(79);
  assertEquals({ verdict, free, left, earliestStart }, {
    verdict: "waits",
    free: 49,
    left: 49,
    // Nobody has estimated when others free the disk.
    earliestStart: null,
  });
});

/** What a driver told of cards: who uses them without a lease. */
function seenWith(
  cards: readonly [uuid: string, freeMb: number, ...OutsideUse[]][],
  only = cards.map(([uuid]) => uuid),
): OutsideTruth {
  return {
    cardFreeMb: new Map(
      cards.flatMap(([uuid, freeMb]) =>
        only.includes(uuid) ? [[uuid, freeMb]] : []
      ),
    ),
    judged: cards.map(([uuid, freeMb, ...outside], index) => ({
      uuid,
      capacityMb: CARDS[`gpu_${uuid}_vram_mb` as keyof typeof CARDS],
      leasedMb: 0,
      seen: { uuid, index, name: "", usedMb: 0, freeMb },
      roomMb: freeMb,
      grantableMb: freeMb,
      outside,
    })),
  };
}

const PYTHON: OutsideUse = { pid: 930, name: "python3", usedMb: 12 * GB };
const BLENDER: OutsideUse = { pid: 931, name: "blender", usedMb: 9 * GB };

Deno.test("explainWaiters() tells what comes back for one whom the driver refuses", () => {
  const held = { gpu_B_vram_mb: 12 * GB };
  const idle = { reclaimable: true, reclaim_requested: true, label: "idle" };
  const state = pool(CARDS, [lease("model", held, idle)], [
    waiter("me", {}, { vram_mb: [16 * GB], confirms: true, priority: 1 }),
  ]);
  const seen = seenWith([["A", 7 * GB, BLENDER], ["B", 4 * GB]]);
  const [why] = explainWaiters(state, context(), NOW_MS, { seen }).values();
  assertEquals(why.verdict, "waits");
  assertEquals(why.reclaims, [{ id: ours("model"), label: "idle" }]);
  const [blind] = explainWaiters(state, context(), NOW_MS).values();
  assertEquals([blind.verdict, blind.reclaims], ["unconfirmed", []]);
});

Deno.test("explainRequest() names who uses the cards that would do without a lease", () => {
  const state = pool(CARDS, [], []);
  const explained = (
    asked: Partial<EntryRecord> & { readonly card?: string },
    seen: OutsideTruth,
  ) => {
    const { card, ...fields } = asked;
    const named = card === undefined ? {} : { [card]: 16 * GB };
    const me = waiter("me", named, { ...fields, confirms: true });
    const { short: [{ outside }], sentence } = explainRequest(
      state,
      me,
      context({ confirming: { id: me.id, ...seen } }),
      { nowMs: NOW_MS },
    );
    return {
      outside: outside.map(({ pid, resource }) => [pid, resource]),
      sentence,
    };
  };
  const both = seenWith([["A", 7 * GB, BLENDER], ["B", 12 * GB, PYTHON]]);
  assertEquals(explained({ vram_mb: [16 * GB] }, both), {
    outside: [[930, "gpu_B_vram_mb"], [931, "gpu_A_vram_mb"]],
    sentence: "needs 16 GB on one card; 12 GB free on the best; held by pid " +
      "930 python3 and pid 931 blender outside reslock",
  });
  // Card A could never have so much.
  assertEquals(
    explained({ vram_mb: [20 * GB] }, both).outside,
    [[930, "gpu_B_vram_mb"]],
  );
  // Of the cards that are named alone.
  assertEquals(explained({ card: "gpu_A_vram_mb" }, both), {
    outside: [[931, "gpu_A_vram_mb"]],
    sentence: "needs 16 GB on gpu 0; 7 GB free; held by pid 931 blender " +
      "outside reslock",
  });
  const confined = seenWith([["A", 7 * GB, BLENDER], ["B", 9 * GB, PYTHON]], [
    "A",
  ]);
  assertEquals(
    explained({ vram_mb: [16 * GB] }, confined).outside,
    [[931, "gpu_A_vram_mb"]],
  );
});

Deno.test("explainWaiters() names programs without a lease to those alone who look there", () => {
  const many = Array.from({ length: 10 }, (_, at): OutsideUse => ({
    pid: 100 + at,
    name: "job",
    usedMb: 1000 + at,
  }));
  const seen = seenWith([["A", 0], ["B", 12 * GB, PYTHON, ...many]]);
  const state = pool(CARDS, [lease("l", { gpu_A_vram_mb: 16 * GB })], [
    waiter("asks", {}, { vram_mb: [16 * GB], confirms: true }),
    waiter("counts", {}, { vram_mb: [24 * GB] }),
    waiter("ram", { ram: 1 }, { confirms: true }),
  ]);
  const reasons = [...explainWaiters(state, context(), NOW_MS, { seen })];
  const named = Object.fromEntries(reasons.map(([entry, { short }]) => [
    nameOf(entry),
    short.map(({ outside, outsideCount }) => [
      outside.map(({ pid }) => pid),
      outsideCount,
    ]),
  ]));
  assertEquals(named, {
    asks: [[[930, 109, 108, 107, 106, 105, 104, 103], 11]],
    counts: [[[], 0]],
    ram: [],
  });
});

Deno.test("explainRequest() tells when it may start by the estimates of the holders", () => {
  const state = pool({ ram: 4 }, [lease("busy", { ram: 4 })], [
    waiter("busy", {}, {
      lease_id: ours("busy"),
      started_at: "2026-01-02T03:04:00Z",
      estimated_seconds: 90,
    }),
  ]);
  const { earliestStart } = explain(state, waiter("me", { ram: 1 }));
  assertEquals(earliestStart, "2026-01-02T03:05:30.000Z");
});

Deno.test("explainWaiters() explains no more than it is asked to", () => {
  const waiters = ["first", "second", "third"].map((name) =>
    waiter(name, { slots: 1 })
  );
  const state = pool({ slots: 1 }, [lease("holder", { slots: 1 })], waiters);
  const all = [...explainWaiters(state, context(), NOW_MS)];
  const some = (atMost: number) => [
    ...explainWaiters(state, context(), NOW_MS, { atMost }),
  ];
  assertEquals(all.length, 3);
  assertEquals(some(2), all.slice(0, 2));
  assertEquals(some(-1), []);
});
