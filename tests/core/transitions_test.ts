import { assert, assertEquals, assertThrows } from "@std/assert";
import { ImpossibleRequestError } from "../../lib/core/errors.ts";
import { checkState } from "../../lib/core/invariants.ts";
import type { LeaseRecord } from "../../lib/core/model.ts";
import { type PoolState, waiterOf } from "../../lib/core/state.ts";
import {
  assertPossible,
  release,
  settle,
  shrink,
  withdraw,
} from "../../lib/core/transitions.ts";
import {
  context,
  lease,
  nameOf,
  ours,
  pool,
  waiter,
} from "../support/pools.ts";
import { entryRecord } from "../support/records.ts";

const QUEUED = "2026-01-02T03:04:05.000Z";
const STAMP = {
  isoTime: "2026-01-02T03:04:07.250Z",
  wallMs: Date.parse("2026-01-02T03:04:07.250Z"),
};
const RAM = { ram: 10 };

function held(state: PoolState): Record<string, Record<string, number>> {
  return Object.fromEntries(
    [...state.leases].map((lease) => [
      nameOf(lease),
      Object.fromEntries(lease.resources),
    ]),
  );
}

Deno.test("settle() writes the lease in the waiter's name", () => {
  const entry = waiter("job", { ram: 4 }, {
    pid: 17,
    host_pid: 1,
    priority: 3,
    label: "whisper",
    reclaimable_intent: true,
    queued_at: QUEUED,
  });
  const state = pool(RAM, [], [entry]);
  const { granted } = settle(state, context(), STAMP);
  const wanted: LeaseRecord = {
    id: entry.id,
    pid: 17,
    host_pid: 1,
    resources: new Map([["ram", 4]]),
    priority: 3,
    acquired_at: STAMP.isoTime,
    queued_at: QUEUED,
    wait_sec: 2.25,
    reclaimable: true,
    reclaim_requested: false,
    reclaim_requested_at: null,
    label: "whisper",
    pids: [],
    actual_resources: new Map(),
    cpu_seconds: null,
  };
  assertEquals(granted, [wanted]);
  assertEquals([...state.leases], [wanted]);
  assertEquals(state.waiters, []);
  assertEquals(state.entry(entry.id), undefined);
});

Deno.test("settle() keeps an entry with an estimate as the work on its lease", () => {
  const entry = waiter("job", { ram: 4 }, { estimated_seconds: 60 });
  const state = pool(RAM, [], [entry]);
  settle(state, context(), STAMP);
  assertEquals(state.waiters, []);
  assertEquals([...state.work], [
    { ...entry, lease_id: entry.id, started_at: STAMP.isoTime },
  ]);
  assertEquals(checkState(state), []);
});

const WAITS: [string, number | null][] = [
  ["2026-01-02T03:04:07.250Z", 0],
  ["2026-01-02T03:04:07.249Z", 0.001],
  ["2026-01-02T03:04:07", 0.25],
  ["2026-01-02T04:04:07.123456+01:00", 0.127],
  ["2026-01-02T03:05:00Z", 0],
  ["once upon a time", null],
];

for (const [queued_at, seconds] of WAITS) {
  Deno.test(`settle() tells a wait of ${seconds} s since ${queued_at}`, () => {
    const state = pool(RAM, [], [waiter("job", { ram: 1 }, { queued_at })]);
    const [{ wait_sec }] = settle(state, context(), STAMP).granted;
    assertEquals(wait_sec, seconds);
  });
}

Deno.test("settle() asks leases back, and takes that back", () => {
  const model = lease("model", { ram: 10 }, { reclaimable: true });
  const entry = waiter("job", { ram: 4 }, { priority: 1 });
  const state = pool(RAM, [model], [entry]);
  const asked = {
    ...model,
    reclaim_requested: true,
    reclaim_requested_at: STAMP.isoTime,
  };
  assertEquals(settle(state, context(), STAMP).reclaimed, [asked]);
  assertEquals([...state.reclaimable], [asked]);
  assertEquals(withdraw(state, entry.id), "queued");
  assertEquals(settle(state, context(), STAMP).withdrawn, [model]);
  assertEquals([...state.leases], [model]);
});

Deno.test("settle() changes nothing where nothing is to be done", () => {
  const state = pool(RAM, [lease("holder", { ram: 8 })], [
    waiter("job", { ram: 4 }),
  ]);
  settle(state, context(), STAMP);
  assertEquals(state.changes, []);
});

Deno.test("release() drops the lease with all work on it, and nothing else", () => {
  const job = lease("job", { ram: 4 });
  const other = lease("other", { ram: 4 });
  const state = pool(RAM, [job, other], [
    entryRecord({ id: ours("mine"), lease_id: job.id }),
    entryRecord({ id: ours("more"), lease_id: job.id }),
    entryRecord({ id: ours("others"), lease_id: other.id }),
  ]);
  assert(release(state, job.id));
  assertEquals(held(state), { other: { ram: 4 } });
  assertEquals([...state.work].map(nameOf), ["others"]);
  assert(!release(state, job.id));
});

