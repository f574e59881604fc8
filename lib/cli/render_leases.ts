/**
 * Who holds what.
 *
 * @module
 */
import {
  type EntryStatus,
  formatAmount,
  type LeaseStatus,
  overuseOf,
} from "../../mod.ts";
import {
  groupsOf,
  idCell,
  type Overview,
  priorityRange,
  totalOf,
  usersOf,
} from "./overview.ts";
import { renderAmounts } from "./render.ts";
import {
  type Cell,
  type Column,
  renderAnnotated,
  renderTable,
  type View,
} from "./table.ts";
import { counted, elapsedMs, formatAge, formatDuration } from "./text.ts";
import type { Who } from "./who.ts";

const COLUMNS: readonly Column[] = [
  { title: "LEASE" },
  { title: "LABEL", shrinksTo: 10 },
  { title: "HOLDS", shrinksTo: 20 },
  { title: "PRIO", align: "right", dropOrder: 3 },
  { title: "AGE", align: "right" },
  { title: "PID", align: "right", dropOrder: 1 },
  { title: "USER", dropOrder: 2 },
  { title: "COMMAND", shrinksTo: 14, dropOrder: 4 },
];
const NOTES: Column = { title: "NOTES", shrinksTo: 50 };
/** In less than this the notes stand below their rows. */
const NOTES_FROM = 140;
/** As far in as the label. */
const NOTES_INDENT = 8;

const GROUP_COLUMNS: readonly Column[] = [
  { title: "LEASES", align: "right" },
  { title: "LABEL", shrinksTo: 8 },
  { title: "HOLD", shrinksTo: 16 },
  { title: "PRIO", align: "right", dropOrder: 2 },
  { title: "OLDEST", align: "right" },
  { title: "NOTES", shrinksTo: 11, dropOrder: 1 },
];

/** What is in progress on a lease: `epoch 3 33%, 20m00s left`. */
function workNote(work: readonly EntryStatus[], nowMs: number): string {
  const [{ label, progress, estimatedSeconds, startedAt, queuedAt }] = work;
  const parts: string[] = [];
  if (progress !== null) parts.push(`${Math.floor(progress * 100)}%`);
  if (estimatedSeconds !== null) {
    const doneMs = elapsedMs(startedAt ?? queuedAt, nowMs);
    const leftMs = estimatedSeconds * 1000 - (doneMs ?? 0);
    parts.push(
      leftMs >= 0
        ? `${formatDuration(leftMs)} left`
        : `${formatDuration(-leftMs)} late`,
    );
  }
  const what = [label ?? "", parts.join(", ")].filter(Boolean).join(" ");
  const more = work.length > 1 ? ` and ${work.length - 1} more` : "";
  return `${what === "" ? "busy" : `busy: ${what}`}${more}`;
}

/** What is used, as measured or by the holder's own word; first what is too much. */
function usageNotes(
  lease: LeaseStatus,
  { naming, status }: Overview,
): { readonly overuse?: string; readonly usage?: string } {
  const measured = status.usage?.leases.get(lease.id);
  const over = overuseOf(lease, measured)
    .map(({ resource, usedMb }) => [resource, usedMb] as const);
  const tooMuch = new Map(over);
  const used = { ...lease.actualResources, ...measured?.resources };
  const within = Object.entries(used).filter(([name, amount]) =>
    amount > 0 && name in lease.resources && !tooMuch.has(name)
  );
  const shown = (amounts: readonly (readonly [string, number])[]) =>
    amounts.map(([name, amount]) =>
      `${naming(name)} ${formatAmount(name, amount)}`
    ).join(" and ");
  return {
    overuse: over.length === 0 ? undefined : `uses too much: ${shown(over)}`,
    usage: within.length === 0 ? undefined : `uses ${shown(within)}`,
  };
}

