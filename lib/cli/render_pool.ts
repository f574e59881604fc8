/**
 * What `status`, `list` and `reslock` alone show of a pool.
 *
 * @module
 */
import {
  type AmountsByName,
  type EntryStatus,
  formatAmount,
  formatMb,
  type LeaseStatus,
  type LeaseUsage,
  overuseOf,
  type PoolStatus,
} from "../../mod.ts";
import { type Naming, namingOf, renderAmounts, renderNeeds } from "./render.ts";
import {
  type Cell,
  type Column,
  paint,
  renderTable,
  type View,
} from "./table.ts";
import { counted, formatAge, formatDuration, visible } from "./text.ts";

const RESOURCE_COLUMNS: readonly Column[] = [
  { title: "RESOURCE", shrinksTo: 16 },
  { title: "USED", align: "right" },
  { title: "FREE", align: "right" },
  { title: "TOTAL", align: "right" },
];

const LEASE_COLUMNS: readonly Column[] = [
  { title: "LEASE" },
  { title: "PID", align: "right", dropOrder: 2 },
  { title: "LABEL", shrinksTo: 8 },
  { title: "HOLDS", shrinksTo: 14 },
  { title: "PRIORITY", align: "right", dropOrder: 3 },
  { title: "AGE", align: "right" },
  { title: "NOTES", shrinksTo: 11, dropOrder: 1 },
];

const WAITER_COLUMNS: readonly Column[] = [
  { title: "#", align: "right" },
  { title: "REQUEST", dropOrder: 1 },
  { title: "PID", align: "right", dropOrder: 2 },
  { title: "LABEL", shrinksTo: 8 },
  { title: "NEEDS", shrinksTo: 14 },
  { title: "PRIORITY", align: "right" },
  { title: "WAITING", align: "right" },
];

const WORK_COLUMNS: readonly Column[] = [
  { title: "ON LEASE" },
  { title: "PID", align: "right", dropOrder: 1 },
  { title: "LABEL", shrinksTo: 8 },
  { title: "DONE", align: "right" },
  { title: "RUNNING", align: "right" },
  { title: "ESTIMATE", align: "right" },
];

const NO_CAPACITIES = "No capacities are registered: " +
  'use "reslock init", or "reslock set NAME VALUE"';

const HINTS: readonly (readonly [words: string, what: string])[] = [
  ["reslock run --vram 8G CMD", "run a command when there is room for it"],
  ["reslock status", "who holds what, and who waits"],
  ["reslock init", "register what this machine has"],
  ["reslock release ID", "take a lease away from its holder"],
  ["reslock --help", "all commands"],
];
const HINT_WIDTH = Math.max(...HINTS.map(([words]) => words.length));

/** A pool with what its views need beside it. */
interface Shown {
  readonly status: PoolStatus;
  readonly waiters: readonly EntryStatus[];
  readonly work: readonly EntryStatus[];
  /** Leased amounts of what has no capacity, such as free space on a disk. */
  readonly uncounted: ReadonlyMap<string, number>;
  readonly naming: Naming;
  readonly usage: Measured;
}

/** What was measured, by the lease's id. */
type Measured = ReadonlyMap<string, LeaseUsage>;

function shown(status: PoolStatus, usage: Measured = new Map()): Shown {
  const { resources, leases, queue } = status;
  const uncounted = new Map<string, number>();
  for (const lease of leases) {
    for (const [name, amount] of Object.entries(lease.resources)) {
      if (name in resources) continue;
      uncounted.set(name, (uncounted.get(name) ?? 0) + amount);
    }
  }
  return {
    status,
    waiters: queue.filter(({ leaseId }) => leaseId === null),
    work: queue.filter(({ leaseId }) => leaseId !== null),
    uncounted,
    naming: namingOf([...Object.keys(resources), ...uncounted.keys()]),
    usage,
  };
}

function sorted(amounts: AmountsByName): string[] {
  return Object.keys(amounts).sort();
}

function resourceLines({ status, uncounted, naming }: Shown, view: View) {
  const { resources, used, available } = status;
  const rows = sorted(resources).map((name): Cell[] => {
    const show = (amount: number) => formatAmount(name, amount);
    const isOver = used[name] > resources[name];
    return [
      { text: naming(name) },
      { text: show(used[name]), style: isOver ? "red" : undefined },
      {
        text: show(available[name]),
        style: available[name] > 0 ? "green" : "yellow",
      },
      { text: show(resources[name]) },
    ];
  });
  for (const [name, amount] of uncounted) {
    const taken = formatAmount(name, amount);
    rows.push([
      { text: naming(name) },
      { text: taken },
      { text: "-" },
      { text: "-" },
    ]);
  }
  return rows.length === 0
    ? [NO_CAPACITIES]
    : renderTable(RESOURCE_COLUMNS, rows, view);
}

/** More of them would push the leases off the screen. */
const SHOWN_OUTSIDERS_MAX = 3;

/** What the driver knows of the cards and the leases do not. */
function outsideLines({ status: { cards } }: Shown, view: View): string[] {
  const isTold = cards.some(({ index }) => index !== null);
  const lines = cards.flatMap(({ uuid, index, outside }) => {
    if (index === null) {
      return isTold ? [`${uuid}: the driver does not list this card`] : [];
    }
    const shown = outside.slice(0, SHOWN_OUTSIDERS_MAX);
    const others = outside.slice(SHOWN_OUTSIDERS_MAX)
      .reduce((sum, { usedMb }) => sum + usedMb, 0);
    return [
      ...shown.map(({ pid, name, usedMb }) => {
        const who = pid === null ? "nobody the driver names" : `pid ${pid}`;
        const held = `${formatMb(usedMb)} held by ${`${who} ${name}`.trim()}`;
        return `GPU ${index}: ${held}, outside reslock`;
      }),
      ...(others > 0
        ? [`GPU ${index}: ${formatMb(others)} held by others, outside reslock`]
        : []),
    ];
  });
  return lines.map((line) => paint(visible(line), "yellow", view.color));
}

