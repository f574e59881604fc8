/**
 * Tables of text that fit a width.
 *
 * What is too wide loses text in its shrinking columns first, then whole columns,
 * those that matter least before the others.
 *
 * @module
 */
import { unicodeWidth } from "@std/cli/unicode-width";
import { visible } from "./text.ts";

/** How text may look where colour is wanted. */
export type Style = "bold" | "dim" | "green" | "yellow" | "red" | "cyan";

const CODES: Readonly<Record<Style, readonly [on: number, off: number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

/** What a view must know about where it is shown. */
export interface View {
  /** Width to fit into. */
  readonly columns: number;
  readonly color: boolean;
  /** The time that ages are counted to. */
  readonly nowMs: number;
}

/** One column of a table. */
export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** May be cut down to this width. Without it the column keeps its width. */
  readonly shrinksTo?: number;
  /** May be left out; the highest number goes first. */
  readonly dropOrder?: number;
}

/** What stands in a table, printed as it is told to look. */
export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

const GAP = "  ";
/** Longer than any terminal is wide; keeps hostile megabytes from being measured. */
const MAX_CELL_LENGTH = 1000;

/** The text in a style, or as it is where no colour is wanted. */
export function paint(
  text: string,
  style: Style | undefined,
  color: boolean,
): string {
  if (!color || style === undefined || text === "") return text;
  const [on, off] = CODES[style];
  return `\x1b[${on}m${text}\x1b[${off}m`;
}

/** The text, cut so that it is at most so wide, with a mark where it was cut. */
export function cut(text: string, width: number): string {
  if (unicodeWidth(text) <= width) return text;
  let kept = "";
  let used = 1;
  for (const character of text) {
    used += unicodeWidth(character);
    if (used > width) break;
    kept += character;
  }
  return `${kept}…`;
}

function widthOf(rows: readonly (readonly Cell[])[], index: number): number {
  return Math.max(...rows.map((row) => unicodeWidth(row[index].text)));
}

/** The width of each column, or `undefined` if they cannot be made to fit. */
function fit(
  columns: readonly Column[],
  natural: readonly number[],
  limit: number,
): number[] | undefined {
  const widths = [...natural];
  let excess = widths.reduce((sum, width) => sum + width + GAP.length, 0) -
    GAP.length - limit;
  while (excess > 0) {
    let widest = -1;
    for (const [index, { shrinksTo }] of columns.entries()) {
      if (shrinksTo === undefined || widths[index] <= shrinksTo) continue;
      if (widest < 0 || widths[index] > widths[widest]) widest = index;
    }
    if (widest < 0) return undefined;
    widths[widest]--;
    excess--;
  }
  return widths;
}

function leastWanted(columns: readonly Column[]): number {
  let found = -1;
  for (const [index, { dropOrder }] of columns.entries()) {
    if (dropOrder === undefined) continue;
    if (found < 0 || dropOrder > columns[found].dropOrder!) found = index;
  }
  return found;
}

/** The lines of a table. Every text in it is made visible here. */
export function renderTable(
  columns: readonly Column[],
  body: readonly (readonly Cell[])[],
  view: Pick<View, "columns" | "color">,
): string[] {
  let kept = [...columns];
  let rows = [
    columns.map(({ title }): Cell => ({ text: title, style: "dim" })),
    ...body.map((row) =>
      row.map(({ text, style }): Cell => ({
        text: visible(text.slice(0, MAX_CELL_LENGTH)),
        style,
      }))
    ),
  ];
  for (;;) {
    const natural = kept.map((_, index) => widthOf(rows, index));
    const widths = fit(kept, natural, view.columns);
    const dropped = widths === undefined ? leastWanted(kept) : -1;
    if (dropped < 0) {
      return rows.map((row) => renderRow(row, kept, widths ?? natural, view));
    }
    kept = kept.toSpliced(dropped, 1);
    rows = rows.map((row) => row.toSpliced(dropped, 1));
  }
}

function renderRow(
  row: readonly Cell[],
  columns: readonly Column[],
  widths: readonly number[],
  view: Pick<View, "color">,
): string {
  const last = row.findLastIndex(({ text }) => text !== "");
  return row.slice(0, last + 1).map(({ text, style }, index) => {
    const shown = cut(text, widths[index]);
    const space = " ".repeat(widths[index] - unicodeWidth(shown));
    const painted = paint(shown, style, view.color);
    if (columns[index].align === "right") return space + painted;
    return index === last ? painted : painted + space;
  }).join(GAP);
}
