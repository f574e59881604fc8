import { assertEquals, assertThrows } from "@std/assert";
import {
  byHandSince,
  isAskedByHand,
  saysCancelled,
  withoutMarks,
} from "../../lib/core/marks.ts";
import {
  askBack,
  cancel,
  named,
  reset,
  setPriority,
} from "../../lib/core/operations.ts";
import { checkState } from "../../lib/core/invariants.ts";
import { settle } from "../../lib/core/transitions.ts";
import { entryRecord } from "../support/records.ts";
import {
  context,
  foreign,
  lease,
  nameOf,
  ours,
  pool,
  waiter,
} from "../support/pools.ts";

const STAMP = {
  isoTime: "2026-01-02T03:04:06.000Z",
  wallMs: Date.UTC(2026, 0, 2, 3, 4, 6),
};
const WORDS = { action: "release", what: "lease", command: "list" };

Deno.test("named() takes a whole id before the beginnings of others", () => {
  const things = ["abc-4", "abc-44", "abd-4"].map((id) => ({ id }));
  assertEquals(named(things, "abc-4", WORDS).id, "abc-4");
  assertEquals(named(things, "abd", WORDS).id, "abd-4");
  assertThrows(() => named(things, "ab", WORDS), RangeError, "3 of them begin");
  assertThrows(() => named(things, "x", WORDS), RangeError, "no lease has it");
  assertThrows(() => named(things, "", WORDS), RangeError, "no lease has it");
});

Deno.test("cancel() leaves a lease of nothing in the place of the waiter", () => {
  const state = pool({ ram: 4 }, [lease("holder", { ram: 4 })], [
    waiter("me", { ram: 4 }, { label: "train", estimated_seconds: 9 }),
    waiter("next", { ram: 1 }),
  ]);
  assertEquals(nameOf(cancel(state, "me", STAMP)), "me");
  const left = state.lease(ours("me"))!;
  assertEquals(saysCancelled(left), true);
  assertEquals([left.label, left.wait_sec], ["train", null]);
  assertEquals(state.waiters.map(nameOf), ["next"]);
  assertEquals(state.work.size, 0);
  assertEquals(state.used.get("ram"), 4);
});

Deno.test("cancel() refuses a Python client, which could not be told", () => {
  const state = pool({ ram: 4 }, [], [foreign("0123456789ab", { ram: 5 })]);
  assertThrows(() => cancel(state, "0123", STAMP), TypeError, "4242");
  assertEquals(state.waiters.length, 1);
});

Deno.test("reset() drops all leases, cancels all who wait, and keeps the capacities", () => {
  const job = lease("job", { ram: 4 });
  const state = pool({ ram: 10 }, [job, lease("other", { ram: 2 })], [
    entryRecord({ id: ours("work"), lease_id: job.id }),
    waiter("a", { ram: 9 }),
    waiter("dead", { ram: 9 }),
    foreign("0123456789ab", { ram: 9 }),
  ]);
  const dead = new Set([ours("dead")]);
  reset(state, STAMP, dead);
  assertEquals(state.work.size + state.waiters.length, 0);
  assertEquals([...state.leases].map(nameOf), ["a"]);
  assertEquals([...state.leases].every(saysCancelled), true);
  assertEquals(state.free("ram"), 10);
  assertEquals(checkState(state), []);
  // Whoever has not seen it yet is told all the same.
  reset(state, STAMP, dead);
  assertEquals([...state.leases].map(nameOf), ["a"]);
  reset(state, STAMP, new Set([ours("a")]));
  assertEquals(state.leases.size, 0);
});

Deno.test("a cancelled request is no lease to whoever steers, nor is an emptied lease one", () => {
  const state = pool({ ram: 4 }, [lease("emptied", {})], [
    waiter("me", { ram: 9 }, { reclaimable_intent: true }),
  ]);
  cancel(state, "me", STAMP);
  assertThrows(() => setPriority(state, "me", 1), RangeError, "has it");
  assertThrows(() => askBack(state, "me", STAMP), RangeError, "has it");
  assertThrows(() => cancel(state, "me", STAMP), RangeError, "has it");
  assertEquals(state.reclaimable.size, 0);
  assertEquals(withoutMarks(state.leases).map(nameOf), ["emptied"]);
  // Its holder learns that it has lost it.
  reset(state, STAMP);
  assertEquals([...state.leases].map(nameOf), ["me"]);
});

