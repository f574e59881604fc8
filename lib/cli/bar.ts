/**
 * Amounts as pictures: bars of what is used, and lines of how that went.
 *
 * @module
 */
import type { Span } from "./table.ts";

/** A capacity and what becomes of it. */
export interface Shares {
  readonly used: number;
  /** Free, but kept for those who wait. */
  readonly reserved: number;
  readonly total: number;
}

// Told apart without colour as well.
const USED = "█";
const RESERVED = "▒";
const FREE = "░";
const LEVELS = "▁▂▃▄▅▆▇█";

/**
 * A bar of so many cells. Whatever is above nothing has a cell, and only what is
 * full looks full.
 */
export function bar({ used, reserved, total }: Shares, width: number): Span[] {
  const share = (amount: number) =>
    total <= 0 ? 0 : Math.min(1, amount / total);
  const cells = (amount: number) => {
    const part = share(amount);
    if (part <= 0) return 0;
    return Math.max(1, part < 1 ? Math.floor(part * width) : width);
  };
  const usedCells = cells(used);
  const takenCells = Math.max(usedCells, cells(used + reserved));
  // Of two that share one cell the one that is used shows.
  const kept = reserved > 0 && takenCells === usedCells && takenCells < width
    ? takenCells + 1
    : takenCells;
  return [
    { text: USED.repeat(usedCells), style: used > total ? "red" : "cyan" },
    { text: RESERVED.repeat(kept - usedCells), style: "yellow" },
    { text: FREE.repeat(width - kept), style: "dim" },
  ];
}

/** The last values, 0 to 1, one cell each, right-aligned; spaces where there is none. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width).map((value) => {
    const level = Math.ceil(Math.min(1, Math.max(0, value)) * LEVELS.length);
    return level === 0 ? " " : LEVELS[level - 1];
  });
  return shown.join("").padStart(width);
}
