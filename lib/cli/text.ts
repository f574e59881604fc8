/**
 * Text for people: what others wrote made harmless, times made short.
 *
 * Every user of the machine can write labels and names into the state file. What
 * is printed of them must not steer another user's terminal, nor look like
 * something that it is not.
 *
 * @module
 */

import { unicodeWidth } from "@std/cli/unicode-width";

/** Controls, line ends, marks that hide or turn text, and half characters. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
/** What of these JSON leaves as it is. */
const UNSEEN_IN_JSON = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu;

function escapeUnits(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) =>
      `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`,
  ).join("");
}

/** The text with everything unseen made visible: an escape reads as `\u001b`. */
export function visible(text: string): string {
  return text.replace(UNSEEN, escapeUnits);
}

/** What takes one column for each character, as nearly all does that is shown. */
const NARROW = /^[ -~█▒░▁-▇…·×→]*$/;

/** The columns that a text takes on a terminal. */
export function widthOfText(text: string): number {
  // To measure the rest costs a hundred times as much.
  return NARROW.test(text) ? text.length : unicodeWidth(text);
}

/** The words in lines of at most this width; a longer word has a line of its own. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    const longer = `${last} ${word}`;
    if (last !== undefined && widthOfText(longer) <= width) {
      lines[lines.length - 1] = longer;
    } else lines.push(word);
  }
  return lines;
}

/** The text in quotes, harmless, cut after 80 characters. */
export function quoted(text: string): string {
  const cut = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return `"${visible(cut)}"`;
}

/** A value as indented JSON that no terminal obeys, with a line end. */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value, null, 2);
  return `${text.replace(UNSEEN_IN_JSON, escapeUnits)}\n`;
}

/** A value as JSON on one line, as harmless. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value).replace(UNSEEN_IN_JSON, escapeUnits)}\n`;
}

/** A number of things: `1 lease`, `2 leases`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** A duration in its two largest units: `12s`, `3m12s`, `5h03m`, `2d04h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.trunc(ms / 1000));
  const minutes = Math.trunc(seconds / 60);
  const hours = Math.trunc(minutes / 60);
  const days = Math.trunc(hours / 24);
  const two = (value: number) => String(value).padStart(2, "0");
  if (days > 0) return `${days}d${two(hours % 24)}h`;
  if (hours > 0) return `${hours}h${two(minutes % 60)}m`;
  if (minutes > 0) return `${minutes}m${two(seconds % 60)}s`;
  return `${seconds}s`;
}

/** A duration as somebody gave it, however short: `250 ms`, `1m30s`. */
export function formatGiven(ms: number): string {
  return ms < 1000 ? `${ms} ms` : formatDuration(ms);
}

/** Milliseconds since a time of the state file; `undefined` where it is not a time. */
export function elapsedMs(since: string, nowMs: number): number | undefined {
  // Without a zone UTC is meant; `Date` would take it for local time.
  const hasZone = /(?:Z|[+-]\d\d:?\d\d)$/i.test(since);
  const sinceMs = Date.parse(hasZone ? since : `${since}Z`);
  return Number.isNaN(sinceMs) ? undefined : nowMs - sinceMs;
}

/** How long ago a time of the state file was; `?` where it is not a time. */
export function formatAge(since: string, nowMs: number): string {
  const elapsed = elapsedMs(since, nowMs);
  return elapsed === undefined ? "?" : formatDuration(elapsed);
}
