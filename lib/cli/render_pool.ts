/**
 * What `status`, `list` and `reslock` alone show of a pool.
 *
 * @module
 */
import type { PoolStatus } from "../../mod.ts";
import { adviceLines } from "./advice.ts";
import { type Overview, overviewOf, type Surroundings } from "./overview.ts";
import { leaseBlocks, leaseGroupLines } from "./render_leases.ts";
import { outsideLines, silenceLines } from "./render_outside.ts";
import { placed, waiterBlocks, waiterGroupLines } from "./render_queue.ts";
import { lostText, resourceLines } from "./render_resources.ts";
import { paint, type View } from "./table.ts";
import { counted, formatAge, visible } from "./text.ts";

/** How much of a pool is shown. */
export interface Extent {
  /** Every lease and waiter, however many, with whole ids. */
  readonly wide?: boolean;
  /** The resources, and no more than the numbers of the others. */
  readonly short?: boolean;
}

/** With more of them they are shown by label, without what is known of each. */
export const ROWS_MAX = 30;
/** So many of a long queue are shown by themselves: those whose turn comes next. */
const NEXT_SHOWN = 8;

const HINTS: readonly (readonly [words: string, what: string])[] = [
  ["reslock run --vram 8G CMD", "run a command when there is room for it"],
  ["reslock status", "who holds what, and who waits"],
  ["reslock top", "the same as it changes, and keys to act"],
  ["reslock why --vram 8G", "whether there is room, and if not, why"],
  ["reslock release ID", "take a lease away from its holder"],
  ["reslock --help", "all commands"],
];
const HINT_WIDTH = Math.max(...HINTS.map(([words]) => words.length));

/** Which pool it is. */
export function titleLine(
  { status, isMissing, leftCount }: Overview,
  { color }: View,
): string {
  const reason = leftCount > 0
    ? "somebody removed it"
    : "it is made on first use";
  const note = isMissing ? ` (not there: ${reason})` : "";
  return paint(`Pool in ${visible(status.path)}${note}`, "dim", color);
}

function leaseBlock(overview: Overview, view: View, all: boolean): string[] {
  const { leases } = overview.status;
  if (leases.length === 0) return [];
  return [
    paint(counted(leases.length, "lease"), "bold", view.color),
    ...(all || leases.length <= ROWS_MAX
      ? leaseBlocks(overview, view).flat()
      : leaseGroupLines(overview, view, ROWS_MAX)),
  ];
}

function queueBlocks(
  overview: Overview,
  view: View,
  all: boolean,
): string[][] {
  const waiters = placed(overview.waiters);
  if (waiters.length === 0) return [];
  const heading = (text: string) => paint(text, "bold", view.color);
  const title = heading(`${waiters.length} waiting`);
  if (all || waiters.length <= ROWS_MAX) {
    return [[title, ...waiterBlocks(overview, view, waiters).flat()]];
  }
  const rest = waiters.slice(NEXT_SHOWN);
  return [
    [
      title,
      ...waiterBlocks(overview, view, waiters.slice(0, NEXT_SHOWN)).flat(),
    ],
    [
      heading(`${rest.length} behind them`),
      ...waiterGroupLines(overview, view, rest, ROWS_MAX),
    ],
  ];
}

/** How many lease and wait, for how long: one line. */
function countsLine(
  { status, waiters, shortId }: Overview,
  nowMs: number,
): string {
  const leases = counted(status.leases.length, "lease");
  const [first] = waiters;
  if (first === undefined) return `${leases}, nobody waits`;
  const name = visible(first.label ?? shortId(first.id));
  return `${leases}, ${waiters.length} waiting; the first is ${name}, for ` +
    formatAge(first.queuedAt, nowMs);
}

function joined(blocks: readonly (readonly string[])[]): string {
  const shown = blocks.filter((lines) => lines.length > 0);
  return `${shown.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

/** `status`: capacities, leases, and who waits. */
export function renderStatus(
  status: PoolStatus,
  view: View,
  { wide = false, short = false }: Extent = {},
  surroundings?: Surroundings,
): string {
  const plain = overviewOf(status, surroundings);
  const overview = wide ? { ...plain, shortId: (id: string) => id } : plain;
  const blocks = [
    [titleLine(overview, view)],
    resourceLines(overview, view),
    [...silenceLines(overview, view), ...outsideLines(overview, view)],
  ];
  if (short) return joined([...blocks, [countsLine(overview, view.nowMs)]]);
  if (status.leases.length + overview.waiters.length === 0) {
    return joined([...blocks, ["No leases, and nobody waits"]]);
  }
  return joined([
    ...blocks,
    leaseBlock(overview, view, wide),
    ...queueBlocks(overview, view, wide),
    adviceLines(overview, view),
  ]);
}

/** `list`: the leases alone. */
export function renderList(
  status: PoolStatus,
  view: View,
  surroundings?: Surroundings,
): string {
  const { isMissing, leftCount = 0 } = surroundings ?? {};
  if (status.leases.length === 0 && leftCount > 0) {
    return `No leases in ${visible(status.path)}:\n${lostText(leftCount)}\n`;
  }
  if (isMissing) {
    return `No leases: there is no pool in ${visible(status.path)}\n`;
  }
  if (status.leases.length === 0) return "No leases\n";
  return joined([leaseBlocks(overviewOf(status, surroundings), view).flat()]);
}

/** `reslock` alone: the pool in short, and how to go on. */
export function renderSummary(
  status: PoolStatus,
  view: View,
  surroundings?: Surroundings,
): string {
  const hints = HINTS.map(([words, what]) =>
    `  ${paint(words.padEnd(HINT_WIDTH), "cyan", view.color)}  ${what}`
  );
  return joined([
    [renderStatus(status, view, { short: true }, surroundings).trimEnd()],
    hints,
  ]);
}
