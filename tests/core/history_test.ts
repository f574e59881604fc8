import { assertEquals } from "@std/assert";
import {
  decodeHistory,
  encodeEnded,
  endedBy,
  lastLines,
} from "../../lib/core/history.ts";
import { cancel, reset } from "../../lib/core/operations.ts";
import type { PoolState } from "../../lib/core/state.ts";
import {
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

const STAMP = {
  isoTime: "2026-01-02T03:04:06.000Z",
  wallMs: Date.UTC(2026, 0, 2, 3, 4, 6),
};
const END = "2026-01-02T03:05:05.678Z";

function scene(): PoolState {
  return pool({ ram: 4 }, [lease("held", { ram: 4 })], [
    waiter("first", { ram: 3 }),
    waiter("second", { ram: 3 }),
  ]);
}

/** What ended by a change, in a few words. */
function ended(
  change: (state: PoolState) => unknown,
  cause?: "operator" | "death",
): string[] {
  const state = scene();
  change(state);
  return endedBy(state, state.takeChanges(), cause)
    .map(({ record, end }) => `${nameOf(record)} ${end}`);
}

Deno.test("endedBy() tells how each one ended", () => {
  const free = (state: PoolState) => {
    release(state, ours("held"));
    // What is granted, or changed, has not ended.
    settle(state, context(), STAMP);
  };
  assertEquals(ended(free), ["held released"]);
  assertEquals(ended(free, "operator"), ["held taken"]);
  assertEquals(ended(free, "death"), ["held died"]);
  assertEquals(ended((state) => withdraw(state, ours("first"))), [
    "first gave-up",
  ]);
  assertEquals(ended((state) => withdraw(state, ours("first")), "death"), [
    "first died",
  ]);
  assertEquals(
    ended((state) => cancel(state, ours("second"), STAMP), "operator"),
    ["second cancelled"],
  );
});

Deno.test("endedBy() tells of a lease that had given back all before", () => {
  const give = (state: PoolState) => {
    shrink(state, state.lease(ours("held"))!, new Map([["ram", 0]]));
    state.takeChanges();
    release(state, ours("held"));
  };
  assertEquals(ended(give), ["held released"]);
});

Deno.test("endedBy() counts who is told of a reset as cancelled, and nobody else", () => {
  const dead = new Set([ours("second")]);
  assertEquals(ended((state) => reset(state, STAMP, dead), "operator"), [
    "held taken",
    "first cancelled",
  ]);
});

Deno.test("endedBy() counts a cancelled request once", () => {
  const state = scene();
  cancel(state, ours("second"), STAMP);
  state.takeChanges();
  release(state, ours("second"));
  assertEquals(endedBy(state, state.takeChanges()), []);
});

Deno.test("encodeEnded() and decodeHistory() keep what is to be known", () => {
  const text = encodeEnded({
    record: lease("a", { ram: 4 }, { label: 'x"\n', wait_sec: 2.5 }),
    end: "released",
  }, END) + encodeEnded({
    record: waiter("b", { ram: 1 }, { vram_mb: [10, 20], priority: 3 }),
    end: "gave-up",
  }, END);
  assertEquals(text.split("\n").length, 3);
  const [first, second] = decodeHistory(text);
  assertEquals({ ...first.resources }, { ram: 4 });
  assertEquals([first.label, first.waitSec, first.end], [
    'x"\n',
    2.5,
    "released",
  ]);
  assertEquals({ ...second.resources }, { ram: 1, vram_mb: 30 });
  assertEquals([second.acquiredAt, second.waitSec, second.priority], [
    null,
    60,
    3,
  ]);
});

Deno.test("encodeEnded() has nobody wait for less than nothing, nor for ever", () => {
  const waited = (queued_at: string) => {
    const record = waiter("a", { ram: 1 }, { queued_at });
    const text = encodeEnded({ record, end: "gave-up" }, END);
    return JSON.parse(text).wait_sec;
  };
  assertEquals(waited("2026-01-02T03:05:04.678Z"), 1);
  // The clock was put back meanwhile.
  assertEquals(waited("2026-01-02T04:00:00.000Z"), 0);
  assertEquals(waited("yesterday"), null);
});

Deno.test("decodeHistory() leaves out what is torn or not ours, and copies", () => {
  const line = encodeEnded({ record: lease("a", {}), end: "taken" }, END);
  const text = [
    line.slice(9).trimEnd(),
    "\0\0\0",
    "null",
    "{}",
    line.replace('"taken"', '"burnt"').trimEnd(),
    line.replace('"pid":4242', '"pid":"x"').trimEnd(),
    line.trimEnd(),
    line.trimEnd(),
    line.slice(0, 40),
  ].join("\n");
  assertEquals(decodeHistory(text).map(({ end }) => end), ["taken"]);
});

Deno.test("decodeHistory() takes times without an offset for UTC, as all do", () => {
  const python = { acquired_at: "2026-01-02T03:04:05.5", queued_at: null };
  const text = encodeEnded(
    { record: lease("a", {}, python), end: "died" },
    END,
  );
  const [{ acquiredAt }] = decodeHistory(text);
  assertEquals(acquiredAt, "2026-01-02T03:04:05.5Z");
});

Deno.test("lastLines() keeps whole lines within the limit", () => {
  const bytes = new TextEncoder().encode("one\ntwo\nthree\n");
  const kept = (limit: number) =>
    new TextDecoder().decode(lastLines(bytes, limit));
  assertEquals(kept(14), "one\ntwo\nthree\n");
  assertEquals(kept(13), "two\nthree\n");
  assertEquals(kept(7), "three\n");
  assertEquals(kept(3), "");
});
