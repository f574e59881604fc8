/**
 * Goal: `plan()` decides as the book does in every small world, so no early
 * exit, table or order of its own changes a decision.
 *
 * Method: each family walks all combinations of a few shapes of leases and
 * waiters; the floor on their number keeps a family from shrinking unseen.
 * After each comparison the decisions are carried out, and must be complete.
 */
import { assert, assertEquals } from "@std/assert";
import { checkChange } from "../../lib/core/invariants.ts";
import { plan } from "../../lib/core/scheduler.ts";
import { settle } from "../../lib/core/transitions.ts";
import { type BookPlan, planByTheBook } from "./model.ts";
import {
  card,
  combine,
  type LeaseShape,
  type Shapes,
  type WaiterShape,
  type World,
  worldsOf,
} from "./worlds.ts";

const STAMP = { isoTime: "2026-01-02T03:04:06.000Z", wallMs: 1767323046000 };

function decided({ state, context }: World): BookPlan {
  const { grants, confirm, fitting, reclaims } = plan(state, context);
  return {
    grants: grants.map(({ waiter, resources }) => ({
      id: waiter.id,
      resources: new Map(resources),
    })),
    confirm: [...confirm],
    fitting: [...fitting],
    ask: reclaims.ask.map(({ id }) => id).sort(),
    withdraw: reclaims.withdraw.map(({ id }) => id).sort(),
  };
}

/** Cheap where plans are equal, as nearly all are. */
function same(a: BookPlan, b: BookPlan): boolean {
  const list = (a: readonly string[], b: readonly string[]) =>
    a.length === b.length && a.every((id, at) => id === b[at]);
  return list(a.confirm, b.confirm) && list(a.fitting, b.fitting) &&
    list(a.ask, b.ask) && list(a.withdraw, b.withdraw) &&
    a.grants.length === b.grants.length &&
    a.grants.every(({ id, resources }, at) =>
      id === b.grants[at].id &&
      resources.size === b.grants[at].resources.size &&
      [...resources].every(([name, amount]) =>
        amount === b.grants[at].resources.get(name)
      )
    );
}

function describe({ state, context }: World): string {
  return Deno.inspect({
    resources: state.resources,
    leases: [...state.leases],
    waiters: state.waiters,
    context,
  }, { depth: 6 });
}

/** Walks a family; returns how many worlds it has and how many decisions were made. */
function walk(shapes: Shapes): { worlds: number; decisions: number } {
  let worlds = 0;
  let decisions = 0;
  for (const world of worldsOf(shapes)) {
    worlds++;
    const found = decided(world);
    const wanted = planByTheBook(world.state, world.context);
    if (!same(found, wanted)) assertEquals(found, wanted, describe(world));
    decisions += found.grants.length + found.confirm.length +
      found.ask.length + found.withdraw.length;
    if (worlds % 4 === 0) checkComplete(world);
  }
  return { worlds, decisions };
}

/** The plans in a row after which nothing is asked back or withdrawn any more. */
const PLANS_UNTIL_CALM_MAX = 3;
/** The same where those who looked and others plan in turns. */
const TURNS_UNTIL_CALM_MAX = 4;

/** What was decided brings in no violation, leaves nothing to grant, and comes to rest. */
function checkComplete({ state, context }: World): void {
  settle(state, context, STAMP);
  const violations = checkChange(state, state.takeChanges());
  // What was seen outside is out of date now.
  const next = { ...context, confirming: undefined };
  const { granted } = settle(state, next, STAMP);
  let plans = 2;
  for (; state.takeChanges().length > 0; plans++) {
    assert(
      plans < PLANS_UNTIL_CALM_MAX,
      "A plan leads to another one for ever",
    );
    settle(state, next, STAMP);
  }
  if (violations.length + granted.length > 0) {
    const found = { violations, granted };
    const wanted = { violations: [], granted: [] };
    assertEquals(found, wanted, describe({ state, context }));
  }
  if (context.confirming !== undefined) checkAgreed({ state, context });
}

/**
 * Who looks again and again, and those who do not know what it saw, do not take back by
 * turns what the other has asked.
 */
function checkAgreed({ state, context }: World): void {
  // What it saw is about the leases that there were.
  if (state.entry(context.confirming!.id)?.lease_id !== null) return;
  const others = { ...context, confirming: undefined };
  let calm = 0;
  for (let turn = 0; calm < 2; turn++) {
    settle(state, turn % 2 === 0 ? context : others, STAMP);
    calm = state.takeChanges().length === 0 ? calm + 1 : 0;
    assert(
      turn < TURNS_UNTIL_CALM_MAX,
      `What is asked is taken back by turns: ${describe({ state, context })}`,
    );
  }
}

