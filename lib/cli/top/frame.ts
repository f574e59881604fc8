/**
 * The screen of a terminal that is drawn over and over: only lines that changed are
 * written.
 *
 * @module
 */

/** A screen of its own, without a cursor. */
export const ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J";
/** The screen as it was, and the cursor. */
export const LEAVE = "\x1b[?25h\x1b[?1049l";

/** What makes one frame of the other; empty where nothing changed. */
export function frameChange(
  before: readonly string[],
  after: readonly string[],
): string {
  let text = "";
  for (const [index, line] of after.entries()) {
    if (line === before[index]) continue;
    text += `\x1b[${index + 1};1H\x1b[2K${line}`;
  }
  return text;
}
