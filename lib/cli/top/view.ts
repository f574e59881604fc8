/**
 * What `top` shows, as lines: no more of them than the terminal has, none wider.
 *
 * @module
 */
import { sparkline } from "../bar.ts";
import { type Overview, overviewOf, type Surroundings } from "../overview.ts";
import { leaseBlocks } from "../render_leases.ts";
import { silenceLines } from "../render_outside.ts";
import { titleLine } from "../render_pool.ts";
import { placed, waiterBlocks } from "../render_queue.ts";
import { resourceLines, resourceNames } from "../render_resources.ts";
import { cutPainted, paint, type View } from "../table.ts";
import { counted, quoted, visible, wrapped } from "../text.ts";
import { askedAbout, type Model, shownLeases, shownWaiters } from "./model.ts";
import { type Line, type Window, windowOf } from "./window.ts";
import { question } from "./wording.ts";

/** Where it is shown. */
export interface Screen extends View {
  readonly rows: number;
}

/** From which place to before which other one something may be on the screen. */
interface Near {
  readonly from: number;
  readonly to: number;
}

/** Those that nobody guesses first: what has no room is left out. */
const KEYS = [
  "↑↓ select",
  "r release",
  "b ask back",
  "c cancel",
  "+- priority",
  "/ filter",
  "s sort",
  "Ctrl-Z stop",
];
/** Less than this of a history tells nothing. */
const SPARK_MIN = 12;
const SPARK_SHARE = 0.2;

/** What the screen shows of a model: exactly as many lines as it has rows, none wider. */
export function render(
  model: Model,
  screen: Screen,
  surroundings: Surroundings = {},
): Window {
  const { status, selected } = model;
  const overview = status &&
    { ...overviewOf(status, surroundings), selected };
  const last = lastLines(model, screen, overview);
  const height = Math.max(0, screen.rows - last.length);
  const { lines, page } = overview === undefined
    ? { lines: ["Looking at the pool"], page: 1 }
    : listLines(model, screen, overview, height);
  const shown = lines.slice(0, height);
  const empty = Array<string>(height - shown.length).fill("");
  return {
    lines: [...shown, ...empty, ...last]
      .map((line) => cutPainted(line, screen.columns)),
    page,
  };
}

/** As much as there is room for, with the selected one, and how many are left out. */
function listLines(
  model: Model,
  screen: Screen,
  overview: Overview,
  height: number,
): Window {
  const leases = shownLeases(model);
  const waiters = shownWaiters(model);
  const ids = [...leases, ...waiters].map(({ id }) => id);
  const selected = ids.indexOf(model.selected ?? "");
  const named = (sign: string, from: number, to: number) => {
    const ofLeases = Math.max(0, Math.min(to, leases.length) - from);
    const ofWaiters = to - from - ofLeases;
    const counts = [
      ...(ofLeases > 0 ? [counted(ofLeases, "more lease")] : []),
      ...(ofWaiters > 0 ? [`${ofWaiters} more waiting`] : []),
    ];
    return paint(`${sign} ${counts.join(", ")}`, "dim", screen.color);
  };
  // To render hundreds that cannot be on the screen with the selected one would be most
  // of what `top` does.
  const near: Near = {
    from: Math.max(0, selected - screen.rows),
    to: selected + screen.rows,
  };
  const { filter, sort } = model;
  const { status } = overview;
  const heading = (text: string) => paint(text, "bold", screen.color);
  const only = filter === "" ? "" : `, labels with ${quoted(filter)}`;
  const leaseCount = filter === ""
    ? counted(leases.length, "lease")
    : `${leases.length} of ${counted(status.leases.length, "lease")}`;
  const waiterCount = filter === ""
    ? `${waiters.length}`
    : `${waiters.length} of ${overview.waiters.length}`;
  const isShown = new Set(waiters);
  const ranked = placed(overview.waiters)
    .filter(({ entry }) => isShown.has(entry));
  const body = [
    ...plain(
      titleLine(overview, screen),
      "",
      ...resourcesWithHistory(model, screen, overview),
      ...silenceLines(overview, screen),
      "",
      heading(`${leaseCount} by ${sort}${only}`),
    ),
    ...entryLines(
      leases,
      0,
      near,
      (some) => leaseBlocks(overview, screen, some),
    ),
    ...plain("", heading(`${waiterCount} waiting${only}`)),
    ...entryLines(
      ranked,
      leases.length,
      near,
      (some) => waiterBlocks(overview, screen, some),
    ),
  ];
  return windowOf(body, { selected, count: ids.length, height, named });
}

function plain(...lines: readonly string[]): Line[] {
  return lines.map((text) => ({ text }));
}

/** The lines of those of some kind that are near, of whom the first has this place. */
function entryLines<T>(
  all: readonly T[],
  place: number,
  { from, to }: Near,
  blocksOf: (some: readonly T[]) => readonly (readonly string[])[],
): Line[] {
  const first = Math.max(0, from - place);
  const near = all.slice(first, Math.max(0, to - place));
  if (near.length === 0) return [];
  const [titles, ...blocks] = blocksOf(near);
  return [
    ...plain(...titles),
    ...blocks.flatMap((lines, index) =>
      lines.map((text) => ({ text, place: place + first + index }))
    ),
  ];
}

function resourcesWithHistory(
  { status, history }: Model,
  screen: Screen,
  overview: Overview,
): string[] {
  const width = Math.floor(screen.columns * SPARK_SHARE);
  const names = resourceNames(status!.resources);
  // Where there are none, a sentence says what to do.
  const isTable = names.length + overview.uncounted.size > 0;
  if (width < SPARK_MIN || screen.plain || !isTable) {
    return resourceLines(overview, screen);
  }
  const columns = screen.columns - width - 2;
  const narrower = { ...screen, columns };
  const [titles, ...lines] = resourceLines(overview, narrower);
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

function lastLines(
  model: Model,
  { columns, rows, color }: Screen,
  overview: Overview | undefined,
): string[] {
  const { mode, message } = model;
  const row = askedAbout(model);
  if (mode.kind === "confirm" && overview !== undefined && row !== undefined) {
    const text = question(mode.action, row, overview);
    return told(`${text} y: yes, any other key: no`);
  }
  if (mode.kind === "filter") return [visible(`Labels with: ${mode.text}_`)];
  if (message !== "") return told(message);
  return [paint(keysLine(model, columns), "dim", color)];

  /** With its end, which tells what to do, where it is too much for the screen. */
  function told(text: string): string[] {
    return wrapped(visible(text), columns)
      .slice(-Math.max(1, Math.floor(rows / 2)))
      .map((line) => paint(line, "yellow", color));
  }
}

/** As many keys as there is room for, none of them cut. */
function keysLine({ filter }: Model, columns: number): string {
  const ends = filter === "" ? ["q quit"] : ["q quit", "Esc show all"];
  return [...ends, ...KEYS].reduce((line, key) => {
    const longer = line === "" ? key : `${line}  ${key}`;
    return longer.length <= columns ? longer : line;
  }, "");
}
