/**
 * Numbers about numbers.
 *
 * @module
 */

/** What is kept of many measurements of one thing. */
export interface Summary {
  readonly count: number;
  readonly min: number;
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * The value below which this share of the values lies, between two neighbours in
 * proportion. Values need not be sorted.
 */
export function quantile(values: readonly number[], share: number): number {
  return quantileOfSorted(values.toSorted((a, b) => a - b), share);
}

function quantileOfSorted(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) {
    throw new RangeError("Cannot summarize values as there are none");
  }
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function summarize(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    count: sorted.length,
    min: quantileOfSorted(sorted, 0),
    median: quantileOfSorted(sorted, 0.5),
    p99: quantileOfSorted(sorted, 0.99),
    max: quantileOfSorted(sorted, 1),
  };
}

/**
 * How many times the one is the other: the median of the ratios within each round, so
 * that a machine that is slower in some rounds does not count.
 */
export function medianRatio(
  values: readonly number[],
  others: readonly number[],
): number {
  if (values.length !== others.length) {
    throw new RangeError("Cannot compare rounds as their numbers differ");
  }
  return median(values.map((value, round) => value / others[round]));
}

/** The values in another order each time, by {@linkcode Math.random}. */
export function shuffled<T>(values: readonly T[]): T[] {
  const result = [...values];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [result[last], result[other]] = [result[other], result[last]];
  }
  return result;
}

/** The values, begun with another one in each round. */
export function rotated<T>(values: readonly T[], round: number): T[] {
  const first = values.length === 0 ? 0 : round % values.length;
  return [...values.slice(first), ...values.slice(0, first)];
}
