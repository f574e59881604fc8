/**
 * Tables of text that fit a width.
 *
 * Columns in which nothing stands are left out. What is too wide loses text in its
 * shrinking columns first, then whole columns, those that matter least before the
 * others.
 *
 * @module
 */
import { visible, widthOfText, wrapped } from "./text.ts";

/** How text may look where colour is wanted. */
export type Style =
  | "bold"
  | "dim"
  | "inverse"
  | "green"
  | "yellow"
  | "red"
  | "magenta"
  | "cyan";

const CODES: Readonly<Record<Style, readonly [on: number, off: number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  inverse: [7, 27],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  magenta: [35, 39],
  cyan: [36, 39],
};

/** What a view must know about where it is shown. */
export interface View {
  /** Width to fit into. */
  readonly columns: number;
  readonly color: boolean;
  /** The time that ages are counted to. */
  readonly nowMs: number;
  /** Whether pictures would be noise: on a dumb terminal, to a screen reader. */
  readonly plain?: boolean;
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

/** Text that looks one way. */
export interface Span {
  readonly text: string;
  readonly style?: Style;
}

/** What stands in a table, printed as it is told to look. */
export interface Cell extends Span {
  /** The parts of `text` where they differ in style; not for columns that shrink. */
  readonly spans?: readonly Span[];
}

/** A cell of several styles. */
export function spansCell(spans: readonly Span[]): Cell {
  return { text: spans.map(({ text }) => text).join(""), spans };
}

/** What stands between two columns. */
export const GAP = "  ";
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
  if (widthOfText(text) <= width) return text;
  let kept = "";
  let used = 1;
  for (const character of text) {
    used += widthOfText(character);
    if (used > width) break;
    kept += character;
  }
  return `${kept}…`;
}

// deno-lint-ignore no-control-regex
const STYLE = /(\x1b\[\d+m)/;

/** The same for painted text: each style that it turns on is turned off in it. */
export function cutPainted(text: string, width: number): string {
  // The texts in turn with what changes the style between them.
  const parts = text.split(STYLE);
  const plain = parts.filter((_, index) => index % 2 === 0).join("");
  if (widthOfText(plain) <= width) return text;
  let rest = cut(plain, width);
  return parts.map((part, index) => {
    if (index % 2 === 1) return part;
    const shown = rest.slice(0, part.length);
    rest = rest.slice(part.length);
    return shown;
  }).join("");
}

function widthOf(rows: readonly (readonly Cell[])[], index: number): number {
  return Math.max(...rows.map((row) => widthOfText(row[index].text)));
}

/** The width of each column, and whether that fits: if not, as narrow as they get. */
function fit(
  columns: readonly Column[],
  natural: readonly number[],
  limit: number,
): { readonly widths: readonly number[]; readonly fits: boolean } {
  const widths = [...natural];
  let excess = widths.reduce((sum, width) => sum + width + GAP.length, 0) -
    GAP.length - limit;
  while (excess > 0) {
    let widest = -1;
    for (const [index, { shrinksTo }] of columns.entries()) {
      if (shrinksTo === undefined || widths[index] <= shrinksTo) continue;
      if (widest < 0 || widths[index] > widths[widest]) widest = index;
    }
    if (widest < 0) return { widths, fits: false };
    widths[widest]--;
    excess--;
  }
  return { widths, fits: true };
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
  const isFilled = columns.map((_, index) =>
    body.some((row) => row[index].text !== "")
  );
  const filled = <T>(row: readonly T[]) =>
    row.filter((_, index) => isFilled[index]);
  let kept = filled(columns);
  let rows = [
    kept.map(({ title }): Cell => ({ text: title, style: "dim" })),
    ...body.map((row) =>
      filled(row).map(({ text, ...look }): Cell => ({
        text: visible(text.slice(0, MAX_CELL_LENGTH)),
        ...look,
      }))
    ),
  ];
  for (;;) {
    const natural = kept.map((_, index) => widthOf(rows, index));
    const { widths, fits } = fit(kept, natural, view.columns);
    const dropped = fits ? -1 : leastWanted(kept);
    if (dropped < 0) {
      return rows.map((row) => renderRow(row, kept, widths, view));
    }
    kept = kept.toSpliced(dropped, 1);
    rows = rows.map((row) => row.toSpliced(dropped, 1));
  }
}

/**
 * A table with something to read below some of its rows: the lines of the titles, then
 * those of each row.
 *
 * @param below for each row the text below it, wrapped; empty where there is none
 * @param indent how far the text stands in
 */
export function renderAnnotated(
  columns: readonly Column[],
  body: readonly (readonly Cell[])[],
  { below, indent, view }: {
    readonly below: readonly Span[];
    readonly indent: number;
    readonly view: Pick<View, "columns" | "color">;
  },
): string[][] {
  const [titles, ...rows] = renderTable(columns, body, view);
  const margin = " ".repeat(indent);
  const width = Math.max(1, view.columns - indent);
  return [
    [titles],
    ...rows.map((row, index) => {
      const { text, style } = below[index];
      const lines = text === "" ? [] : wrapped(visible(text), width);
      return [
        row,
        ...lines.map((line) =>
          margin + paint(cut(line, width), style, view.color)
        ),
      ];
    }),
  ];
}

function renderRow(
  row: readonly Cell[],
  columns: readonly Column[],
  widths: readonly number[],
  view: Pick<View, "color">,
): string {
  const last = row.findLastIndex(({ text }) => text !== "");
  return row.slice(0, last + 1).map(({ text, style, spans }, index) => {
    const shown = cut(text, widths[index]);
    const space = " ".repeat(widths[index] - widthOfText(shown));
    const painted = spans === undefined
      ? paint(shown, style, view.color)
      : spans.map((span) => paint(span.text, span.style, view.color)).join("");
    if (columns[index].align === "right") return space + painted;
    return index === last ? painted : painted + space;
  }).join(GAP);
}
