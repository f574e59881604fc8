/**
 * Moments as the state file has them.
 *
 * @module
 */

const HAS_OFFSET = /(?:Z|[+-]\d\d:?\d\d)$/i;

/** Milliseconds since 1970; `NaN` if the text is not a time. */
export function momentMs(text: string): number {
  return Date.parse(withOffset(text));
}

/** A time without an offset is UTC to the Python package, local to JavaScript. */
export function withOffset(text: string): string {
  return HAS_OFFSET.test(text) ? text : `${text}Z`;
}

/**
 * The things in the order of their moments, those without a time last. Not by the
 * texts: writers differ in precision, and `…:21Z` is greater than `…:21.320Z`.
 */
export function inOrderOf<T>(
  things: Iterable<T>,
  momentOf: (thing: T) => string,
): T[] {
  const dated = Array.from(things, (thing) => {
    const ms = momentMs(momentOf(thing));
    return { thing, ms: Number.isNaN(ms) ? Infinity : ms };
  });
  dated.sort((a, b) => a.ms < b.ms ? -1 : a.ms > b.ms ? 1 : 0);
  return dated.map(({ thing }) => thing);
}
