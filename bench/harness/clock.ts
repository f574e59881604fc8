/**
 * One clock for all processes of the machine, so that a moment in one can be
 * compared with a moment in another.
 *
 * `Date.now()` counts whole milliseconds. Deno reads the system's clock to the
 * microsecond once, at the start, and counts on from there; so did all the others
 * (Python and `date` ask the system each time). Only setting the clock in the middle
 * of a run would pull them apart, which is checked.
 *
 * @module
 */

/** More than a slow reading costs, and less than a jump that spoils a result. */
const JUMP_MS = 5;

/** Milliseconds since 1970, with the microseconds behind the point. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Throws if the system's clock was set since this process started. */
export function assertSteadyClock(): void {
  const before = nowMs();
  const system = Date.now();
  const after = nowMs();
  if (system > before - JUMP_MS && system < after + JUMP_MS) return;
  throw new Error(
    `Cannot compare moments as the system's clock was set by ${
      Math.round(system - after)
    } ms during the run: run it again`,
  );
}

/** Resolves after this long; at once if it is 0 or less. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves at a moment of {@linkcode nowMs}. */
export function sleepUntil(moment: number): Promise<void> {
  return sleep(Math.max(0, moment - nowMs()));
}

/** What a promise resolves to, or an error that names it if it takes too long. */
export async function within<T>(
  limitMs: number,
  what: string,
  promise: Promise<T>,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new TimeoutError(`${what} took over ${limitMs} ms`)),
      limitMs,
    );
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** A promise took longer than {@linkcode within} allowed. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/** What a promise resolves to, or undefined if it takes too long. */
export async function unlessLate<T>(
  limitMs: number,
  promise: Promise<T>,
): Promise<T | undefined> {
  try {
    return await within(limitMs, "It", promise);
  } catch (error) {
    if (error instanceof TimeoutError) return undefined;
    throw error;
  }
}
