/**
 * What `top` shows, as lines: no more of them than the terminal has, none wider.
 *
 * @module
 */
import { sparkline } from "../bar.ts";
import { type Overview, overviewOf, type Surroundings } from "../overview.ts";
import { leaseLines } from "../render_leases.ts";
import { placed, waiterLines } from "../render_queue.ts";
import { resourceLines, resourceNames } from "../render_resources.ts";
import { paint, type View } from "../table.ts";
import { counted, quoted, visible } from "../text.ts";
import {
  type Action,
  type Model,
  selectedRow,
  shownLeases,
  shownWaiters,
} from "./model.ts";

/** Where it is shown. */
export interface Screen extends View {
  readonly rows: number;
}

/** Those that nobody guesses first: what has no room is left out. */
const KEYS = [
  ...[
    "q quit",
    "↑↓ select",
    "r release",
    "b ask back",
    "c cancel",
    "+- priority",
  ],
  ...["/ filter", "s sort", "Ctrl-Z stop"],
];
/** Less than this of a history tells nothing. */
const SPARK_MIN = 8;
const SPARK_SHARE = 0.2;

/** The lines of the screen, exactly as many as it has rows. */
export function render(
  model: Model,
  screen: Screen,
  surroundings: Surroundings = {},
): string[] {
  const last = lastLine(model, screen);
  const body = model.status === undefined
    ? ["Looking at the pool"]
    : bodyLines(model, screen, surroundings);
  const height = Math.max(0, screen.rows - 1);
  const from = firstShown(body, height, model);
  const shown = body.slice(from, from + height);
  return [
    ...shown,
    ...Array<string>(height - shown.length).fill(""),
    last,
  ];
}

function bodyLines(
  model: Model,
  screen: Screen,
  surroundings: Surroundings,
): string[] {
  const { selected, filter, sort } = model;
  const status = model.status!;
  const overview = { ...overviewOf(status, surroundings), selected };
  const leases = shownLeases(model);
  const shown = new Set(shownWaiters(model));
  const waiters = placed(overview.waiters)
    .filter(({ entry }) => shown.has(entry));
  const near = nearSelected(
    [...leases, ...waiters.map(({ entry }) => entry)],
    selected,
    screen.rows,
  );
  const nearLeases = leases.filter((lease) => near.has(lease));
  const nearWaiters = waiters.filter(({ entry }) => near.has(entry));
  const heading = (text: string) => paint(text, "bold", screen.color);
  const only = filter === "" ? "" : `, labels with ${quoted(filter)}`;
  return [
    paint(`Pool in ${visible(status.path)}`, "dim", screen.color),
    "",
    ...resourcesWithHistory(model, screen, overview),
    "",
    heading(`${counted(leases.length, "lease")} by ${sort}${only}`),
    ...(nearLeases.length > 0 ? leaseLines(overview, screen, nearLeases) : []),
    "",
    heading(`${waiters.length} waiting`),
    ...(nearWaiters.length > 0
      ? waiterLines(overview, screen, nearWaiters)
      : []),
  ];
}

/**
 * Those that may be on the screen with the selected one, as each takes a line or more.
 * To render hundreds of others each second would be most of what `top` does.
 */
function nearSelected<T extends { readonly id: string }>(
  all: readonly T[],
  selected: string | undefined,
  rows: number,
): ReadonlySet<T> {
  const at = Math.max(0, all.findIndex(({ id }) => id === selected));
  return new Set(all.slice(Math.max(0, at - rows), at + rows));
}

function resourcesWithHistory(
  { status, history }: Model,
  screen: Screen,
  overview: Overview,
): string[] {
  const width = Math.floor(screen.columns * SPARK_SHARE);
  if (width < SPARK_MIN || screen.plain) return resourceLines(overview, screen);
  const columns = screen.columns - width - 2;
  const narrower = { ...screen, columns };
  const [titles, ...lines] = resourceLines(overview, narrower);
  const names = resourceNames(status!.resources);
  const margin = " ".repeat(width + 2);
  return [
    margin + titles,
    ...lines.map((line, index) => {
      // What has no capacity stands last, and is never full.
      if (index >= names.length) return margin + line;
      const spark = sparkline(history.get(names[index]) ?? [], width);
      return `${paint(spark, "cyan", screen.color)}  ${line}`;
    }),
  ];
}

/** From which line on the selected one is among those that are shown. */
function firstShown(
  lines: readonly string[],
  height: number,
  model: Model,
): number {
  const at = lines.findIndex((line) => isMarked(line));
  if (at < height || selectedRow(model) === undefined) return 0;
  return Math.min(lines.length - height, at - Math.floor(height / 2));
}

function isMarked(line: string): boolean {
  return line.includes("\x1b[7m") || /^(?:\s*\d+ )? ?>/.test(line);
}

function lastLine(
  { mode, message }: Model,
  { columns, color }: Screen,
): string {
  switch (mode.kind) {
    case "filter":
      return visible(`Labels with: ${mode.text}_`).slice(0, columns);
    case "confirm":
      return paint(
        visible(`${question(mode.action)} y: yes, any other key: no`)
          .slice(0, columns),
        "yellow",
        color,
      );
    case "list":
      return paint(
        visible(message === "" ? keysLine(columns) : message)
          .slice(0, columns),
        message === "" ? "dim" : "yellow",
        color,
      );
  }
}

/** As many keys as there is room for, none of them cut. */
function keysLine(columns: number): string {
  return KEYS.reduce((line, key) => {
    const longer = line === "" ? key : `${line}  ${key}`;
    return longer.length <= columns ? longer : line;
  }, "");
}

/** What is asked before it is done. */
export function question(action: Action): string {
  switch (action.kind) {
    case "release":
      return `Take lease ${action.id} away from its holder?`;
    case "reclaim":
      return `Ask the holder of ${action.id} to give it back?`;
    case "cancel":
      return `Take ${action.id} out of the queue?`;
    case "priority":
      return `Give ${action.id} the priority ${action.priority}?`;
  }
}
