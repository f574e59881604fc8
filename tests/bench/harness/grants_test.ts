import { assertEquals } from "@std/assert";
import {
  type Grant,
  handOvers,
  type LoopReport,
  overtakings,
  pairsOutOfOrder,
  shares,
} from "../../../bench/harness/grants.ts";

function report(fields: Partial<LoopReport>): LoopReport {
  return { count: 0, worstWaitMs: 0, errors: {}, grants: [], ...fields };
}

function grant(fields: Partial<Grant>): Grant {
  const none = { askedMs: 0, queuedMs: null, grantedMs: 0, releasedMs: 0 };
  return { ...none, ...fields };
}

Deno.test("shares() tells how much there was, and how it was shared", () => {
  const reports = [
    report({ count: 30, worstWaitMs: 5 }),
    report({ count: 20, worstWaitMs: 9, errors: { LockError: 2 } }),
  ];
  assertEquals(shares(reports, { startMs: 1000, endMs: 1500 }), {
    perSecond: 100,
    maxByMin: 1.5,
    atZero: 0,
    worstWaitMs: 9,
    errors: 2,
  });
});

Deno.test("shares() counts who got nothing", () => {
  const reports = [report({ count: 30 }), report({})];
  const { atZero, maxByMin } = shares(reports, { startMs: 0, endMs: 1 });
  assertEquals({ atZero, maxByMin }, { atZero: 1, maxByMin: 30 });
});

Deno.test("overtakings() counts a grant that passed an earlier request", () => {
  // In the queue when there had been 1 grant, granted as the fourth.
  const passed = grant({ askedTick: 1, queuedTick: 1, tick: 4 });
  // Asked after the second grant, granted as the third.
  const passer = grant({ askedTick: 2, queuedTick: 2, tick: 3 });
  assertEquals(
    overtakings([report({ grants: [passed] }), report({ grants: [passer] })]),
    1,
  );
});

Deno.test("overtakings() counts none between requests that may have come together", () => {
  const first = grant({ askedTick: 2, queuedTick: 2, tick: 4 });
  const second = grant({ askedTick: 2, queuedTick: 2, tick: 3 });
  const atOnce = grant({ askedTick: 3, tick: 5 });
  const reports = [
    report({ grants: [first] }),
    report({ grants: [second, atOnce] }),
  ];
  assertEquals(overtakings(reports), 0);
});

Deno.test("handOvers() measures from a release to a grant that was waited for", () => {
  const window = { startMs: 0, endMs: 100 };
  const holder = grant({ askedMs: 0, grantedMs: 1, releasedMs: 20 });
  const waiter = grant({
    askedMs: 5,
    queuedMs: 6,
    grantedMs: 21,
    releasedMs: 30,
  });
  const late = grant({ askedMs: 35, grantedMs: 36, releasedMs: 37 });
  const again = grant({
    askedMs: 36,
    queuedMs: 36.5,
    grantedMs: 40,
    releasedMs: 99,
  });
  const after = grant({
    askedMs: 50,
    queuedMs: 51,
    grantedMs: 101,
    releasedMs: 102,
  });
  const reports = [
    report({ grants: [holder, late, after] }),
    report({ grants: [waiter, again] }),
  ];
  assertEquals(handOvers(reports, window), [1, 3]);
});

Deno.test("pairsOutOfOrder() counts pairs", () => {
  assertEquals(pairsOutOfOrder([1, 2, 3, 4]), 0);
  assertEquals(pairsOutOfOrder([1, 3, 2, 4]), 1);
  assertEquals(pairsOutOfOrder([4, 3, 2, 1]), 6);
});
