/**
 * Moments as the state file has them.
 *
 * @module
 */

const HAS_OFFSET = /(?:Z|[+-]\d\d:?\d\d)$/i;

/** Milliseconds since 1970; `NaN` if the text is not a time. */
export function momentMs(text: string): number {
  // A time without an offset is UTC to the Python package, local to JavaScript.
  return Date.parse(HAS_OFFSET.test(text) ? text : `${text}Z`);
}
