import { assertEquals } from "@std/assert";
import { earliestStarts } from "../../lib/core/forecast.ts";
import { plan } from "../../lib/core/scheduler.ts";
import type { PoolState } from "../../lib/core/state.ts";
import {
  context,
  lease,
  nameOf,
  ours,
  pool,
  waiter,
} from "../support/pools.ts";
import type { EntryRecord } from "../../lib/core/model.ts";

const NOW_MS = Date.UTC(2026, 0, 2);

/** Work on a lease that began a minute ago. */
function work(name: string, seconds: number | null): EntryRecord {
  return waiter(`${name}w`, {}, {
    lease_id: ours(name),
    started_at: "2026-01-01T23:59:00Z",
    estimated_seconds: seconds,
  });
}

/** In how many seconds who may start. */
function starts(state: PoolState): Record<string, number> {
  const { grants } = plan(state, context());
  const found = earliestStarts(state, grants, new Set(), NOW_MS);
  return Object.fromEntries(
    [...found].map(([waiter, ms]) => [nameOf(waiter), (ms - NOW_MS) / 1000]),
  );
}

Deno.test("earliestStarts() plays the queue forward by rank", () => {
  const state = pool({ ram: 4 }, [
    lease("a", { ram: 2 }),
    lease("b", { ram: 2 }),
  ], [
    work("a", 70),
    work("b", 100),
    waiter("all", { ram: 4 }, { estimated_seconds: 30 }),
    waiter("some", { ram: 1 }, { estimated_seconds: 5 }),
    waiter("more", { ram: 4 }),
    waiter("never", { ram: 1 }),
  ]);
  assertEquals(starts(state), { all: 40, some: 70, more: 75 });
});

Deno.test("earliestStarts() tells nothing of holders without an estimate, or who are late", () => {
  const late = pool({ ram: 1 }, [lease("a", { ram: 1 })], [
    work("a", 59),
    waiter("me", { ram: 1 }),
  ]);
  assertEquals(starts(late), {});
  const partly = pool({ ram: 1 }, [lease("a", { ram: 1 })], [
    work("a", 90),
    { ...work("a", null), id: ours("other") },
    waiter("me", { ram: 1 }),
  ]);
  assertEquals(starts(partly), {});
});

Deno.test("earliestStarts() counts on those who start now", () => {
  const state = pool({ ram: 1 }, [], [
    waiter("now", { ram: 1 }, { estimated_seconds: 10 }),
    waiter("then", { ram: 1 }),
  ]);
  assertEquals(starts(state), { now: 0, then: 10 });
});

Deno.test("earliestStarts() gives up on what would take long to find out", () => {
  const many = Array.from({ length: 300 }, (_, at) => at);
  const state = pool(
    Object.fromEntries(many.map((at) => [`r${at}`, 2])),
    many.map((at) => lease(`h${at}x`, { [`r${at}`]: 1 })),
    many.flatMap((at) => [
      { ...work(`h${at}x`, 100 + at), id: ours(`k${at}x`) },
      waiter(`w${at}x`, { [`r${at}`]: 2 }),
    ]),
  );
  const found = Object.keys(starts(state)).length;
  assertEquals(found > 5 && found < 300, true, `${found} found`);
});
