/**
 * The capacities of a pool, and how much of each is used, kept and free.
 *
 * @module
 */
import {
  type AmountsByName,
  type CardStatus,
  formatAmount,
  formatMb,
  type PoolStatus,
} from "../../mod.ts";
import { bar, type Shares } from "./bar.ts";
import { cardKey, cardOfKey } from "./card_key.ts";
import type { Overview } from "./overview.ts";
import type { Naming } from "./render.ts";
import { wrapped } from "./text.ts";
import {
  type Cell,
  type Column,
  renderTable,
  spansCell,
  type View,
} from "./table.ts";

const NO_CAPACITIES = "No capacities are registered: " +
  'use "reslock init", or "reslock set NAME VALUE"';

/** Said of a pool that lost its capacities, with what brings them back. */
export function lostText(count: number): string {
  const capacities = count === 1 ? "1 capacity" : `${count} capacities`;
  return `Nothing is registered, while a copy of ${capacities} lies beside it: ` +
    'use "reslock doctor --recover"';
}

/** Bars are as wide as this part of the view, where the numbers leave that much. */
const BAR_SHARE = 0.28;
const BAR_MIN = 10;
const BAR_MAX = 40;
const NUMBERS_WIDTH = 50;

/** Names in the order in which they are shown: cards first, then by name. */
export function resourceNames(amounts: AmountsByName): string[] {
  const rank = (name: string) => cardOfKey(name) !== undefined ? 0 : 1;
  return Object.keys(amounts)
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

const COLUMNS: readonly Column[] = [
  { title: "RESOURCE", shrinksTo: 12 },
  { title: "", dropOrder: 1 },
  { title: "USED", align: "right" },
  { title: "RESERVED", align: "right", dropOrder: 0 },
  { title: "FREE", align: "right" },
  { title: "TOTAL", align: "right" },
  { title: "IN USE", align: "right", dropOrder: 2 },
];

function modelOf(card: CardStatus): string {
  return card.name?.replace(/^NVIDIA (?:GeForce )?/, "") ?? "";
}

/** What they are called where they have a line of their own: `gpu 0 RTX 4090`. */
export function titlesOf(
  { cards }: Pick<PoolStatus, "cards">,
  naming: Naming,
): Naming {
  const models = new Map(
    cards.map((card) => [cardKey(card.uuid), modelOf(card)]),
  );
  return (name) =>
    [naming(name), models.get(name) ?? ""].filter(Boolean).join(" ");
}

/** What the driver says is in use, whoever uses it; nothing where nothing is. */
function driverCell(card: CardStatus | undefined): Cell {
  const usedMb = card?.usedMb ?? 0;
  return { text: usedMb === 0 ? "" : formatMb(usedMb), style: "dim" };
}

/**
 * Who has how much of a resource. Of a card the driver knows better than the leases what
 * is left: others may use it, and holders more than they have leased.
 */
function sharesOf(
  name: string,
  { resources, used, available, reserved }: PoolStatus,
  card: CardStatus | undefined,
): Shares & { readonly free: number } {
  const left = card?.grantableMb ?? available[name];
  // What is kept for those who wait is not there yet where others have it.
  const kept = Math.min(reserved[name] ?? 0, left);
  return {
    used: used[name],
    outside: Math.max(0, available[name] - left),
    reserved: kept,
    free: left - kept,
    total: resources[name],
  };
}

/** A table of all resources, or a word on what to do where there are none. */
export function resourceLines(
  { status, uncounted, naming, leftCount }: Overview,
  view: View,
): string[] {
  const width = Math.min(
    Math.floor(view.columns * BAR_SHARE),
    view.columns - NUMBERS_WIDTH,
  );
  const cards = new Map(
    status.cards.map((card) => [cardKey(card.uuid), card]),
  );
  const titleOf = titlesOf(status, naming);
  const picture = (shares: Shares): Cell =>
    view.plain
      ? { text: "" }
      : spansCell(bar(shares, Math.min(BAR_MAX, Math.max(BAR_MIN, width))));
  const rows = resourceNames(status.resources).map((name): Cell[] => {
    const show = (amount: number) => formatAmount(name, amount);
    const card = cards.get(name);
    const shares = sharesOf(name, status, card);
    return [
      { text: titleOf(name) },
      picture(shares),
      {
        text: show(shares.used),
        style: shares.used > shares.total ? "red" : undefined,
      },
      {
        text: shares.reserved > 0 ? show(shares.reserved) : "",
        style: "yellow",
      },
      { text: show(shares.free), style: shares.free > 0 ? "green" : "dim" },
      { text: show(shares.total) },
      driverCell(card),
    ];
  });
  for (const [name, amount] of uncounted) {
    rows.push([
      { text: naming(name) },
      { text: "" },
      { text: formatAmount(name, amount) },
      { text: "" },
      { text: "-" },
      { text: "-" },
      { text: "" },
    ]);
  }
  const word = leftCount > 0 ? lostText(leftCount) : NO_CAPACITIES;
  return rows.length === 0
    ? wrapped(word, view.columns)
    : renderTable(COLUMNS, rows, view);
}
