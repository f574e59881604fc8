import { assertEquals } from "@std/assert";
import { renderHistory } from "../../lib/cli/render_history.ts";
import { widthOfText } from "../../lib/cli/text.ts";
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

Deno.test("renderHistory() shows as many labels as it shows records, and cuts them", () => {
  const view = { columns: 200, color: false, nowMs: NOW_MS };
  const records = Array.from(
    { length: 200 },
    (_, at) => ended({ label: `${at} ${"x".repeat(190)}`, id: `${at}` }),
  );
  const text = renderHistory(records, SAMPLE_POOL, { ...SPAN, limit: 3 }, view);
  const stats = text.slice(text.indexOf("Waits by label"));
  const lines = stats.slice(0, stats.indexOf("\n\n")).split("\n");
  assertEquals(lines.length, 6);
  assertEquals(lines.at(-1), "and 197 more labels");
  for (const line of lines) assertEquals(line.length < 80, true, line);
});

Deno.test("renderHistory() tells the most of a moment, and of what there is", () => {
  const view = { columns: 80, color: false, nowMs: NOW_MS };
  const at = (secondsAgo: number) =>
    new Date(NOW_MS - secondsAgo * 1000).toISOString();
  const held = (resources: Record<string, number>, from: number, to: number) =>
    ended({ resources, acquiredAt: at(from), endedAt: at(to) });
  const records = [
    held({ [CARD]: 24576 }, 40, 39.5),
    held({ "disk_mb@/": 2048 }, 39, 38),
    held({ "disk_mb@/tmp": 1 }, 37, 36.9),
  ];
  const span = { limit: 2, fromMs: NOW_MS - 60_000 };
  const pool = { ...SAMPLE_POOL, leases: [] };
  const plot = renderHistory(records, pool, span, view).trim().split("\n")
    .slice(-3);
  const ends = ["2 GB at most", "1 MB at most", "100% at most  of 24 GB"];
  for (const [index, end] of ends.entries()) {
    assertEquals(plot[index].endsWith(` ${end}`), true, plot[index]);
    assertEquals(widthOfText(plot[index]) <= 80, true, plot[index]);
  }
});

Deno.test("renderHistory() says so where nothing is remembered, or of what was asked for", () => {
  const view = { columns: 60, color: false, nowMs: NOW_MS };
  const text = (selection: { label?: string; sinceMs?: number }) =>
    renderHistory([], EMPTY_POOL, { ...SPAN, ...selection }, view);
  assertEquals(text({}), "Nothing has ended so far that is remembered\n");
  assertEquals(text({ sinceMs: 1000 }), "Nothing ended in the last 1s\n");
  assertEquals(
    text({ sinceMs: 3_600_000, label: "\x1btrain" }),
    'Nothing labelled "\\u001btrain" ended in the last 1h00m\n',
  );
});