/** What there is to say of a lease, the most urgent first. */
function notesOf(
  lease: LeaseStatus,
  { container, continuedBy }: Who,
  overview: Overview,
  nowMs: number,
): Cell {
  const { id, reclaimRequested, reclaimRequestedAt, reclaimable, busy, owner } =
    lease;
  const { overuse, usage } = usageNotes(lease, overview);
  const attached = overview.work.get(id);
  const notes = [
    // First, as it is what others suffer from.
    overuse,
    continuedBy !== null && `stopped: ${continuedBy} continues it`,
    reclaimRequested &&
    (reclaimRequestedAt === null
      ? "asked back"
      : `asked back ${formatAge(reclaimRequestedAt, nowMs)} ago`),
    owner !== "alive" && `owner ${owner}`,
    attached !== undefined ? workNote(attached, nowMs) : busy && "busy",
    reclaimable && !reclaimRequested && "reclaimable",
    usage,
    container,
  ];
  return {
    text: notes.filter((note) => typeof note === "string").join(", "),
    style: overuse !== undefined || owner === "dead"
      ? "red"
      : reclaimRequested || continuedBy !== null
      ? "yellow"
      : "dim",
  };
}

/** The lines of the titles, then those of each lease. */
export function leaseBlocks(
  overview: Overview,
  view: View,
  leases: readonly LeaseStatus[] = overview.status.leases,
): string[][] {
  const { naming, registry } = overview;
  const people = leases.map((lease) => registry.whoIs(lease));
  const users = usersOf(people, registry);
  const rows = leases.map((lease, index): Cell[] => {
    const who = people[index];
    return [
      idCell(overview, lease.id, view.color),
      { text: lease.label ?? "", style: "bold" },
      { text: renderAmounts(lease.resources, naming) },
      { text: String(lease.priority) },
      { text: formatAge(lease.acquiredAt, view.nowMs) },
      { text: String(who.pid ?? "-") },
      { text: users[index] },
      { text: who.command ?? "", style: "dim" },
    ];
  });
  const notes = leases.map((lease, index) =>
    notesOf(lease, people[index], overview, view.nowMs)
  );
  if (view.columns < NOTES_FROM) {
    return renderAnnotated(COLUMNS, rows, {
      below: notes,
      indent: NOTES_INDENT,
      view,
    });
  }
  const annotated = rows.map((row, index) => [...row, notes[index]]);
  return renderTable([...COLUMNS, NOTES], annotated, view)
    .map((line) => [line]);
}

/** One line for each label, for a pool with more leases than anybody reads. */
export function leaseGroupLines(
  { status, naming }: Overview,
  view: View,
  rowsMax: number,
): string[] {
  const groups = groupsOf(status.leases, ({ label }) => label ?? "");
  const shown = [...groups].sort((a, b) => b.length - a.length)
    .slice(0, rowsMax);
  const rows = shown.map((group): Cell[] => {
    const asked = group.filter((lease) => lease.reclaimRequested).length;
    const reclaimable = group.filter((lease) => lease.reclaimable).length;
    const lost = group.filter(({ owner }) => owner !== "alive").length;
    const notes = [
      asked > 0 && `${asked} asked back`,
      lost > 0 && `${lost} of unknown owners`,
      reclaimable > 0 && `${reclaimable} reclaimable`,
    ];
    return [
      { text: String(group.length) },
      { text: group[0].label ?? "", style: "bold" },
      {
        text: renderAmounts(
          totalOf(group.map(({ resources }) => resources)),
          naming,
        ),
      },
      { text: priorityRange(group) },
      // They stand by age: the first one is the oldest.
      { text: formatAge(group[0].acquiredAt, view.nowMs) },
      {
        text: notes.filter((note) => typeof note === "string").join(", "),
        style: asked > 0 ? "yellow" : undefined,
      },
    ];
  });
  const rest = groups.length - shown.length;
  return [
    ...renderTable(GROUP_COLUMNS, rows, view),
    ...(rest > 0 ? [`and ${counted(rest, "more label")}`] : []),
  ];
}
