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
  averagesOf,
  heldIn,
  mostOf,
  type Span,
  type WaitStats,
  waitStats,
} from "./history_stats.ts";
import { namingIn } from "./overview.ts";
import { renderAmounts } from "./render.ts";
import { titlesOf } from "./render_resources.ts";
import { type Cell, cut, GAP, paint, renderTable, type View } from "./table.ts";
import {
  counted,
  formatAge,
  formatDuration,
  formatGiven,
  quoted,
  visible,
  widthOfText,
} from "./text.ts";

/** Eight heights; what is in use at all is seen. */
const BARS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const PARTS_MIN = 10;
const PARTS_MAX = 60;
/** Longer names take more from a plot than they tell. */
const TITLE_WIDTH = 24;
/** Averages are sums of many parts. */
const ROUNDING = 1e-9;
/** Enough of a label to know it again. */
const LABEL_WIDTH = 40;

/** What of a history is shown. */
export interface Selection {
  /** How many records, and labels, are listed. */
  readonly limit: number;
  /** Where the plot begins. */
  readonly fromMs: number;
  /** The label of all that is shown, where one was asked for. */
  readonly label?: string;
  /** How long ago all of it ended at most, where that was asked for. */
  readonly sinceMs?: number;
}

/** Who had what, how long they waited, and what was in use. */
export function renderHistory(
  records: readonly HistoryRecord[],
  status: PoolStatus,
  { limit, fromMs, label, sinceMs }: Selection,
  view: View,
): string {
  if (records.length === 0) {
    if (sinceMs === undefined) {
      return "Nothing has ended so far that is remembered\n";
    }
    const what = label === undefined ? "" : ` labelled ${quoted(label)}`;
    return `Nothing${what} ended in the last ${formatGiven(sinceMs)}\n`;
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
    [heading("Waits by label"), ...statLines(waitStats(records), limit, view)],
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
  status: PoolStatus,
  view: View,
): string[] {
  const naming = namingIn(
    status,
    records.flatMap((record) => Object.keys(record.resources)),
  );
  const rows = records.map((record): Cell[] => {
    const { id, label, acquiredAt, endedAt, waitSec, end } = record;
    const heldMs = acquiredAt === null
      ? undefined
      : Date.parse(endedAt) - Date.parse(acquiredAt);
    return [
      { text: id, style: "cyan" },
      { text: label ?? "" },
      { text: renderAmounts(record.resources, naming) || "nothing" },
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

function statLines(
  stats: readonly WaitStats[],
  limit: number,
  view: View,
): string[] {
  const rows = stats.slice(0, limit).map((stat): Cell[] => [
    { text: cut(visible(stat.label ?? "(none)"), LABEL_WIDTH) },
    { text: String(stat.granted) },
    { text: String(stat.ungranted) },
    { text: seconds(stat.medianSec) },
    { text: seconds(stat.p95Sec) },
  ]);
  const rest = stats.length - rows.length;
  const table = renderTable(
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
  return rest > 0 ? [...table, `and ${counted(rest, "more label")}`] : table;
}

/**
 * A line for each resource: its use by height, the capacity being the highest; where it
 * has none, as a disk, the most that was in use.
 */
function plotLines(
  records: readonly HistoryRecord[],
  status: PoolStatus,
  fromMs: number,
  view: View,
): string[] {
  const span: Span = { fromMs, toMs: view.nowMs };
  const held = [...heldIn(span, records, status.leases)]
    .sort(([a], [b]) => a < b ? -1 : 1);
  const titleOf = titlesOf(
    status,
    namingIn(status, held.map(([name]) => name)),
  );
  const lines = held.map(([name, all]) => {
    const most = mostOf(all);
    const capacity = status.resources[name] ?? 0;
    const show = (amount: number) => formatAmount(name, amount);
    const [share, of] = capacity > 0
      ? [`${Math.round(most / capacity * 100)}%`, `of ${show(capacity)}`]
      : [show(most), ""];
    const title = cut(visible(titleOf(name)), TITLE_WIDTH);
    const texts = [title, `${share} at most`, of] as const;
    return { all, full: capacity > 0 ? capacity : most, texts };
  });
  if (lines.length === 0) return [];
  const besideWidth = [0, 1, 2].reduce(
    (sum, column) =>
      sum + GAP.length +
      Math.max(
        ...lines.map(({ texts }) => widthOfText(texts[column])),
      ),
    0,
  );
  const parts = Math.max(
    PARTS_MIN,
    Math.min(PARTS_MAX, view.columns - besideWidth),
  );
  const rows = lines.map(({ all, full, texts }): Cell[] => {
    const [title, most, of] = texts.map((text) => ({ text }));
    const plot = averagesOf(all, span, parts)
      .map((amount) => bar(amount / full)).join("");
    return [title, { text: plot }, most, of];
  });
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
  const height = Math.floor(part * BARS.length + ROUNDING);
  return BARS[Math.min(BARS.length - 1, height)];
}

/** Short waits to the hundredth, as they are what is compared. */
function seconds(sec: number | null): string {
  if (sec === null) return "-";
  return sec < 10
    ? `${Math.round(sec * 100) / 100}s`
    : formatDuration(sec * 1000);
}
