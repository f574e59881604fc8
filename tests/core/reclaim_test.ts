import { assert, assertEquals } from "@std/assert";
import { Ledger } from "../../lib/core/ledger.ts";
import { leastLoss, leastShared } from "../../lib/core/least_loss.ts";
import { nativeId } from "../../lib/core/ids.ts";
import type { LeaseRecord } from "../../lib/core/model.ts";
import { plan } from "../../lib/core/scheduler.ts";
import { waiterOf } from "../../lib/core/state.ts";
import { randomSeed, seededRandom } from "../support/random.ts";
import {
  context,
  foreign,
  lease,
  ours,
  planned,
  pool,
  waiter,
} from "../support/pools.ts";
import { entryRecord } from "../support/records.ts";

const RAM = { ram: 10 };
const HIGH = { priority: 5 };

/** A lease that may be asked back. */
function offered(
  name: string,
  resources: Record<string, number>,
  fields: Partial<LeaseRecord> = {},
): LeaseRecord {
  return lease(name, resources, { reclaimable: true, ...fields });
}

/** One that is asked back. */
function pending(
  name: string,
  resources: Record<string, number>,
  fields: Partial<LeaseRecord> = {},
): LeaseRecord {
  return offered(name, resources, { reclaim_requested: true, ...fields });
}

Deno.test("plan() asks back a reclaimable lease of lower priority", () => {
  const state = pool(RAM, [offered("model", { ram: 10 })], [
    waiter("job", { ram: 4 }, HIGH),
  ]);
  assertEquals(planned(state), { ask: ["model"] });
});

Deno.test("plan() asks back no lease of the waiter's own priority, nor a higher one", () => {
  for (const priority of [5, 6]) {
    const model = offered("model", { ram: 10 }, { priority });
    const state = pool(RAM, [model], [waiter("job", { ram: 4 }, HIGH)]);
    assertEquals(planned(state), {});
  }
});

Deno.test("plan() asks back nothing that is not reclaimable or at work", () => {
  const kept = lease("kept", { ram: 5 });
  const busy = offered("busy", { ram: 5 });
  const work = entryRecord({ id: ours("work"), lease_id: busy.id });
  const state = pool(RAM, [kept, busy], [
    work,
    waiter("job", { ram: 4 }, HIGH),
  ]);
  assertEquals(planned(state), {});
});

Deno.test("plan() asks back nothing for a waiter that fits", () => {
  const state = pool(RAM, [offered("model", { ram: 6 })], [
    waiter("job", { ram: 4 }, HIGH),
  ]);
  assertEquals(planned(state), { grant: ["job"] });
});

Deno.test("plan() asks back nothing if even all would not do", () => {
  const state = pool(RAM, [
    lease("kept", { ram: 4 }),
    offered("model", { ram: 6 }),
  ], [waiter("job", { ram: 7 }, HIGH)]);
  assertEquals(planned(state), {});
});

Deno.test("plan() asks back only what holds something that is short", () => {
  const state = pool({ ram: 10, cpu: 2 }, [
    offered("cpu", { cpu: 1 }, { priority: -9 }),
    offered("ram", { ram: 10 }),
  ], [waiter("job", { ram: 4, cpu: 1 }, HIGH)]);
  assertEquals(planned(state), { ask: ["ram"] });
});

const CHOICES: [string, LeaseRecord[], number, string[]][] = [
  [
    "lowest priority",
    [
      offered("one", { ram: 5 }, { priority: 2 }),
      offered("two", { ram: 5 }, { priority: 1 }),
    ],
    5,
    ["two"],
  ],
  [
    "lowest priority rather than the fewest",
    [
      offered("big", { ram: 6 }, { priority: 2 }),
      offered("left", { ram: 2 }, { priority: 1 }),
      offered("right", { ram: 2 }, { priority: 1 }),
    ],
    4,
    ["left", "right"],
  ],
  [
    "fewest",
    [
      offered("left", { ram: 3 }),
      offered("right", { ram: 3 }),
      offered("big", { ram: 4 }),
    ],
    4,
    ["big"],
  ],
  [
    "least surplus",
    [
      offered("much", { ram: 6 }),
      offered("right", { ram: 4 }),
    ],
    4,
    ["right"],
  ],
  [
    "smallest id of equals",
    [
      offered("b", { ram: 5 }),
      offered("a", { ram: 5 }),
    ],
    5,
    ["a"],
  ],
];

