/**
 * What `history` shows.
 *
 * @module
 */
import {
  formatAmount,
  type HistoryRecord,
  type PoolStatus,
} from "../../mod.ts";
import {
  type Span,
  useOverTime,
  type WaitStats,
  waitStats,
} from "./history_stats.ts";
import { namingOf, renderAmounts } from "./render.ts";
import { type Cell, paint, renderTable, type View } from "./table.ts";
import { formatAge, formatDuration } from "./text.ts";

/** Eight heights; what is in use at all is seen. */
const BARS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const PARTS_MAX = 60;
/** What stands beside a plot: a name, and its largest value. */
const BESIDE_PLOT = 40;

/** Who had what, how long they waited, and what was in use. */
export function renderHistory(
  records: readonly HistoryRecord[],
  status: PoolStatus,
  { limit, fromMs }: { readonly limit: number; readonly fromMs: number },
  view: View,
): string {
  if (records.length === 0) {
    return "Nothing has ended so far that is remembered\n";
  }
  const heading = (text: string) => paint(text, "bold", view.color);
  const last = records.slice(-limit);
  const blocks = [
    [
      heading(
        last.length === records.length
          ? `${records.length} ended`
          : `The last ${last.length} of ${records.length} that ended`,
      ),
      ...recordLines(last, status, view),
    ],
    [heading("Waits by label"), ...statLines(waitStats(records), view)],
  ];
  const plot = plotLines(records, status, fromMs, view);
  if (plot.length > 0) {
    const since = formatDuration(view.nowMs - fromMs);
    blocks.push([heading(`In use over the last ${since}`), ...plot]);
  }
  return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function recordLines(
  records: readonly HistoryRecord[],
  { resources }: PoolStatus,
  view: View,
): string[] {
  const naming = namingOf([
    ...Object.keys(resources),
    ...records.flatMap((record) => Object.keys(record.resources)),
  ]);
  const rows = records.map((record): Cell[] => {
    const { id, label, acquiredAt, endedAt, waitSec, end } = record;
    const heldMs = acquiredAt === null
      ? undefined
      : Date.parse(endedAt) - Date.parse(acquiredAt);
    return [
      { text: id, style: "cyan" },
      { text: label ?? "" },
      { text: renderAmounts(record.resources, naming) },
      { text: seconds(waitSec) },
      { text: heldMs === undefined ? "-" : formatDuration(heldMs) },
      {
        text: `${end} ${formatAge(endedAt, view.nowMs)} ago`,
        style: end === "released" ? undefined : "yellow",
      },
    ];
  });
  return renderTable(
    [
      { title: "ID", dropOrder: 1 },
      { title: "LABEL", shrinksTo: 8 },
      { title: "HELD OR ASKED FOR", shrinksTo: 14 },
      { title: "WAITED", align: "right" },
      { title: "HELD", align: "right" },
      { title: "END", shrinksTo: 8 },
    ],
    rows,
    view,
  );
}

function statLines(stats: readonly WaitStats[], view: View): string[] {
  const rows = stats.map((stat): Cell[] => [
    { text: stat.label ?? "(none)" },
    { text: String(stat.granted) },
    { text: String(stat.ungranted) },
    { text: seconds(stat.medianSec) },
    { text: seconds(stat.p95Sec) },
  ]);
  return renderTable(
    [
      { title: "LABEL", shrinksTo: 8 },
      { title: "GRANTED", align: "right" },
      { title: "NOT", align: "right" },
      { title: "MEDIAN", align: "right" },
      { title: "P95", align: "right" },
    ],
    rows,
    view,
  );
}

/** A line for each resource: its use by height, the capacity being the highest. */
function plotLines(
  records: readonly HistoryRecord[],
  { resources, leases }: PoolStatus,
  fromMs: number,
  view: View,
): string[] {
  const span: Span = {
    fromMs,
    toMs: view.nowMs,
    parts: Math.max(10, Math.min(PARTS_MAX, view.columns - BESIDE_PLOT)),
  };
  const use = useOverTime(records, leases, span);
  const naming = namingOf(use.keys());
  const rows = [...use].sort(([a], [b]) => a < b ? -1 : 1).map(
    ([name, averages]): Cell[] => {
      const most = Math.max(...averages);
      const full = resources[name] ?? most;
      return [
        { text: naming(name) },
        { text: averages.map((amount) => bar(amount / full)).join("") },
        { text: `${percent(most / full)} at most` },
        { text: `of ${formatAmount(name, full)}` },
      ];
    },
  );
  if (rows.length === 0) return [];
  // Titles would say nothing that a line does not.
  return renderTable(
    [
      { title: "", shrinksTo: 8 },
      { title: "" },
      { title: "", align: "right" },
      { title: "", dropOrder: 1 },
    ],
    rows,
    view,
  ).slice(1);
}

function bar(part: number): string {
  if (!(part > 0)) return " ";
  return BARS[Math.min(BARS.length - 1, Math.floor(part * BARS.length))];
}

function percent(part: number): string {
  return Number.isFinite(part) ? `${Math.round(part * 100)}%` : "-";
}

/** Short waits to the hundredth, as they are what is compared. */
function seconds(sec: number | null): string {
  if (sec === null) return "-";
  return sec < 10
    ? `${Math.round(sec * 100) / 100}s`
    : formatDuration(sec * 1000);
}
