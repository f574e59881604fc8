/**
 * Time. Waits and limits are measured on the monotonic clock; the wall clock is
 * only written down for people and for other programs.
 *
 * @module
 */

/** Where time is read; tests turn a clock by hand. */
export interface Clock {
  /** Milliseconds since 1970; may jump. */
  wallMs(): number;
  /** Milliseconds since some moment; never goes back. */
  monotonicMs(): number;
}

/** The machine's clocks. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

let isoMs = NaN;
let iso = "";

/** ISO 8601 in UTC. Remembers the last one: one millisecond has many transactions. */
export function isoTime(wallMs: number): string {
  if (wallMs !== isoMs) {
    iso = new Date(wallMs).toISOString();
    isoMs = wallMs;
  }
  return iso;
}

/** Resolves after this long; at once if it is 0 or less. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
