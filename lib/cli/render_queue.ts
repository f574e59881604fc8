/**
 * Who waits for what, and why.
 *
 * @module
 */
import type { EntryStatus } from "../../mod.ts";
import {
  groupsOf,
  idCell,
  type Overview,
  priorityRange,
  usersOf,
} from "./overview.ts";
import { renderNeeds } from "./render.ts";
import {
  type Cell,
  type Column,
  renderAnnotated,
  renderTable,
  type Span,
  type View,
} from "./table.ts";
import { counted, elapsedMs, formatAge, formatDuration } from "./text.ts";
import type { Who } from "./who.ts";

const COLUMNS: readonly Column[] = [
  { title: "#", align: "right" },
  { title: "REQUEST" },
  { title: "LABEL", shrinksTo: 10 },
  { title: "NEEDS", shrinksTo: 20 },
  { title: "PRIO", align: "right" },
  { title: "WAITING", align: "right" },
  { title: "PID", align: "right", dropOrder: 1 },
  { title: "USER", dropOrder: 2 },
  { title: "COMMAND", shrinksTo: 14, dropOrder: 3 },
];

const GROUP_COLUMNS: readonly Column[] = [
  { title: "FROM #", align: "right" },
  { title: "REQUESTS", align: "right" },
  { title: "LABEL", shrinksTo: 8 },
  { title: "EACH NEEDS", shrinksTo: 16 },
  { title: "PRIO", align: "right" },
  { title: "LONGEST", align: "right" },
];

/** As far in as the ids. */
const REASON_INDENT = 3;

/** A waiter with its place in the queue, from 1. */
export interface Placed {
  readonly entry: EntryStatus;
  readonly position: number;
}

/** The waiters with their places. */
export function placed(waiters: readonly EntryStatus[]): Placed[] {
  return waiters.map((entry, index) => ({ entry, position: index + 1 }));
}

/** The lines of the titles, then those of each waiter. */
export function waiterBlocks(
  overview: Overview,
  view: View,
  waiters: readonly Placed[],
): string[][] {
  const { naming, registry } = overview;
  const people = waiters.map(({ entry }) => registry.whoIs(entry));
  const users = usersOf(people, registry);
  const rows = waiters.map(({ entry, position }, index): Cell[] => {
    const who = people[index];
    return [
      { text: String(position) },
      idCell(overview, entry.id, view.color),
      { text: entry.label ?? "", style: "bold" },
      { text: renderNeeds(entry, naming) },
      { text: String(entry.priority) },
      { text: formatAge(entry.queuedAt, view.nowMs) },
      { text: String(who.pid ?? "-") },
      { text: users[index] },
      { text: who.command ?? "", style: "dim" },
    ];
  });
  return renderAnnotated(COLUMNS, rows, {
    below: waiters.map(({ entry }, index) =>
      reasonOf(entry, people[index], view.nowMs)
    ),
    indent: REASON_INDENT,
    view,
  });
}

/** Why somebody waits, and when that may be over. */
function reasonOf(
  { why }: EntryStatus,
  { continuedBy }: Who,
  nowMs: number,
): Span {
  const stop = continuedBy === null
    ? ""
    : `its program is stopped: ${continuedBy} continues it`;
  if (why === null) return { text: stop, style: "yellow" };
  const { sentence, obstacle, reclaims, earliestStart } = why;
  const startsInMs = Date.parse(earliestStart ?? "") - nowMs;
  const start = startsInMs > 0
    ? `; may start in ${formatDuration(startsInMs)}`
    : "";
  return {
    text: `${stop === "" ? "" : `${stop}; `}${sentence}${start}`,
    style: obstacle !== null || reclaims.length > 0 || stop !== ""
      ? "yellow"
      : "dim",
  };
}

/** One line for all that have the same label and needs, in a long queue. */
export function waiterGroupLines(
  { naming }: Overview,
  view: View,
  waiters: readonly Placed[],
  rowsMax: number,
): string[] {
  const positions = new Map(
    waiters.map(({ entry, position }) => [entry.id, position]),
  );
  const groups = groupsOf(
    waiters.map(({ entry }) => entry),
    (entry) => JSON.stringify([entry.label, renderNeeds(entry)]),
  );
  const rows = groups.slice(0, rowsMax).map((group): Cell[] => [
    { text: String(positions.get(group[0].id)) },
    { text: String(group.length) },
    { text: group[0].label ?? "", style: "bold" },
    { text: renderNeeds(group[0], naming) },
    { text: priorityRange(group) },
    { text: formatAge(longestQueued(group), view.nowMs) },
  ]);
  const rest = groups.length - rows.length;
  return [
    ...renderTable(GROUP_COLUMNS, rows, view),
    ...(rest > 0 ? [`and ${counted(rest, "more kind")}`] : []),
  ];
}

function longestQueued(group: readonly EntryStatus[]): string {
  const ages = group.map(({ queuedAt }) => elapsedMs(queuedAt, 0) ?? -Infinity);
  return group[ages.indexOf(Math.max(...ages))].queuedAt;
}
