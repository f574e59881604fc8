/**
 * What a run of grants shows: how many, how fair, in which order, how fast.
 *
 grant, as the worker that got it saw it; moments as of `nowMs()`. */
export interface Grant {
  readonly askedMs: number;
  /** When it was certainly in the queue; null if unknown or granted at once. */
  readonly queuedMs: number | null;
  readonly grantedMs: number;
  /** Right before it was given back. */
  readonly releasedMs: number;
  /** Entries of the witness, read before asking. */
  readonly askedTick?: number;
  /** Read once it was certainly in the queue. */
  readonly queuedTick?: number;
  /** This grant's own entry. */
  readonly tick?: number;
}

/** What a worker reports of a loop. */
export interface LoopReport {
  /** Grants within the window. */
  readonly count: number;
  /** Longest time from asking to a grant in the window or after it. */
  readonly worstWaitMs: number;
  /** How often which error occurred. */
  readonly errors: Readonly<Record<string, number>>;
  /** Every grant, where they were to be recorded. */
  readonly grants: readonly Grant[];
}

/** The part of a run in which all were at work. */
export interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

/** How a run was for those who took part. */
export interface Shares {
  readonly perSecond: number;
  /** Most grants of a worker by the fewest; who got nothing counts as one who got 1. */
  readonly maxByMin: number;
  readonly atZero: number;
  readonly worstWaitMs: number;
  readonly errors: number;
}

export function shares(
  reports: readonly LoopReport[],
  { startMs, endMs }: Window,
): Shares {
  const counts = reports.map(({ count }) => count);
  const errors = reports.flatMap(({ errors }) => Object.values(errors));
  return {
    perSecond: sum(counts) / (endMs - startMs) * 1000,
    maxByMin: Math.max(...counts) / (Math.min(...counts) || 1),
    atZero: counts.filter((count) => count === 0).length,
    worstWaitMs: Math.max(...reports.map(({ worstWaitMs }) => worstWaitMs)),
    errors: sum(errors),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/**
 * How many grants passed one that had been in the queue before they were asked for,
 * with one unit to share. Exact, as it rests on the witness and on no clock: who read
 * fewer entries once queued was queued before the one who read more before asking.
 */
export function overtakings(reports: readonly LoopReport[]): number {
  const grants = reports.flatMap(({ grants }) => grants)
    .sort((a, b) => a.tick! - b.tick!);
  // From the last grant backwards: of those granted later, the earliest in the queue.
  let earliestQueued = Infinity;
  let count = 0;
  for (const { askedTick, queuedTick } of grants.reverse()) {
    if (earliestQueued < askedTick!) count++;
    if (queuedTick !== undefined) {
      earliestQueued = Math.min(earliestQueued, queuedTick);
    }
  }
  return count;
}

/**
 * From each release to the grant of the next worker that was already waiting then,
 * in milliseconds; with one unit to share.
 */
export function handOvers(
  reports: readonly LoopReport[],
  { startMs, endMs }: Window,
): number[] {
  const grants = reports.flatMap(({ grants }, worker) =>
    grants.map((grant) => ({ ...grant, worker }))
  ).sort((a, b) => a.grantedMs - b.grantedMs);
  const latencies: number[] = [];
  for (const [index, next] of grants.entries()) {
    const last = grants[index - 1];
    if (last === undefined || last.worker === next.worker) continue;
    if (last.releasedMs < startMs || next.grantedMs >= endMs) continue;
    const waited = next.queuedMs ?? next.askedMs;
    if (waited < last.releasedMs) {
      latencies.push(next.grantedMs - last.releasedMs);
    }
  }
  return latencies;
}

/** Of all pairs, those that came in another order than they should have. */
export function pairsOutOfOrder(places: readonly number[]): number {
  let count = 0;
  for (let later = 1; later < places.length; later++) {
    for (let earlier = 0; earlier < later; earlier++) {
      if (places[earlier] > places[later]) count++;
    }
  }
  return count;
}
