/**
 * The part of a long list that a screen has room for.
 *
 * @module
 */

/** A line of a list; of an entry, its place among all entries, from 0. */
export interface Line {
  readonly text: string;
  readonly place?: number;
}

/** What is shown of a list. */
export interface Window {
  readonly lines: readonly string[];
  /** How many entries are among them, 1 at least. */
  readonly page: number;
}

/** On a lower screen each line is needed for the selected entry. */
const HEIGHT_FOR_COUNTS = 6;

/**
 * As many lines as there is room for, with the selected entry; in the place of the first
 * and the last one, which entries precede and follow.
 *
 * @param count how many entries there are, also those that no line is of as they are
 * too far from the selected one
 * @param named names entries that are left out, from a place to before another one
 */
export function windowOf(
  body: readonly Line[],
  { selected, count, height, named }: {
    readonly selected: number;
    readonly count: number;
    readonly height: number;
    named(sign: string, from: number, to: number): string;
  },
): Window {
  const from = firstShown(body, selected, height);
  const to = Math.min(body.length, from + height);
  /** How many entries begin above a line. */
  const above = (index: number) => {
    const next = body.findIndex(({ place }, at) =>
      at >= index && place !== undefined
    );
    if (next < 0) return count;
    return body[next].place! + (isRest(body, next) ? 1 : 0);
  };
  const isTall = height >= HEIGHT_FOR_COUNTS;
  const precede = isTall && above(from) > 0;
  const follow = isTall && above(to) < count;
  const first = above(precede ? from + 1 : from);
  const end = above(follow ? to - 1 : to);
  const lines = body.slice(from, to).map(({ text }) => text);
  if (precede) lines[0] = named("↑", 0, first);
  if (follow) lines[lines.length - 1] = named("↓", end, count);
  return { lines, page: Math.max(1, end - first) };
}

function firstShown(
  body: readonly Line[],
  selected: number,
  height: number,
): number {
  const first = body.findIndex(({ place }) => place === selected);
  const last = body.findLastIndex(({ place }) => place === selected);
  // The last line is for what follows.
  if (first < 0 || last < height - 1 || body.length <= height) return 0;
  const middle = first - Math.floor(height / 2);
  let from = Math.max(0, Math.min(middle, body.length - height));
  // Below what precedes stands no rest of an entry.
  while (from + 1 < first && isRest(body, from + 1)) from++;
  return from;
}

/** Whether a line goes on with an entry. */
function isRest(body: readonly Line[], index: number): boolean {
  const { place } = body[index];
  return place !== undefined && body[index - 1]?.place === place;
}
