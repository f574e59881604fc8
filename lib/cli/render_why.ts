/**
 * What `why` shows of a request.
 *
 * @module
 */
import {
  type AmountsByName,
  type Explanation,
  formatAmount,
  formatMb,
  type Holder,
  type Obstacle,
  type Outsider,
  type Party,
  type PoolStatus,
  type ResourceRequest,
} from "../../mod.ts";
import { closest } from "./arguments.ts";
import { namingIn } from "./overview.ts";
import { type Naming, renderCapacity } from "./render.ts";
import { renderRequest } from "./run/messages.ts";
import {
  type Cell,
  type Column,
  paint,
  renderTable,
  type View,
} from "./table.ts";
import { formatDuration, quoted, visible } from "./text.ts";

/** What would become of a request, and what `run` would register first for it. */
export interface Told extends Explanation {
  readonly registers: AmountsByName;
}

/**
 * Whether it would be granted; if not, who has it, who goes first, what comes back.
 *
 * @param pool its names that have a capacity, and its cards
 */
export function renderWhy(
  request: ResourceRequest,
  explanation: Told,
  pool: Pick<PoolStatus, "resources" | "cards">,
  view: View,
): string {
  const { short, reclaims, obstacle, earliestStart, registers } = explanation;
  const blocks = [[headline(request, explanation, view)]];
  // The same ones may hold, or want, several of the things that are short.
  const naming = namingIn(pool);
  const holders = short.flatMap(({ holders, outside }) => [
    ...holders.map((holder) => holderCells(holder, naming)),
    ...outside.map((outsider) => outsiderCells(outsider, naming)),
  ]);
  const unnamed = short.some((shortage) =>
    shortage.holders.length < shortage.holderCount ||
    shortage.outside.length < shortage.outsideCount
  );
  if (holders.length > 0) {
    const lines = renderTable(HOLDER_COLUMNS, holders, view);
    blocks.push(section("Held by", lines, unnamed, view));
  }
  const front = new Map(
    short.flatMap(({ behind }) => behind).map((party) => [party.id, party]),
  );
  const uncounted = short.some(({ behind, behindCount }) =>
    behind.length < behindCount
  );
  if (front.size > 0) {
    const lines = partyLines([...front.values()], view);
    blocks.push(section("Goes first", lines, uncounted, view));
  }
  if (reclaims.length > 0) {
    const lines = partyLines(reclaims, view);
    blocks.push(section("Would be asked back", lines, false, view));
  }
  if (earliestStart !== null) {
    const inMs = Date.parse(earliestStart) - view.nowMs;
    blocks.push([
      `May start in ${
        formatDuration(inMs)
      } at the earliest, by the estimates ` +
      `of those who hold it`,
    ]);
  }
  const added = Object.entries(registers);
  if (added.length > 0) {
    const lines = added.map(([name, amount]) => renderCapacity(name, amount));
    blocks.push(
      section("Would be registered on first use", lines, false, view),
    );
  }
  if (obstacle !== null && obstacle.capacity === undefined) {
    blocks.push([remedyOf(obstacle, pool)]);
  }
  return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

/** What gives a capacity to something that has none. */
function remedyOf(
  { resource, slot }: Obstacle,
  { resources }: Pick<PoolStatus, "resources">,
): string {
  if (slot !== undefined || resource === "vram_mb") {
    return '"reslock init" registers the cards that are here; the memory of one ' +
      "that uses RAM is asked for with --ram";
  }
  const meant = closest(resource, Object.keys(resources));
  return (meant === undefined
    ? ""
    : `Did you mean ${quoted(meant)}? If not, `) +
    'set one with "reslock set NAME VALUE", or see "reslock init"';
}

function headline(
  request: ResourceRequest,
  { verdict, sentence }: Explanation,
  { color }: View,
): string {
  const asked = visible(renderRequest(request));
  switch (verdict) {
    case "grantable":
      return `${paint("Yes", "green", color)}: ${asked} can be granted now`;
    case "impossible":
      return `${paint("No", "red", color)}: ${visible(sentence)}`;
    default:
      return `${paint("Not now", "yellow", color)}: ${visible(sentence)}`;
  }
}

function section(
  title: string,
  lines: readonly string[],
  hasMore: boolean,
  { color }: View,
): string[] {
  const more = hasMore ? ['and others: see "reslock status"'] : [];
  return [paint(title, "bold", color), ...lines, ...more];
}

const HOLDER_COLUMNS: readonly Column[] = [
  { title: "LEASE" },
  { title: "LABEL", shrinksTo: 8 },
  { title: "PID", align: "right" },
  { title: "PROGRAM", shrinksTo: 8 },
  { title: "HOLDS", shrinksTo: 20 },
];

function holderCells(
  { id, label, resource, amount }: Holder,
  naming: Naming,
): Cell[] {
  return [
    { text: id, style: "cyan" },
    { text: label ?? "" },
    { text: "" },
    { text: "" },
    { text: `${naming(resource)} ${formatAmount(resource, amount)}` },
  ];
}

/** Without a lease there is nothing to name it by but what the driver tells. */
function outsiderCells(
  { pid, name, usedMb, resource }: Outsider,
  naming: Naming,
): Cell[] {
  return [
    { text: "" },
    { text: "" },
    { text: pid === null ? "?" : String(pid) },
    { text: name },
    { text: `${naming(resource)} ${formatMb(usedMb)}` },
  ];
}

function partyLines(parties: readonly Party[], view: View): string[] {
  const rows = parties.map(({ id, label }): Cell[] => [
    { text: id, style: "cyan" },
    { text: label ?? "" },
  ]);
  const columns = [{ title: "ID" }, { title: "LABEL", shrinksTo: 8 }];
  return renderTable(columns, rows, view);
}
