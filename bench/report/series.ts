/**
 * Lines for plots out of what was measured.
 *
 * @module
 */
import type { Conditions, Measure, Samples } from "../harness/samples.ts";
import { quantile } from "../harness/statistics.ts";
import type { Series } from "./line_plot.ts";

/** For each contender the medians over one of the conditions, the others fixed. */
export function seriesOver(
  samples: Samples,
  measure: Measure,
  over: string,
  fixed: Conditions,
): Series[] {
  const lines = new Map<string, [number, number][]>();
  for (
    const { measure: { what }, contender, at, summary } of samples.figures()
  ) {
    const fits = Object.entries(fixed).every(([name, value]) =>
      at[name] === value
    );
    const x = at[over];
    if (what !== measure.what || !fits || typeof x !== "number") continue;
    if (summary === undefined) continue;
    const points = lines.get(contender) ?? [];
    points.push([x, summary.median]);
    lines.set(contender, points);
  }
  return inOrder([...lines].map(([name, points]) => ({
    name,
    points: points.sort(([a], [b]) => a - b),
  })));
}

/** Shares at which a distribution is drawn. */
const SHARES = Array.from({ length: 101 }, (_, index) => index / 100);

/** For each contender how many percent of its values lie below. */
export function distributions(
  samples: Samples,
  measure: Measure,
  at: Conditions,
): Series[] {
  const series = samples.contenders(measure).flatMap((name) => {
    const values = samples.values(measure, name, at);
    if (values === undefined) return [];
    const points = SHARES.map((share) =>
      [quantile(values, share), share * 100] as const
    );
    return [{ name, points }];
  });
  return inOrder(series);
}

/** What the plot is about first, floors next, and the same in all plots. */
function inOrder(series: readonly Series[]): Series[] {
  const rank = ({ name }: Series) =>
    name === "reslock" ? 0 : name.startsWith("floor") ? 1 : 2;
  return series.toSorted((a, b) =>
    rank(a) - rank(b) || a.name.localeCompare(b.name)
  );
}
