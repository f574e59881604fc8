import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { EntryRecord } from "../../lib/core/model.ts";
import { PoolState } from "../../lib/core/state.ts";
import { Patience } from "../../lib/store/patience.ts";
import { entryRecord, leaseRecord } from "../support/records.ts";

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

Deno.test("who fits now and fitted long ago may not have done so in between", () => {
  const { time, patience, over } = begin();
  using _ = time;
  patience.noteFitting(["a"]);
  time.tick(3000);
  assertEquals(over().stalled, []);
  patience.noteFitting(["a"]);
  time.tick(1000);
  patience.noteFitting(["a"]);
  assertEquals(over().stalled, [], "begins with the second time");
  time.tick(1000);
  assertEquals(over().stalled, ["a"]);
  time.tick(10_000);
  patience.noteFitting(["a"]);
  assertEquals(
    over().stalled,
    ["a"],
    "who has stalled has, until seen otherwise",
  );
  patience.noteFitting([]);
  assertEquals(over().stalled, []);
});

Deno.test("an offer begins anew with what is given back of the same", () => {
  const { time, state, patience, over } = begin();
  using _ = time;
  const unlike = leaseRecord({ id: "x", resources: new Map([["other", 1]]) });
  const same = leaseRecord({ id: "y", resources: new Map([["slot", 1]]) });
  state.addLease(unlike);
  state.addLease(same);
  state.addEntry(entryRecord({ id: "a", resources: new Map([["slot", 1]]) }));
  state.takeChanges();
  const offer = () => {
    patience.noteFitting(["a"]);
    time.tick(1400);
    patience.noteFitting(["a"]);
    time.tick(1400);
  };
  offer();
  state.removeLease(unlike);
  patience.noteFreed(state);
  assertEquals(over().stalled, ["a"], "of something else");
  state.removeLease(same);
  patience.noteFreed(state);
  assertEquals(over().stalled, [], "of what it asks for");
  state.takeChanges();
  offer();
  state.setResource("slot", 9);
  patience.noteFreed(state);
  assertEquals(over().stalled, [], "by a capacity");
  const passes = (fields: Partial<EntryRecord>) => {
    const passing = entryRecord({ id: "b", ...fields });
    state.addEntry(passing);
    state.takeChanges();
    offer();
    state.removeEntry(passing);
    patience.noteFreed(state);
    return over().stalled;
  };
  const slot = new Map([["slot", 1]]);
  assertEquals(passes({ priority: 1, resources: slot }), [], "by one in front");
  const other = new Map([["other", 1]]);
  assertEquals(passes({ priority: 1, resources: other }), ["a"]);
  assertEquals(passes({ resources: slot }), ["a"], "not by one behind");
});

Deno.test("an offer begins anew when a lease has come that was asked back", () => {
  const { time, state, patience, over } = begin();
  using _ = time;
  const asked = { reclaimable: true, reclaim_requested: true };
  const names = ["other", "slot", "slot"];
  const [other, withdrawn, same] = names.map((name, at) => {
    const resources = new Map([[name, 1]]);
    return leaseRecord({ ...asked, id: `lease-${at}`, resources });
  });
  for (const lease of [other, withdrawn, same]) state.addLease(lease);
  state.addEntry(entryRecord({ id: "a", resources: new Map([["slot", 1]]) }));
  for (let looks = 0; looks < 3; looks++) {
    patience.noteFitting(["a"]);
    over();
    time.tick(1000);
  }
  // Another program has done it: this one sees no more than the state.
  state.removeLease(other);
  assertEquals(over().stalled, ["a"], "with something else");
  state.replaceLease(withdrawn, { reclaim_requested: false });
  assertEquals(over().stalled, ["a"], "and is not asked for any more");
  state.removeLease(same);
  assertEquals(over().stalled, [], "with what it asks for");
});

Deno.test("Patience.isCounting() tells whether others may still take what they were offered", () => {
  const { time, patience, over } = begin();
  using _ = time;
  const owner = "0123456789";
  assertEquals(patience.isCounting(owner), false);
  assertEquals(patience.noteFitting([`${owner}-1`]), true);
  assertEquals(
    patience.isCounting(owner),
    false,
    "it does not wait for itself",
  );
  assertEquals(patience.isCounting(undefined), true);
  assertEquals(patience.noteFitting([`${owner}-1`, "python"]), true);
  assertEquals(patience.isCounting(owner), true);
  assertEquals(patience.noteFitting([`${owner}-1`, "python"]), false);
  time.tick(1000);
  patience.noteFitting(["python"]);
  time.tick(1000);
  assertEquals(over().stalled, ["python"]);
  assertEquals(patience.isCounting(owner), false, "it had its time");
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
  time.tick(20_000);
  state.replaceLease(state.lease(record.id)!, {
    reclaim_requested_at: "2026-01-01T00:01:00Z",
  });
  assertEquals(over().overdue, []);
  time.tick(20_000);
  assertEquals(over().overdue, [], "and so does what was asked for once more");
});