function leaseNotes(
  lease: LeaseStatus,
  { naming, usage }: Shown,
  nowMs: number,
): Cell {
  const { reclaimRequested, reclaimRequestedAt, reclaimable, busy, owner } =
    lease;
  const notes: string[] = [];
  if (reclaimRequested) {
    notes.push(
      reclaimRequestedAt === null
        ? "asked back"
        : `asked back ${formatAge(reclaimRequestedAt, nowMs)} ago`,
    );
  } else if (reclaimable) notes.push("reclaimable");
  if (busy) notes.push("busy");
  if (owner !== "alive") notes.push(`owner ${owner}`);
  // First, as it is what others suffer from.
  const over = overuseOf(lease, usage.get(lease.id))
    .map(({ resource, usedMb }) =>
      `uses ${naming(resource)} ${formatMb(usedMb)}`
    );
  return {
    text: [...over, ...notes].join(", "),
    style: over.length > 0 ? "red" : reclaimRequested ? "yellow" : undefined,
  };
}

function leaseLines(pool: Shown, view: View): string[] {
  const { status, naming } = pool;
  const rows = status.leases.map((lease): Cell[] => [
    { text: lease.id, style: "cyan" },
    { text: String(lease.pid) },
    { text: lease.label ?? "" },
    { text: renderAmounts(lease.resources, naming) },
    { text: String(lease.priority) },
    { text: formatAge(lease.acquiredAt, view.nowMs) },
    leaseNotes(lease, pool, view.nowMs),
  ]);
  return renderTable(LEASE_COLUMNS, rows, view);
}

function waiterLines({ waiters, naming }: Shown, view: View): string[] {
  const rows = waiters.map((entry, index): Cell[] => [
    { text: String(index + 1) },
    { text: entry.id, style: "cyan" },
    { text: String(entry.pid) },
    { text: entry.label ?? "" },
    { text: renderNeeds(entry, naming) },
    { text: String(entry.priority) },
    { text: formatAge(entry.queuedAt, view.nowMs) },
  ]);
  return renderTable(WAITER_COLUMNS, rows, view);
}

function workLines({ work }: Shown, view: View): string[] {
  const rows = work.map((entry): Cell[] => {
    const { leaseId, pid, label, progress, estimatedSeconds } = entry;
    return [
      { text: leaseId ?? "", style: "cyan" },
      { text: String(pid) },
      { text: label ?? "" },
      { text: progress === null ? "-" : `${Math.floor(progress * 100)}%` },
      { text: formatAge(entry.startedAt ?? entry.queuedAt, view.nowMs) },
      {
        text: estimatedSeconds === null
          ? "-"
          : formatDuration(estimatedSeconds * 1000),
      },
    ];
  });
  return renderTable(WORK_COLUMNS, rows, view);
}

/**
 * `status`: capacities, leases, who waits, and work in progress.
 *
 * @param usage what was measured; a lease that uses more than it holds is marked
 */
export function renderStatus(
  status: PoolStatus,
  view: View,
  usage?: Measured,
): string {
  const pool = shown(status, usage);
  const { waiters, work } = pool;
  const outside = outsideLines(pool, view);
  const heading = (text: string) => paint(text, "bold", view.color);
  const section = (count: number, title: string, lines: () => string[]) =>
    count === 0 ? [] : [[heading(title), ...lines()]];
  const blocks = [
    [paint(`Pool in ${visible(status.path)}`, "dim", view.color)],
    resourceLines(pool, view),
    ...(outside.length === 0 ? [] : [outside]),
    ...section(
      status.leases.length,
      counted(status.leases.length, "lease"),
      () => leaseLines(pool, view),
    ),
    ...section(
      waiters.length,
      `${waiters.length} waiting`,
      () => waiterLines(pool, view),
    ),
    ...section(
      work.length,
      `${work.length} at work`,
      () => workLines(pool, view),
    ),
  ];
  if (status.leases.length + status.queue.length === 0) {
    blocks.push(["No leases, and nobody waits"]);
  }
  return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

/** `list`: the leases alone. */
export function renderList(status: PoolStatus, view: View): string {
  if (status.leases.length === 0) return "No leases\n";
  return `${leaseLines(shown(status), view).join("\n")}\n`;
}

/** `reslock` alone: the pool in a line or two, and how to go on. */
export function renderSummary(status: PoolStatus, view: View): string {
  const { waiters, naming } = shown(status);
  const { path, resources, available, leases } = status;
  const free = sorted(resources).map((name) =>
    `${naming(name)} ${formatAmount(name, available[name])} of ` +
    formatAmount(name, resources[name])
  );
  const lines = [
    `Pool in ${visible(path)}: ${counted(leases.length, "lease")}, ` +
    `${waiters.length} waiting`,
    free.length === 0 ? NO_CAPACITIES : visible(`Free: ${free.join(", ")}`),
    "",
    ...HINTS.map(([words, what]) =>
      `  ${paint(words.padEnd(HINT_WIDTH), "cyan", view.color)}  ${what}`
    ),
  ];
  return `${lines.join("\n")}\n`;
}
