import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { PoolState } from "../../lib/core/state.ts";
import { Patience } from "../../lib/store/patience.ts";
import { leaseRecord } from "../support/records.ts";

function begin() {
  const time = new FakeTime(1000);
  const state = new PoolState();
  const clock = { wallMs: () => 0, monotonicMs: () => time.now };
  const patience = new Patience(clock);
  const over = () => {
    const { stalled, overdue } = patience.context(state, undefined);
    return { stalled: [...stalled], overdue: [...overdue] };
  };
  return { time, state, patience, over };
}

Deno.test("who fits and does not take it has stalled after two seconds", () => {
  const { time, patience, over } = begin();
  using _ = time;
  patience.noteFitting(["a"]);
  time.tick(1000);
  patience.noteFitting(["a", "b"]);
  time.tick(1000);
  assertEquals(over().stalled, ["a"]);
  patience.noteFitting(["b"]);
  patience.noteFitting(["a", "b"]);
  time.tick(1000);
  assertEquals(
    over().stalled,
    ["b"],
    "who did not fit for a moment begins anew",
  );
});

Deno.test("a lease that was asked back is overdue after thirty seconds", () => {
  const { time, state, over } = begin();
  using _ = time;
  const record = leaseRecord({
    reclaimable: true,
    reclaim_requested: true,
    reclaim_requested_at: "2026-01-01T00:00:00Z",
  });
  state.addLease(record);
  assertEquals(over().overdue, []);
  time.tick(29_999);
  assertEquals(over().overdue, []);
  time.tick(1);
  assertEquals(over().overdue, [record.id]);
  const asked = state.replaceLease(record, { reclaim_requested: false });
  assertEquals(over().overdue, []);
  state.replaceLease(asked, { reclaim_requested: true });
  assertEquals(over().overdue, [], "what was called off begins anew");
});