for (const [rule, leases, asked, chosen] of CHOICES) {
  Deno.test(`plan() asks back the set of the ${rule}`, () => {
    for (const order of [leases, leases.toReversed()]) {
      const state = pool(RAM, order, [waiter("job", { ram: asked }, HIGH)]);
      assertEquals(planned(state), { ask: chosen });
    }
  });
}

Deno.test("plan() asks back what makes cards for all slots", () => {
  const cards = { gpu_A_vram_mb: 24, gpu_B_vram_mb: 24, gpu_C_vram_mb: 8 };
  const state = pool(cards, [
    offered("large", { gpu_A_vram_mb: 20 }),
    offered("small", { gpu_A_vram_mb: 4 }, { priority: -1 }),
    offered("other", { gpu_C_vram_mb: 8 }, { priority: -1 }),
    lease("kept", { gpu_B_vram_mb: 14 }),
  ], [waiter("job", {}, { ...HIGH, vram_mb: [20, 10] })]);
  assertEquals(planned(state), { ask: ["large"] });
});

Deno.test("plan() counts on a lease for one waiter only, and on what that one leaves", () => {
  const models = [
    offered("a", { ram: 5 }, { priority: 1 }),
    offered("b", { ram: 5 }, { priority: 2 }),
  ];
  const one = waiter("one", { ram: 4 }, HIGH);
  const state = pool(RAM, models, [one, waiter("two", { ram: 4 }, HIGH)]);
  assertEquals(planned(state), { ask: ["a", "b"] });
  const small = pool(RAM, models, [one, waiter("two", { ram: 1 }, HIGH)]);
  assertEquals(planned(small), { ask: ["a"] });
});

Deno.test("plan() asks back nothing for one behind a waiter that would get it", () => {
  const state = pool(RAM, [
    lease("kept", { ram: 6 }),
    offered("model", { ram: 4 }),
  ], [waiter("big", { ram: 8 }, HIGH), waiter("small", { ram: 2 }, HIGH)]);
  assertEquals(planned(state), {});
});

Deno.test("plan() asks back one lease that serves two rather than one for each", () => {
  const state = pool(RAM, [
    offered("tiny", { ram: 2 }, { priority: 1 }),
    offered("large", { ram: 8 }, { priority: 2 }),
  ], [waiter("one", { ram: 2 }, HIGH), waiter("two", { ram: 4 }, HIGH)]);
  assertEquals(planned(state), { ask: ["large"] });
});

for (
  const [who, flags, known] of [
    ["yields", { yields: true }, {}],
    ["is stalled", { confirms: true }, {
      stalled: [ours("job", { confirms: true })],
    }],
  ] as const
) {
  Deno.test(`plan() asks back nothing for a waiter that ${who}`, () => {
    const state = pool(RAM, [offered("model", { ram: 10 })], [
      waiter("job", { ram: 4 }, { ...HIGH, ...flags }),
    ]);
    assertEquals(planned(state, context(known)), {});
  });
}

Deno.test("plan() asks back for a confirming waiter by the accounting", () => {
  const state = pool(RAM, [offered("model", { ram: 10 })], [
    waiter("job", { ram: 4 }, { ...HIGH, confirms: true }),
  ]);
  assertEquals(planned(state), { ask: ["model"] });
});

/** Two cards, of which the accounting has A free, and one who looked. */
function twoCards(
  leases: readonly LeaseRecord[],
  seen: Readonly<Record<string, number>>,
  fields: Parameters<typeof waiter>[2] = {},
) {
  const me = waiter("me", {}, {
    ...{ ...HIGH, vram_mb: [20], confirms: true },
    ...fields,
  });
  const cards = { gpu_A_vram_mb: 24, gpu_B_vram_mb: 24 };
  const cardFreeMb = new Map(Object.entries(seen));
  return {
    state: pool(cards, leases, [me]),
    looked: context({ confirming: { id: me.id, cardFreeMb } }),
    me,
  };
}

Deno.test("plan() asks back for the one who looked what it lacks by what it saw", () => {
  const model = offered("model", { gpu_B_vram_mb: 20 });
  const { state, looked } = twoCards([model], { A: 4, B: 4 });
  assertEquals(planned(state, looked), { fitting: ["me"], ask: ["model"] });
  // Whoever did not look does not know of it.
  assertEquals(planned(state), { fitting: ["me"], confirm: ["me"] });
});

