/**
 * Acts that wait for time to pass, or for a signal.
 *
 * @module
 */

/** Acts when a signal aborts, or at once if it has; not after `until` has. */
export function when(
  source: AbortSignal,
  until: AbortSignal,
  act: () => void,
): void {
  if (until.aborted) return;
  if (source.aborted) act();
  else source.addEventListener("abort", act, { once: true, signal: until });
}

/** Acts after a time, unless `until` has aborted before. */
export function later(
  delayMs: number,
  until: AbortSignal,
  act: () => void,
): void {
  // Not with `setTimeout`: its first use costs a quarter of Deno's own start.
  when(AbortSignal.timeout(delayMs), until, act);
}