Deno.test("plan() is the book's in every small world of counters", () => {
  const { worlds, decisions } = walk({
    capacities: [{ a: 2, b: 1 }, { a: 2 }],
    leases: [
      { resources: { a: 1 } },
      { resources: { b: 1 } },
      { resources: { a: 3 } },
    ],
    leasesMax: 1,
    waiters: combine<WaiterShape>({
      counters: [{ a: 1 }, { a: 2 }, { b: 1 }, { a: 1, b: 1 }, { a: 3 }],
      priority: [1, 0],
      mode: ["native", "yields", "foreign"],
    }),
    waitersMax: 3,
  });
  assert(worlds >= 113_000, `${worlds} worlds`);
  assert(decisions >= 55_000, `${decisions} decisions`);
});

Deno.test("plan() is the book's in every small world of four waiters", () => {
  const { worlds, decisions } = walk({
    capacities: [{ a: 3, b: 2 }, { a: 2, b: 2 }],
    leases: [{ resources: { a: 1 } }],
    leasesMax: 1,
    waiters: combine<WaiterShape>({
      counters: [{ a: 1 }, { a: 2 }, { b: 1 }, { a: 1, b: 2 }],
      priority: [0],
      mode: ["native", "yields", "foreign"],
    }),
    waitersMax: 4,
  });
  assert(worlds >= 90_000, `${worlds} worlds`);
  assert(decisions >= 112_000, `${decisions} decisions`);
});

Deno.test("plan() is the book's in every small world of confirming and stalled ones", () => {
  const { worlds, decisions } = walk({
    capacities: [{ a: 2 }],
    leases: [{ resources: { a: 1 } }, { resources: { "disk_mb@/": 1 } }],
    leasesMax: 1,
    waiters: combine<WaiterShape>({
      counters: [
        { a: 1 },
        { a: 2 },
        { "disk_mb@/": 1 },
        { a: 1, "disk_mb@/": 2 },
      ],
      priority: [0],
      mode: [
        "native",
        "confirms",
        "looked",
        "stalled",
        "foreign",
        "foreign, stalled",
      ],
    }),
    waitersMax: 3,
    truths: [{}, { disks: { "disk_mb@/": 1 } }, { disks: { "disk_mb@/": 3 } }],
  });
  assert(worlds >= 69_000, `${worlds} worlds`);
  assert(decisions >= 89_000, `${decisions} decisions`);
});

Deno.test("plan() is the book's in every small world of cards", () => {
  const { worlds, decisions } = walk({
    capacities: [
      { a: 1, ...card("A", 2), ...card("B", 2) },
      { a: 1, ...card("A", 2), ...card("B", 1) },
    ],
    leases: [{ resources: card("A", 1) }, { resources: card("B", 1) }],
    leasesMax: 1,
    waiters: [
      ...combine<WaiterShape>({
        slots: [[1], [2], [1, 1], [2, 1]],
        priority: [0],
        mode: ["native", "confirms", "looked", "stalled", "foreign"],
      }),
      { slots: [2], priority: 0, mode: "yields" },
      { counters: { a: 1 }, slots: [1], priority: 0, mode: "native" },
    ],
    waitersMax: 3,
    truths: [
      { cards: { A: 2, B: 0 } },
      { cards: { A: 1, B: 1 } },
      { cards: { A: 2, B: 1 }, placement: "spread" },
      { cards: { A: 2, B: 1 }, placement: "pack" },
      { cards: { B: 2 } },
    ],
  });
  assert(worlds >= 109_000, `${worlds} worlds`);
  assert(decisions >= 99_000, `${decisions} decisions`);
});

Deno.test("plan() is the book's in every small world of reclaimable leases", () => {
  const { worlds, decisions } = walk({
    capacities: [{ a: 2, b: 1 }],
    leases: [
      ...combine<LeaseShape>({
        resources: [{ a: 1 }, { b: 1 }, { a: 1, b: 1 }],
        priority: [0, 1],
        mode: ["offered", "pending", "overdue"],
      }),
      ...combine<LeaseShape>({
        resources: [{ a: 1 }, { a: 1, b: 1 }],
        priority: [0],
        mode: ["kept", "busy"],
      }),
    ],
    leasesMax: 2,
    waiters: combine<WaiterShape>({
      counters: [{ a: 1 }, { a: 2 }, { b: 1 }, { a: 1, b: 1 }],
      priority: [2, 1],
      mode: ["native", "yields", "foreign"],
    }),
    waitersMax: 2,
  });
  assert(worlds >= 126_000, `${worlds} worlds`);
  assert(decisions >= 88_000, `${decisions} decisions`);
});