Deno.test("withdraw() tells what has become of a wait", () => {
  const entry = waiter("job", { ram: 4 }, { estimated_seconds: 5 });
  const state = pool(RAM, [], [entry]);
  assertEquals(withdraw(state, entry.id), "queued");
  assertEquals(withdraw(state, entry.id), "gone");
  state.addEntry(entry);
  settle(state, context(), STAMP);
  assertEquals(withdraw(state, entry.id), "granted");
  assertEquals(held(state), { job: { ram: 4 } });
  assertEquals(state.work.size, 1);
});

Deno.test("withdraw() leaves the work on a lease alone", () => {
  const job = lease("job", { ram: 4 });
  const work = entryRecord({ id: ours("work"), lease_id: job.id });
  const state = pool(RAM, [job], [work]);
  assertEquals(withdraw(state, work.id), "gone");
  assertEquals(state.work.size, 1);
});

Deno.test("shrink() lowers the named amounts and drops what reaches 0", () => {
  const job = lease("job", { ram: 4, cpu: 2, gpu_A_vram_mb: 8 });
  const state = pool({ ...RAM, cpu: 2, gpu_A_vram_mb: 8 }, [job], []);
  const amounts = new Map([["ram", 3], ["cpu", 0]]);
  const smaller = shrink(state, job, amounts);
  assertEquals(held(state), { job: { ram: 3, gpu_A_vram_mb: 8 } });
  assertEquals(state.lease(job.id), smaller);
  assertEquals([state.free("ram"), state.free("cpu")], [7, 2]);
});

for (
  const [name, amount] of [["ram", 5], ["ram", -1], ["ram", 1.5], ["cpu", 1]]
) {
  Deno.test(`shrink() refuses ${amount} of ${name} for a lease on 4 of ram`, () => {
    const job = lease("job", { ram: 4 });
    const state = pool(RAM, [job], []);
    const amounts = new Map([["ram", 2], [name as string, amount as number]]);
    assertThrows(
      () => shrink(state, job, amounts),
      RangeError,
      `Cannot shrink "${name}" to ${amount}`,
    );
    assertEquals(held(state), { job: { ram: 4 } });
  });
}

const CARDS = { ram: 10, gpu_A_vram_mb: 16, gpu_B_vram_mb: 24 };

const IMPOSSIBLE: [Record<string, number>, number[], string][] = [
  [
    { ram: 11 },
    [],
    `Cannot acquire 11 of "ram" as its whole capacity is 10: ask for less, ` +
    `or raise it with reslock set "ram" VALUE`,
  ],
  [
    { rma: 1 },
    [],
    `Cannot acquire "rma" as no capacity is registered for it: check the ` +
    `name, or register one with reslock set "rma" VALUE`,
  ],
  [
    {},
    [30],
    `Cannot acquire a card of 30 MB or more as no card is that large, the ` +
    `largest has 24 MB: ask for less, or see what each has in ` +
    `"reslock status"`,
  ],
  [
    {},
    [20, 20],
    `Cannot acquire 2 cards of 20 MB or more as only 1 is that large, the ` +
    `next has 16 MB: ask for less, or see what each has in ` +
    `"reslock status"`,
  ],
  [
    {},
    [8, 8, 8],
    `Cannot acquire 3 cards of 8 MB or more as only 2 are registered: ` +
    `ask for fewer, or register those that are here with "reslock init"`,
  ],
];

for (const [counters, vram_mb, message] of IMPOSSIBLE) {
  const asked = `${JSON.stringify(counters)} and cards ${vram_mb}`;
  Deno.test(`assertPossible() refuses ${asked}`, () => {
    const state = pool(CARDS, [], []);
    const gpu = vram_mb.length > 0 ? { vram_mb } : {};
    const demand = waiterOf(waiter("job", counters, gpu));
    const error = assertThrows(
      () => assertPossible(state, demand),
      ImpossibleRequestError,
    );
    assertEquals(error.message, message);
  });
}

Deno.test("assertPossible() tells the facts as fields", () => {
  const demand = waiterOf(waiter("job", {}, { vram_mb: [20, 20] }));
  const { resource, requested, capacity } = assertThrows(
    () => assertPossible(pool(CARDS, [], []), demand),
    ImpossibleRequestError,
  );
  assertEquals({ resource, requested, capacity }, {
    resource: "vram_mb",
    requested: 20,
    capacity: 16,
  });
});

Deno.test("assertPossible() lets through what must only wait", () => {
  const state = pool(CARDS, [lease("holder", { ram: 10 })], []);
  const counters = { ram: 10, "disk_mb@/data": 1e9 };
  const demand = waiterOf(waiter("job", counters, { vram_mb: [10, 20] }));
  assertPossible(state, demand);
});

Deno.test("assertPossible() lets through what may get a capacity, where that is waited for", () => {
  const wishes = { waitForCapacity: true };
  const early = waiterOf(waiter("job", { tokens: 5 }, { vram_mb: [8, 8, 8] }));
  assertPossible(pool({}, [], []), early, wishes);
  assertPossible(pool(CARDS, [], []), early, wishes);
  const large = waiterOf(waiter("job", { tokens: 5, ram: 11 }));
  assertThrows(
    () => assertPossible(pool(CARDS, [], []), large, wishes),
    ImpossibleRequestError,
    `"ram"`,
  );
});
