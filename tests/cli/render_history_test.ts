import { assertEquals } from "@std/assert";
import { renderHistory } from "../../lib/cli/render_history.ts";
import { ended } from "./sample_history.ts";
import { EMPTY_POOL, NOW_MS, SAMPLE_POOL } from "./sample_pool.ts";
import { assertGolden } from "./support.ts";

const CARD = Object.keys(SAMPLE_POOL.resources)[2];
const RECORDS = [
  ended({ id: "aaaaaaaaaa-4", label: null, end: "died", waitSec: 0.004 }),
  ended({
    resources: { [CARD]: 20480 },
    acquiredAt: "2026-11-23T20:20:00.000Z",
    label: "\x1b[2Jwiped",
  }),
  ended({
    acquiredAt: null,
    waitSec: 4000,
    end: "gave-up",
    endedAt: "2026-11-23T21:14:00.000Z",
  }),
];
const SPAN = { limit: 2, fromMs: NOW_MS - 3_600_000 };

for (
  const [name, columns, color] of [
    ["60", 60, false],
    ["100", 100, false],
    ["100_color", 100, true],
  ] as const
) {
  Deno.test(`renderHistory() fits ${name}`, () => {
    const view = { columns, color, nowMs: NOW_MS };
    const text = renderHistory(RECORDS, SAMPLE_POOL, SPAN, view);
    assertGolden(`history_${name}`, text);
  });
}

Deno.test("renderHistory() says so where nothing is remembered", () => {
  const view = { columns: 60, color: false, nowMs: NOW_MS };
  assertEquals(
    renderHistory([], EMPTY_POOL, SPAN, view),
    "Nothing has ended so far that is remembered\n",
  );
});
