import { assertEquals } from "@std/assert";
import {
  checkChange,
  checkState,
  type Violation,
} from "../../lib/core/invariants.ts";
import { nativeId } from "../../lib/core/ids.ts";
import type { PoolState } from "../../lib/core/state.ts";
import { foreign, lease, ours, pool, waiter } from "../support/pools.ts";
import { entryRecord, leaseRecord } from "../support/records.ts";

const RAM = { ram: 10 };

function numbers(violations: readonly Violation[]): number[] {
  return violations.map(({ invariant }) => invariant);
}

/** What a change of a pool brings in, as numbers of invariants. */
function broughtIn(
  state: PoolState,
  change: (state: PoolState) => void,
): number[] {
  change(state);
  return numbers(checkChange(state, state.takeChanges()));
}

const STATES: [string, number[], PoolState][] = [
  ["an empty pool", [], pool({}, [], [])],
  [
    "a pool in use",
    [],
    pool(RAM, [lease("job", { ram: 10, "disk_mb@/data": 99 })], [
      entryRecord({ id: ours("work"), lease_id: ours("job") }),
      waiter("high", { ram: 4 }, { priority: 1 }),
      waiter("low", { ram: 4 }),
    ]),
  ],
  ["too much leased", [1], pool(RAM, [lease("job", { ram: 11 })], [])],
  ["leases on no capacity", [1], pool({}, [lease("job", { ram: 1 })], [])],
  ["a lease of nothing", [5], pool(RAM, [lease("job", { ram: 0 })], [])],
  ["a negative lease", [5], pool(RAM, [lease("job", { ram: -4 })], [])],
  [
    "a foreign lease of nothing",
    [],
    pool(
      RAM,
      [leaseRecord({ id: "python", resources: new Map([["ram", 0]]) })],
      [],
    ),
  ],
  [
    "two leases of an id",
    [4],
    pool(RAM, [lease("job", { ram: 1 }), lease("job", { ram: 1 })], []),
  ],
  [
    "a lease and a waiter of an id",
    [4],
    pool(RAM, [lease("job", { ram: 1 })], [waiter("job", { ram: 1 })]),
  ],
  [
    "foreign things of one id",
    [],
    pool(RAM, [], [foreign("python", {}), foreign("python", {})]),
  ],
  [
    "work on a lease that is gone",
    [6],
    pool(RAM, [], [entryRecord({ id: ours("work"), lease_id: ours("job") })]),
  ],
  [
    "foreign work on a lease that is gone",
    [],
    pool(RAM, [], [entryRecord({ id: "python", lease_id: "nothing" })]),
  ],
  [
    "a request without a time, and a time without a request",
    [7, 7],
    pool(RAM, [
      lease("a", {}, { reclaim_requested: true, reclaim_requested_at: null }),
      lease("b", {}, { reclaim_requested_at: "2026-01-02T03:04:05Z" }),
    ], []),
  ],
];

for (const [what, wanted, state] of STATES) {
  Deno.test(`checkState() finds ${wanted.length} violations in ${what}`, () => {
    assertEquals(numbers(checkState(state)), wanted);
  });
}

Deno.test("checkState() tells what is wrong, under a key that stays the same", () => {
  const state = pool(RAM, [lease("job", { ram: 11 })], []);
  const wanted = {
    invariant: 1,
    key: "1 ram",
    message: `11 of "ram" are leased, the capacity is 10`,
  };
  assertEquals(checkState(state), [wanted]);
  state.addLease(lease("more", { ram: 1 }));
  assertEquals(checkState(state)[0].key, wanted.key);
});

Deno.test("checkState() notices waiters out of order and sums that are off", () => {
  const state = pool(RAM, [lease("job", { ram: 2 })], [
    waiter("high", { ram: 4 }, { priority: 1 }),
    waiter("low", { ram: 4 }),
  ]);
  // No call of the state does this: it is what the check is for.
  (state.waiters as unknown[]).reverse();
  (state.used as Map<string, number>).set("ram", 3);
  assertEquals(numbers(checkState(state)), [2, 3]);
});

