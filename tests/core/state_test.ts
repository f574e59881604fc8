import { assertEquals } from "@std/assert";
import { PoolState, waiterOf } from "../../lib/core/state.ts";
import { entryRecord, leaseRecord } from "../support/records.ts";

function ids(state: PoolState): string[] {
  return state.waiters.map(({ id }) => id);
}

Deno.test("PoolState.addEntry() queues by priority, then arrival, and work apart", () => {
  const state = new PoolState();
  state.addEntry(entryRecord({ id: "low" }));
  state.addEntry(entryRecord({ id: "high", priority: 2 }));
  state.addEntry(entryRecord({ id: "low too" }));
  state.addEntry(entryRecord({ id: "work", lease_id: "x" }));
  state.addEntry(entryRecord({ id: "middle", priority: 1 }));
  assertEquals(ids(state), ["high", "middle", "low", "low too"]);
  assertEquals([...state.work].map(({ id }) => id), ["work"]);
});

Deno.test("PoolState.restoreEntry() puts an entry before those that came later", () => {
  const state = new PoolState();
  const at = (second: number) => `2026-01-02T03:04:0${second}.000Z`;
  state.addEntry(entryRecord({ id: "b", queued_at: at(2) }));
  state.addEntry(entryRecord({ id: "d", queued_at: at(4) }));
  state.restoreEntry(entryRecord({ id: "c", queued_at: at(3) }));
  state.restoreEntry(entryRecord({ id: "a", queued_at: at(1) }));
  state.restoreEntry(entryRecord({ id: "e", queued_at: at(5) }));
  state.restoreEntry(
    entryRecord({ id: "first", queued_at: at(6), priority: 1 }),
  );
  assertEquals(ids(state), ["first", "a", "b", "c", "d", "e"]);
});

Deno.test("PoolState.restoreEntry() goes by moments, as writers differ in precision", () => {
  const state = new PoolState();
  const add = (id: string, time: string) =>
    state.addEntry(entryRecord({ id, queued_at: `2026-01-02T03:04:${time}` }));
  // The Python package leaves out a fraction of zero.
  add("a", "05Z");
  add("d", "06.000001Z");
  state.restoreEntry(
    entryRecord({ id: "b", queued_at: "2026-01-02T03:04:05.320Z" }),
  );
  state.restoreEntry(
    entryRecord({ id: "c", queued_at: "2026-01-02T04:04:05.400000+01:00" }),
  );
  assertEquals(ids(state), ["a", "b", "c", "d"]);
});

Deno.test("PoolState keeps sums, kinds and the count of other clients", () => {
  const state = new PoolState();
  const lease = leaseRecord({
    id: "0123456789ab",
    resources: new Map([["ram_mb", 5], ["broken", -5]]),
  });
  const entry = entryRecord({ resources: new Map([["ram_mb", 1]]) });
  state.setResource("ram_mb", 4);
  state.addLease(lease);
  state.addEntry(entry);
  assertEquals(state.used.get("ram_mb"), 5);
  assertEquals(state.used.get("broken"), 0);
  assertEquals(state.free("ram_mb"), 0);
  assertEquals([...state.kinds.values()], [1]);
  assertEquals(state.foreignCount, 1);
  state.removeLease(lease);
  state.removeEntry(entry);
  assertEquals(state.used.get("ram_mb"), 0);
  assertEquals(state.free("ram_mb"), 4);
  assertEquals(state.kinds.size, 0);
  assertEquals(state.foreignCount, 0);
});

Deno.test("waiterOf() sorts slots and tells equal kinds by equal names", () => {
  const kind = (fields: Parameters<typeof entryRecord>[0]) =>
    waiterOf(entryRecord(fields)).kind;
  const map = (...names: string[]) =>
    new Map(names.map((name, index) => [name, index + 1]));
  assertEquals(
    kind({ resources: map("a", "b") }),
    kind({ resources: map("b", "a") }),
  );
  assertEquals(
    waiterOf(entryRecord({ vram_mb: [1, 3, 2] })).slots,
    [3, 2, 1],
  );
  assertEquals(
    waiterOf(entryRecord({ vram_mb_each: 4, num_gpus: 2 })).slots,
    [4, 4],
  );
});

Deno.test("PoolState keeps exact sums beside a lease of more than there can be", () => {
  const state = new PoolState();
  state.setResource("ram_mb", 10);
  const lease = (id: string, amount: number) =>
    leaseRecord({ id, resources: new Map([["ram_mb", amount]]) });
  const huge = [1, 2, 3].map((n) => lease(`x${n}`, Number.MAX_SAFE_INTEGER));
  state.addLease(lease("small", 3));
  for (const one of huge) state.addLease(one);
  state.addLease(lease("later", 4));
  assertEquals(state.free("ram_mb"), 0);
  for (const one of huge) state.removeLease(one);
  assertEquals(state.used.get("ram_mb"), 7);
  assertEquals(state.free("ram_mb"), 3);
});
