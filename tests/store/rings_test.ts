import { assertEquals } from "@std/assert";
import type { EntryRecord } from "../../lib/core/model.ts";
import { PoolState } from "../../lib/core/state.ts";
import { settle } from "../../lib/core/transitions.ts";
import { whomToRing } from "../../lib/store/rings.ts";
import { FRONT_WAITERS } from "../../lib/store/store.ts";
import { entryRecord, leaseRecord } from "../support/records.ts";

const NOW = "2026-01-01T00:10:00.000Z";
const NOTHING_KNOWN = {
  stalled: new Set<string>(),
  overdue: new Set<string>(),
};
const SLOT = new Map([["slot", 1]]);

/** An id of a program of its own; `bits` 1: it has to grant itself. */
function idOf(number: number, bits = 0): string {
  return `waiter000${number}-${4 + bits}`;
}

function waiting(number: number, fields: Partial<EntryRecord> = {}) {
  return entryRecord({
    id: idOf(number),
    resources: SLOT,
    queued_at: "2026-01-01T00:00:00.000Z",
    ...fields,
  });
}

/** A pool whose slot is leased, with so many waiters. */
function full(count: number) {
  const state = new PoolState();
  state.setResource("slot", 1);
  const holder = leaseRecord({ id: "holder0000-4", resources: SLOT });
  state.addLease(holder);
  const entries = Array.from({ length: count }, (_, i) => waiting(i));
  for (const entry of entries) state.addEntry(entry);
  state.takeChanges();
  return { state, holder, entries };
}

function ringsAfter(
  state: PoolState,
  { now = NOW, isNews = false, robs = false } = {},
): string[] {
  const stamp = { isoTime: now, wallMs: Date.parse(now) };
  const settlement = settle(state, NOTHING_KNOWN, stamp);
  const settled = { state, settlement, isNews, robs };
  return whomToRing({ ...settled, context: NOTHING_KNOWN }, () => stamp.wallMs);
}

Deno.test("whomToRing() names who was granted, and who comes to the front", () => {
  const { state, holder } = full(FRONT_WAITERS + 2);
  state.removeLease(holder);
  assertEquals(ringsAfter(state), [idOf(0), idOf(FRONT_WAITERS)]);
});

Deno.test("whomToRing() leaves those alone who came just now, and were in front, or leave behind it", () => {
  const late = full(FRONT_WAITERS + 2);
  late.state.removeLease(late.holder);
  const now = "2026-01-01T00:00:01.500Z";
  assertEquals(ringsAfter(late.state, { now }), [idOf(0)]);
  const few = full(FRONT_WAITERS);
  few.state.removeLease(few.holder);
  assertEquals(ringsAfter(few.state), [idOf(0)]);
  const behind = full(FRONT_WAITERS + 3);
  behind.state.removeEntry(behind.entries.at(-2)!);
  assertEquals(ringsAfter(behind.state), []);
});

Deno.test("whomToRing() goes by places, whatever clocks say", () => {
  const { state, holder } = full(FRONT_WAITERS + 1);
  state.removeLease(holder);
  const now = "2025-12-31T23:00:00.000Z";
  assertEquals(ringsAfter(state, { now }), [idOf(0), idOf(FRONT_WAITERS)]);
});

Deno.test("whomToRing() takes who only passed through for nobody's place", () => {
  const { state } = full(FRONT_WAITERS + 1);
  const passing = waiting(9, { priority: 5, resources: new Map() });
  state.addEntry(passing);
  state.removeEntry(passing);
  assertEquals(ringsAfter(state), []);
});

Deno.test("whomToRing() counts several who leave, and those who come in their place", () => {
  const { state, entries } = full(FRONT_WAITERS + 4);
  state.removeEntry(entries[0]);
  state.removeEntry(entries[3]);
  state.addEntry(waiting(9, { priority: 1, queued_at: NOW }));
  assertEquals(ringsAfter(state), [idOf(FRONT_WAITERS)]);
});

Deno.test("whomToRing() names the next in line beside one that has to grant itself", () => {
  const { state, holder } = full(0);
  state.addEntry(waiting(1, { id: idOf(1, 1) }));
  state.addEntry(waiting(2));
  state.takeChanges();
  state.removeLease(holder);
  assertEquals(ringsAfter(state, { isNews: true }), [idOf(2), idOf(1, 1)]);
  assertEquals(ringsAfter(state), [idOf(1, 1)], "it was told before");
});

Deno.test("whomToRing() names the next in line alone where nothing has changed", () => {
  const { state } = full(0);
  state.setResource("slot", 2);
  state.addEntry(waiting(1, { id: idOf(1, 1) }));
  state.addEntry(waiting(2));
  state.takeChanges();
  assertEquals(ringsAfter(state, { isNews: true }), [idOf(2)]);
  assertEquals(ringsAfter(state), []);
});

Deno.test("whomToRing() names whom an operator takes something from", () => {
  const { state, holder } = full(0);
  state.removeLease(holder);
  assertEquals(ringsAfter(state), []);
  assertEquals(ringsAfter(state, { robs: true }), [holder.id]);
});