Deno.test("plan() asks back for the one who looked on no card that it cannot use", () => {
  const model = offered("model", { gpu_B_vram_mb: 20 });
  const nothing = { fitting: ["me"] };
  const named = twoCards([model], { A: 4 });
  assertEquals(planned(named.state, named.looked), nothing, "not named");
  const used = twoCards([model], { A: 4, B: -15 });
  assertEquals(planned(used.state, used.looked), nothing, "used beside it");
  const yields = twoCards([model], { A: 4, B: 4 }, { yields: true });
  assertEquals(planned(yields.state, yields.looked), nothing, "yields");
  const equal = twoCards([model], { A: 4, B: 4 }, { priority: 0 });
  assertEquals(planned(equal.state, equal.looked), nothing, "of its priority");
});

Deno.test("plan() of one who did not look withdraws nothing that one who did may have asked for", () => {
  const model = pending("model", { gpu_B_vram_mb: 20 });
  const { state, looked, me } = twoCards([model], { A: 4, B: 4 });
  for (const stalled of [[], [me.id]]) {
    const { fitting: _, confirm: __, ...asked } = planned(
      state,
      context({ stalled }),
    );
    assertEquals(asked, {});
    assertEquals(planned(state, { ...looked, stalled: new Set(stalled) }), {
      fitting: ["me"],
    });
  }
  // A look of its own knows better: it is enough that the stranger has gone.
  const { state: before, looked: after } = twoCards([model], { A: 24, B: 4 });
  assertEquals(planned(before, after), { grant: ["me"], withdraw: ["model"] });
});

Deno.test("plan() asks back disk space for the one who saw that it is short", () => {
  const me = waiter("me", { "disk_mb@/": 50 }, { ...HIGH, confirms: true });
  const state = pool({}, [offered("cache", { "disk_mb@/": 30 })], [me]);
  const seen = (freeMb: number) =>
    planned(
      state,
      context({
        confirming: {
          id: me.id,
          diskFreeMb: new Map([["disk_mb@/", freeMb]]),
        },
      }),
    );
  assertEquals(seen(79), { fitting: ["me"], ask: ["cache"] });
  assertEquals(seen(49), { fitting: ["me"] });
  assertEquals(planned(state), { fitting: ["me"], confirm: ["me"] });
});

Deno.test("plan() asks back nothing for a waiter that can never be served", () => {
  const state = pool(RAM, [offered("model", { ram: 10 })], [
    waiter("job", { ram: 4, tokens: 1 }, HIGH),
  ]);
  assertEquals(planned(state), {});
});

Deno.test("plan() asks back nothing in a foreign waiter's name", () => {
  const state = pool(RAM, [offered("model", { ram: 10 })], [
    foreign("python", { ram: 4 }, HIGH),
  ]);
  assertEquals(planned(state), {});
});

Deno.test("plan() counts on what was asked before", () => {
  const state = pool(RAM, [
    pending("asked", { ram: 5 }),
    offered("model", { ram: 5 }, { priority: -1 }),
  ], [waiter("job", { ram: 4 }, HIGH)]);
  assertEquals(planned(state), {});
});

Deno.test("plan() counts on a lease that went to work after it was asked", () => {
  const asked = pending("asked", { ram: 5 });
  const work = entryRecord({ id: ours("work"), lease_id: asked.id });
  const state = pool(RAM, [asked, offered("model", { ram: 5 })], [
    work,
    waiter("job", { ram: 4 }, HIGH),
  ]);
  assertEquals(planned(state), {});
});

Deno.test("plan() asks the next one when a request is overdue, and lets that stand", () => {
  const slow = pending("slow", { ram: 5 });
  const state = pool(RAM, [slow, offered("model", { ram: 5 })], [
    waiter("job", { ram: 4 }, HIGH),
  ]);
  assertEquals(planned(state, context({ overdue: [slow.id] })), {
    ask: ["model"],
  });
});

Deno.test("plan() withdraws an overdue request that nobody may make any more", () => {
  const slow = pending("slow", { ram: 5 });
  const state = pool(RAM, [slow, lease("kept", { ram: 5 })], [
    waiter("equal", { ram: 4 }),
    waiter("yields", { ram: 4 }, { ...HIGH, yields: true }),
  ]);
  assertEquals(planned(state, context({ overdue: [slow.id] })), {
    withdraw: ["slow"],
  });
});

Deno.test("plan() withdraws a request when its waiter has gone", () => {
  const state = pool(RAM, [pending("model", { ram: 10 })], []);
  assertEquals(planned(state), { withdraw: ["model"] });
});