Deno.test("plan() is the book's in every small world of leases to choose from", () => {
  const { worlds, decisions } = walk({
    capacities: [{ a: 6 }],
    leases: combine<LeaseShape>({
      resources: [{ a: 1 }, { a: 3 }],
      priority: [0, 1, 2],
      mode: ["offered", "pending"],
    }),
    leasesMax: 4,
    waiters: combine<WaiterShape>({
      counters: [{ a: 2 }, { a: 4 }],
      priority: [2, 3],
      mode: ["native"],
    }),
    waitersMax: 2,
  });
  assert(worlds >= 30_000, `${worlds} worlds`);
  assert(decisions >= 53_000, `${decisions} decisions`);
});

Deno.test("plan() is the book's in every small world of reclaimable cards", () => {
  const { worlds, decisions } = walk({
    capacities: [
      { ...card("A", 2), ...card("B", 2) },
      { ...card("A", 2), ...card("B", 1) },
    ],
    leases: combine<LeaseShape>({
      resources: [
        card("A", 1),
        card("A", 2),
        card("B", 1),
        { ...card("A", 1), ...card("B", 1) },
      ],
      priority: [0],
      mode: ["kept", "offered", "pending"],
    }),
    leasesMax: 2,
    waiters: combine<WaiterShape>({
      slots: [[1], [2], [1, 1], [2, 1]],
      priority: [1, 0],
      mode: ["native", "foreign"],
    }),
    waitersMax: 2,
  });
  assert(worlds >= 38_000, `${worlds} worlds`);
  assert(decisions >= 14_000, `${decisions} decisions`);
});

Deno.test("plan() is the book's in every small world of reclaimable cards that were looked at", () => {
  const { worlds, decisions } = walk({
    capacities: [
      { ...card("A", 2), ...card("B", 2) },
      { ...card("A", 2), ...card("B", 1) },
    ],
    leases: [
      ...combine<LeaseShape>({
        resources: [card("A", 1), card("B", 1), card("B", 2)],
        priority: [0],
        mode: ["offered", "pending"],
      }),
      { resources: card("B", 1), mode: "kept" },
      { resources: card("B", 2), mode: "overdue" },
    ],
    leasesMax: 2,
    waiters: [
      ...combine<WaiterShape>({
        slots: [[1], [2], [1, 1]],
        priority: [1, 0],
        mode: ["confirms", "looked"],
      }),
      ...combine<WaiterShape>({
        slots: [[1], [2]],
        priority: [1],
        mode: ["native", "looked, stalled", "looked, yields", "foreign"],
      }),
    ],
    waitersMax: 2,
    truths: [
      { cards: { A: 0, B: 0 } },
      { cards: { A: -1, B: 1 } },
      { cards: { B: 0 }, placement: "spread" },
    ],
  });
  assert(worlds >= 53_000, `${worlds} worlds`);
  assert(decisions >= 49_000, `${decisions} decisions`);
});

Deno.test("plan() is the book's in every small world of reclaimable leases of one who looked", () => {
  const { worlds, decisions } = walk({
    capacities: [{ a: 2, ...card("A", 2), ...card("B", 2) }],
    leases: combine<LeaseShape>({
      resources: [
        { a: 1 },
        card("A", 2),
        card("B", 2),
        { a: 1, "disk_mb@/": 1 },
      ],
      priority: [0, 1],
      mode: ["offered", "pending"],
    }),
    leasesMax: 2,
    waiters: [
      { slots: [2], priority: 2, mode: "looked" },
      { slots: [1], counters: { a: 1 }, priority: 2, mode: "looked" },
      { counters: { "disk_mb@/": 1 }, priority: 2, mode: "looked" },
      { slots: [2], priority: 2, mode: "confirms" },
      { slots: [2], counters: { a: 2 }, priority: 2, mode: "native" },
      { counters: { a: 2 }, priority: 1, mode: "native" },
      { counters: { "disk_mb@/": 2 }, priority: 1, mode: "looked" },
    ],
    waitersMax: 2,
    truths: [
      { cards: { A: 0, B: 0 }, disks: { "disk_mb@/": 1 } },
      { cards: { A: -1, B: 1 }, disks: { "disk_mb@/": 2 } },
      { cards: { B: 0 }, disks: {} },
    ],
  });
  assert(worlds >= 12_000, `${worlds} worlds`);
  assert(decisions >= 16_000, `${decisions} decisions`);
});
