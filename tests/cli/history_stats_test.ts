import { assertEquals } from "@std/assert";
import type { HistoryRecord } from "../../mod.ts";
import {
  averagesOf,
  heldIn,
  mostOf,
  waitStats,
} from "../../lib/cli/history_stats.ts";
import { SAMPLE_POOL } from "./sample_pool.ts";
import { ended } from "./sample_history.ts";

const FROM_MS = Date.UTC(2026, 10, 23, 21);

function at(minute: number): string {
  return new Date(FROM_MS + minute * 60_000).toISOString();
}

function held(
  from: number,
  to: number,
  resources: Record<string, number>,
): HistoryRecord {
  return ended({ acquiredAt: at(from), endedAt: at(to), resources });
}

Deno.test("waitStats() has the median and the 95th of 100 by label", () => {
  const waits = Array.from({ length: 100 }, (_, at) => at + 1);
  const records = [
    ...waits.toReversed().map((waitSec) => ended({ label: "a", waitSec })),
    ended({ label: "b", waitSec: 7 }),
    ended({ label: "b", waitSec: 9, acquiredAt: null, end: "gave-up" }),
    ended({ label: null, acquiredAt: null, end: "cancelled" }),
  ];
  assertEquals(waitStats(records), [
    { label: "a", granted: 100, ungranted: 0, medianSec: 50, p95Sec: 95 },
    { label: "b", granted: 1, ungranted: 1, medianSec: 7, p95Sec: 7 },
    { label: null, granted: 0, ungranted: 1, medianSec: null, p95Sec: null },
  ]);
});

Deno.test("averagesOf() has the average of what was held in each part", () => {
  const span = { fromMs: FROM_MS, toMs: FROM_MS + 4 * 60_000 };
  const use = heldIn(
    span,
    [
      held(-5, 1, { ram: 2 }),
      held(0.5, 1.5, { ram: 4 }),
      held(3, 9, { cpu: 1 }),
      held(-9, -1, { old: 1 }),
      ended({ acquiredAt: null, endedAt: at(1), resources: { ram: 100 } }),
    ],
    [{ ...SAMPLE_POOL.leases[0], acquiredAt: at(3.5), resources: { ram: 8 } }],
  );
  assertEquals(
    [...use].map(([name, all]) => [name, averagesOf(all, span, 4)]),
    [["ram", [4, 2, 0, 4]], ["cpu", [0, 0, 0, 1]]],
  );
  assertEquals(mostOf(use.get("ram")!), 8);
});

Deno.test("mostOf() counts once what was handed on, and twice what was held twice", () => {
  const span = { fromMs: FROM_MS, toMs: FROM_MS + 60_000 };
  const most = (...records: HistoryRecord[]) =>
    mostOf(heldIn(span, records, []).get("ram")!);
  const first = held(0, 0.5, { ram: 2 });
  assertEquals(most(held(0.5, 1, { ram: 3 }), first), 3);
  assertEquals(most(held(0.4, 1, { ram: 3 }), first), 5);
  // Before the span, and into it.
  assertEquals(most(held(-2, 0, { ram: 4 }), first), 2);
  assertEquals(most(held(-2, 0.1, { ram: 4 }), first), 6);
});
