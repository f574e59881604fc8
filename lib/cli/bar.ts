/**
 * Amounts as pictures: bars of who has what, and lines of how that went.
 *
 * @module
 */
import type { Span, Style } from "./table.ts";

/** A capacity and what becomes of it. */
export interface Shares {
  /** Leased. */
  readonly used: number;
  /** Not leased, and not to be had. */
  readonly outside: number;
  /** Free, but kept for those who wait. */
  readonly reserved: number;
  readonly total: number;
}

// Told apart without colour as well.
const USED = "█";
const OUTSIDE = "▓";
const RESERVED = "▒";
const FREE = "░";
const LEVELS = "▁▂▃▄▅▆▇█";

/**
 * A bar of so many cells. Whatever is above nothing has a cell, and only what is
 * full looks full.
 */
export function bar(shares: Shares, width: number): Span[] {
  const { used, outside, reserved, total } = shares;
  const share = (amount: number) =>
    total <= 0 ? 0 : Math.min(1, amount / total);
  const cells = (amount: number) => {
    const part = share(amount);
    if (part <= 0) return 0;
    return Math.max(1, part < 1 ? Math.floor(part * width) : width);
  };
  const spans: Span[] = [];
  let sum = 0;
  let filled = 0;
  const add = (amount: number, sign: string, style: Style) => {
    sum += amount;
    const end = Math.max(filled, cells(sum));
    // Of two that share one cell the first one shows, and the other takes the next.
    const isHidden = share(amount) > 0 && end === filled && end < width;
    const own = isHidden ? end + 1 : end;
    spans.push({ text: sign.repeat(own - filled), style });
    filled = own;
  };
  add(used, USED, used > total ? "red" : "cyan");
  add(outside, OUTSIDE, "magenta");
  add(reserved, RESERVED, "yellow");
  return [...spans, { text: FREE.repeat(width - filled), style: "dim" }];
}

/** The last values, 0 to 1, one cell each, right-aligned; spaces where there is none. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width).map((value) => {
    const level = Math.ceil(Math.min(1, Math.max(0, value)) * LEVELS.length);
    return level === 0 ? " " : LEVELS[level - 1];
  });
  return shown.join("").padStart(width);
}
