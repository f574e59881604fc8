import { assertEquals } from "@std/assert";
import { happenings, snapshotOf } from "../../lib/core/events.ts";
import { cancel, setPriority } from "../../lib/core/operations.ts";
import type { PoolState } from "../../lib/core/state.ts";
import { release, settle } from "../../lib/core/transitions.ts";
import { context, lease, nameOf, pool, waiter } from "../support/pools.ts";

const STAMP = {
  isoTime: "2026-01-02T03:04:06.000Z",
  wallMs: Date.UTC(2026, 0, 2, 3, 4, 6),
};

/** What a change of a state makes happen, in a few words. */
function after(state: PoolState, ...changes: (() => unknown)[]): string[] {
  let before = snapshotOf(state);
  return changes.flatMap((change) => {
    change();
    const next = snapshotOf(state);
    const found = happenings(before, next);
    before = next;
    return found.map((one) => {
      switch (one.type) {
        case "capacity-changed":
          return `${one.name}: ${one.before} -> ${one.capacity}`;
        case "priority-changed":
          return `${one.kind} ${nameOf(one.record)}: ${one.before} -> ` +
            one.record.priority;
        default:
          return `${one.type} ${
            nameOf("lease" in one ? one.lease : one.entry)
          }`;
      }
    });
  });
}

function scene(): PoolState {
  return pool({ ram: 4 }, [
    lease("held", { ram: 4 }, { reclaimable: true }),
  ], [waiter("first", { ram: 3 }), waiter("second", { ram: 3 })]);
}

Deno.test("happenings() tells of a lease from the queue to its end", () => {
  const state = scene();
  const settled = () => settle(state, context(), STAMP);
  assertEquals(
    after(
      state,
      () => state.addEntry(waiter("third", { ram: 9 })),
      () => (release(state, state.leases.values().next().value!.id), settled()),
      () => state.removeEntry(state.waiters[0].entry),
      () => {},
    ),
    ["queued third", "released held", "granted first", "cancelled second"],
  );
});

Deno.test("happenings() tells of a cancelled waiter once, and never of its empty lease", () => {
  const state = scene();
  assertEquals(
    after(
      state,
      () => cancel(state, "second", STAMP),
      () => {},
      () => release(state, state.leases.values().toArray()[1].id),
    ),
    ["cancelled second"],
  );
});

Deno.test("happenings() still sees a lease that became empty", () => {
  const state = scene();
  const [held] = state.leases;
  assertEquals(
    after(
      state,
      () => state.replaceLease(held, { resources: new Map() }),
      () => release(state, held.id),
    ),
    ["released held"],
  );
});

Deno.test("happenings() tells of priorities, reclaims and capacities", () => {
  const state = scene();
  assertEquals(
    after(
      state,
      () => setPriority(state, "second", 2),
      () => settle(state, context(), STAMP),
      () => setPriority(state, "second", 0),
      () => setPriority(state, "held", 7),
      () => settle(state, context(), STAMP),
      () => (state.setResource("ram", 5), state.setResource("cpu", 1)),
      () => state.unsetResource("ram"),
    ),
    [
      "waiter second: 0 -> 2",
      "reclaim-requested held",
      "waiter second: 2 -> 0",
      "lease held: 0 -> 7",
      "reclaim-withdrawn held",
      "ram: 4 -> 5",
      "cpu: undefined -> 1",
      "ram: 5 -> undefined",
    ],
  );
});