const CHANGES: [string, number[], (state: PoolState) => void][] = [
  ["nothing", [], () => {}],
  ["a lease", [], (state) => state.addLease(lease("new", { ram: 2 }))],
  ["a lease too much", [1], (state) => {
    state.addLease(lease("new", { ram: 3 }));
  }],
  ["a lease on a name of no capacity", [1], (state) => {
    state.addLease(lease("new", { rma: 1 }));
  }],
  ["disk space", [], (state) => {
    state.addLease(lease("new", { "disk_mb@/": 99 }));
  }],
  ["a capacity below its use", [], (state) => state.setResource("ram", 1)],
  ["a capacity that vanishes", [], (state) => {
    state.unsetResource("ram");
  }],
  ["a lease of nothing", [5], (state) => {
    state.addLease(lease("new", { ram: 0 }));
  }],
  ["a lease that came and went", [], (state) => {
    state.addLease(lease("new", { ram: 99 }));
    state.removeLease(state.lease(ours("new"))!);
  }],
  ["a second lease of an id", [4], (state) => {
    state.addLease(lease("new", { ram: 1 }));
    state.addLease(lease("new", { ram: 1 }));
  }],
  ["a lease of an id that waits", [4], (state) => {
    state.addLease(lease("low", { ram: 1 }));
  }],
  ["a waiter of an id that holds", [4], (state) => {
    state.addEntry(waiter("job", { ram: 1 }));
  }],
  ["a waiter", [], (state) => {
    state.addEntry(waiter("new", { ram: 1 }, { priority: 1 }));
  }],
  ["work on a lease", [], (state) => {
    state.addEntry(entryRecord({ id: ours("more"), lease_id: ours("job") }));
  }],
  ["work on no lease", [6], (state) => {
    state.addEntry(entryRecord({ id: ours("more"), lease_id: ours("new") }));
  }],
  ["work whose lease goes", [6], (state) => {
    state.removeLease(state.lease(ours("job"))!);
  }],
  ["a request without a time", [7], (state) => {
    state.replaceLease(state.lease(ours("job"))!, { reclaim_requested: true });
  }],
];

for (const [what, wanted, change] of CHANGES) {
  Deno.test(`checkChange() finds ${wanted.length} violations in ${what}`, () => {
    const state = pool(RAM, [lease("job", { ram: 8 })], [
      entryRecord({ id: ours("work"), lease_id: ours("job") }),
      waiter("high", { ram: 4 }, { priority: 2 }),
      waiter("low", { ram: 4 }),
    ]);
    assertEquals(broughtIn(state, change), wanted);
  });
}

Deno.test("checkChange() notices a waiter out of order, in front or behind", () => {
  for (const name of ["high", "low"]) {
    const state = pool(RAM, [], [waiter("mid", { ram: 4 }, { priority: 1 })]);
    const found = broughtIn(state, () => {
      state.addEntry(waiter("high", { ram: 4 }, { priority: 2 }));
      state.addEntry(waiter("low", { ram: 4 }));
      const waiters = state.waiters as unknown[];
      const at = name === "high" ? 0 : 1;
      waiters.splice(at, 2, ...waiters.slice(at, at + 2).reverse());
    });
    assertEquals(found.length > 0 && found.every((it) => it === 3), true);
  }
});

Deno.test("checkChange() blames nobody for what was wrong before", () => {
  const odd = leaseRecord({
    id: nativeId("aaaaaaaaaa", 1),
    resources: new Map([["ram", 12], ["cpu", 0]]),
    reclaimable: true,
    reclaim_requested: true,
  });
  const state = pool(RAM, [odd], [
    entryRecord({ id: ours("work"), lease_id: ours("gone") }),
  ]);
  assertEquals(numbers(checkState(state)), [1, 5, 7, 6]);
  // It holds less then, but still more than there is.
  const smaller = new Map([["ram", 11], ["cpu", 0]]);
  assertEquals(
    broughtIn(state, () => state.replaceLease(odd, { resources: smaller })),
    [],
  );
  assertEquals(
    broughtIn(state, () => state.addLease(lease("new", { ram: 1 }))),
    [1],
  );
});