Deno.test("cancel() knows no leases and no work", () => {
  const state = pool({ ram: 4 }, [lease("held", { ram: 1 })], [
    waiter("work", {}, { lease_id: ours("held") }),
  ]);
  for (const id of ["held", "work", "nobody"]) {
    assertThrows(() => cancel(state, id, STAMP), RangeError, "no waiter");
  }
});

Deno.test("setPriority() gives a waiter its place by rank, then arrival", () => {
  const at = (second: number) => ({
    queued_at: `2026-01-02T03:04:0${second}Z`,
  });
  const state = pool({ ram: 4 }, [], [
    waiter("high", { ram: 9 }, { priority: 5, ...at(2) }),
    waiter("first", { ram: 9 }, at(1)),
    waiter("second", { ram: 9 }, at(3)),
    waiter("third", { ram: 9 }, at(4)),
  ]);
  setPriority(state, "third", 5);
  assertEquals(state.waiters.map(nameOf), ["high", "third", "first", "second"]);
  setPriority(state, "first", 5);
  assertEquals(state.waiters.map(nameOf), ["first", "high", "third", "second"]);
  assertEquals(setPriority(state, "high", -1), {
    kind: "waiter",
    id: ours("high"),
    label: null,
    before: 5,
    priority: -1,
  });
  assertEquals(state.waiters.map(nameOf), ["first", "third", "second", "high"]);
});

Deno.test("setPriority() changes a lease, and nothing where nothing is new", () => {
  const state = pool({ ram: 4 }, [lease("held", { ram: 1 })], []);
  assertEquals(setPriority(state, "held", 0).before, 0);
  assertEquals(state.changes, []);
  assertEquals(setPriority(state, "held", 7).kind, "lease");
  assertEquals(state.lease(ours("held"))!.priority, 7);
});

Deno.test("askBack() asks a lease that nobody waits for, and it stays asked", () => {
  const state = pool({ ram: 4 }, [
    lease("idle", { ram: 1 }, { reclaimable: true }),
  ], []);
  assertEquals(isAskedByHand(askBack(state, "idle", STAMP)), true);
  for (const overdue of [[], [ours("idle")]]) {
    settle(state, context({ overdue }), STAMP);
    const { reclaim_requested_at: since } = state.lease(ours("idle"))!;
    assertEquals(since, "2026-01-02T03:04:06.000001Z");
  }
  const before = state.lease(ours("idle"));
  assertEquals(askBack(state, "idle", STAMP), before);
});

Deno.test("askBack() makes a request of a waiter one that stays without it", () => {
  const state = pool({ ram: 4 }, [
    lease("idle", { ram: 4 }, { reclaimable: true, reclaim_requested: true }),
  ], [waiter("high", { ram: 4 }, { priority: 1 })]);
  askBack(state, "idle", STAMP);
  cancel(state, "high", STAMP);
  const { withdrawn } = settle(state, context(), STAMP);
  assertEquals(withdrawn, []);
});

Deno.test("askBack() refuses what its holder did not offer, or works on", () => {
  const state = pool({ ram: 4 }, [
    lease("kept", { ram: 1 }),
    lease("busy", { ram: 1 }, { reclaimable: true }),
  ], [waiter("work", {}, { lease_id: ours("busy") })]);
  assertThrows(() => askBack(state, "kept", STAMP), TypeError, "not reclaim");
  assertThrows(() => askBack(state, "busy", STAMP), TypeError, "in progress");
  assertThrows(() => askBack(state, "work", STAMP), RangeError, "no lease");
});

Deno.test("isAskedByHand() is not taken in by the times of others", () => {
  const asked = (since: string) =>
    isAskedByHand(
      lease("x", {}, { reclaim_requested: true, reclaim_requested_at: since }),
    );
  const time = byHandSince("2026-01-02T03:04:06.789Z");
  assertEquals(time, "2026-01-02T03:04:06.789001Z");
  assertEquals(asked(time), true);
  assertEquals(asked("2026-01-02T03:04:06.789001+00:00"), true);
  assertEquals(asked("2026-01-02T03:04:06.001Z"), false);
  assertEquals(asked("2026-01-02T03:04:06.789Z"), false);
  assertEquals(asked("2026-01-02T03:04:06.789012Z"), false);
});
