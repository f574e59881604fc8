/**
 * What `why` shows of a request.
 *
 * @module
 */
import {
  type Explanation,
  formatAmount,
  type Holder,
  type Party,
  type ResourceRequest,
} from "../../mod.ts";
import { closest } from "./arguments.ts";
import { namingOf } from "./render.ts";
import { renderRequest } from "./run/messages.ts";
import { type Cell, paint, renderTable, type View } from "./table.ts";
import { formatDuration, quoted, visible } from "./text.ts";

/**
 * Whether it would be granted; if not, who has it, who goes first, what comes back.
 *
 * @param known the names that have a capacity
 */
export function renderWhy(
  request: ResourceRequest,
  explanation: Explanation,
  known: readonly string[],
  view: View,
): string {
  const { short, reclaims, obstacle, earliestStart } = explanation;
  const blocks = [[headline(request, explanation, view)]];
  // The same ones may hold, or want, several of the things that are short.
  const holders = short.flatMap(({ holders }) => holders);
  const unnamed = short.some(({ holders, holderCount }) =>
    holders.length < holderCount
  );
  if (holders.length > 0) {
    blocks.push(section("Held by", holderLines(holders, view), unnamed, view));
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
  if (obstacle !== null && obstacle.capacity === undefined) {
    const meant = obstacle.slot === undefined
      ? closest(obstacle.resource, known)
      : undefined;
    blocks.push([
      (meant === undefined ? "" : `Did you mean ${quoted(meant)}? If not, `) +
      'set one with "reslock set NAME VALUE", or see "reslock init"',
    ]);
  }
  return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`;
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

function holderLines(holders: readonly Holder[], view: View): string[] {
  const naming = namingOf(holders.map(({ resource }) => resource));
  const rows = holders.map(({ id, label, resource, amount }): Cell[] => [
    { text: id, style: "cyan" },
    { text: label ?? "" },
    { text: `${naming(resource)} ${formatAmount(resource, amount)}` },
  ]);
  return renderTable(
    [
      { title: "LEASE" },
      { title: "LABEL", shrinksTo: 8 },
      { title: "HOLDS", shrinksTo: 14 },
    ],
    rows,
    view,
  );
}

function partyLines(parties: readonly Party[], view: View): string[] {
  const rows = parties.map(({ id, label }): Cell[] => [
    { text: id, style: "cyan" },
    { text: label ?? "" },
  ]);
  const columns = [{ title: "ID" }, { title: "LABEL", shrinksTo: 8 }];
  return renderTable(columns, rows, view);
}