Deno.test("plan() withdraws the costlier of two requests when one is enough", () => {
  const state = pool(RAM, [
    pending("cheap", { ram: 5 }),
    pending("dear", { ram: 5 }, { priority: 1 }),
  ], [waiter("job", { ram: 4 }, HIGH)]);
  assertEquals(planned(state), { withdraw: ["dear"] });
});

Deno.test("plan() lets a request stand that a higher priority needs, whatever an equal one wants", () => {
  const state = pool(RAM, [pending("model", { ram: 10 }, { priority: 1 })], [
    waiter("job", { ram: 4 }, HIGH),
    waiter("equal", { ram: 4 }, { priority: 1 }),
  ]);
  assertEquals(planned(state), {});
});

Deno.test("plan() withdraws no request while a foreign waiter wants what the lease holds", () => {
  const model = pending("model", { gpu_A_vram_mb: 8 });
  const cards = { gpu_A_vram_mb: 8, ram: 1 };
  const holder = lease("holder", { ram: 1 });
  const wants = foreign("python", { ram: 1 }, { vram_mb: [4], priority: -5 });
  assertEquals(planned(pool(cards, [model, holder], [wants])), {});
  const other = foreign("python", { ram: 1 });
  assertEquals(planned(pool(cards, [model, holder], [other])), {
    withdraw: ["model"],
  });
});

Deno.test("plan() leaves to a foreign waiter what was asked for it", () => {
  const state = pool(RAM, [
    pending("forpython", { ram: 5 }),
    offered("model", { ram: 5 }),
  ], [
    foreign("python", { ram: 5 }, { priority: 9 }),
    waiter("job", { ram: 5 }, HIGH),
  ]);
  assertEquals(planned(state), { ask: ["model"] });
});

const seed = randomSeed();
Deno.test(`leastLoss() and leastShared() drop whatever is superfluous among many (RESLOCK_SEED=${seed})`, () => {
  const random = seededRandom(seed);
  let chosenMost = 0;
  for (let round = 0; round < 300; round++) {
    const leases = Array.from(
      { length: 11 + random(20) },
      (_, at) =>
        offered("", { a: random(5), b: random(5) }, {
          id: nativeId("aaaaaaaaaa", at),
          priority: random(3),
        }),
    );
    const held = (name: string) =>
      leases.reduce((sum, { resources }) => sum + resources.get(name)!, 0);
    const state = pool({ a: held("a"), b: held("b") }, leases, []);
    const demand = waiterOf(waiter("job", {
      a: 1 + random(held("a")),
      b: 1 + random(held("b")),
    }));
    for (const choose of [leastLoss, leastShared]) {
      const ledger = new Ledger(state);
      const chosen = choose(ledger, demand, leases)!;
      assertEquals(ledger.left("a"), 0, "The ledger is as before");
      const isEnough = (some: LeaseRecord[]) => {
        const after = new Ledger(state);
        for (const { resources } of some) after.give(resources);
        return after.bind(demand) !== undefined;
      };
      assert(isEnough(chosen));
      for (const lease of chosen) {
        assert(!isEnough(chosen.filter((other) => other !== lease)));
      }
      const sign = choose === leastLoss ? 1 : -1;
      const worst = Math.max(...chosen.map((it) => sign * it.priority));
      const better = leases.filter((it) => sign * it.priority < worst);
      assert(!isEnough(better), "Needs the priority that was touched");
      chosenMost = Math.max(chosenMost, chosen.length);
    }
  }
  assert(chosenMost > 10, `${chosenMost} leases at most`);
});

Deno.test("plan() comes to rest with many leases and many waiters", () => {
  const leases = Array.from(
    { length: 40 },
    (_, at) =>
      offered("", { ram: 1 + at % 4 }, { id: nativeId("bbbbbbbbbb", at) }),
  );
  const entries = Array.from(
    { length: 40 },
    (_, at) =>
      waiter("", { ram: 1 + at % 3 }, {
        ...HIGH,
        id: nativeId("aaaaaaaaaa", at),
      }),
  );
  const state = pool({ ram: 100 }, leases, entries);
  const { ask } = plan(state, context()).reclaims;
  assert(ask.length > 20, `${ask.length} asked`);
  for (const lease of ask) {
    state.replaceLease(lease, {
      reclaim_requested: true,
      reclaim_requested_at: "2026-01-02T03:04:05.678Z",
    });
  }
  assertEquals(planned(state), {});
});
