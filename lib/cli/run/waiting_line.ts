/**
 * The line that lives on a terminal for as long as a wait.
 *
 * @module
 */
import type { Explanation, ResourceRequest } from "../../../mod.ts";
import { cut, paint, type View } from "../table.ts";
import { formatDuration, visible, widthOfText } from "../text.ts";
import { renderRequest, type Standing } from "./messages.ts";

const PREFIX = "reslock: ";
/**
 * What the terminal writes behind the line when Ctrl-C is pressed, and the last column,
 * in which some begin a new line: what wraps would not be taken away with the line.
 */
const KEPT_FREE = "^C".length + 1;

/** A wait as it is now. */
export interface Waited extends Standing {
  readonly request: ResourceRequest;
  readonly elapsedMs: number;
}

/** The place, how long so far, when it may start, and why not yet. */
export function renderLive(waited: Waited, view: View): string {
  const { request, position, why, elapsedMs } = waited;
  const startsInMs = Date.parse(why?.earliestStart ?? "") - view.nowMs;
  const times = formatDuration(elapsedMs) +
    (startsInMs > 0 ? `, may start in ${formatDuration(startsInMs)}` : "");
  // Whoever waits knows what was asked for: that goes first where it is narrow.
  const heads = [
    `number ${position} in the queue for ${renderRequest(request)}, ${times}`,
    `number ${position} in the queue, ${times}`,
    `number ${position}, ${times}`,
  ].map(visible);
  const room = view.columns - KEPT_FREE - PREFIX.length;
  const reasons = reasonsOf(why);
  const lines = reasons.flatMap((reason) =>
    heads.map((head) => ({ head, text: head + reason }))
  );
  const { head, text } = lines.find(({ text }) => widthOfText(text) <= room) ??
    lines.at(-1)!;
  const line = cut(text, room);
  return paint(PREFIX, "dim", view.color) + line.slice(0, head.length) +
    paint(line.slice(head.length), "yellow", view.color);
}

/** Why it still waits: whole, and without what was asked for. */
function reasonsOf(why: Explanation | null): readonly string[] {
  if (why === null) return [""];
  const { sentence, short } = why;
  // Of several things the amounts alone would not say which is which.
  const rest = short.length === 1
    ? sentence.replace(/^needs .*?; /, "")
    : sentence;
  return [sentence, rest].map((text) => visible(`: ${text}`));
}
