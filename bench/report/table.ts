/**
 * What was measured, as Markdown.
 *
 * @module
 */
import type { Figure, Measure } from "../harness/samples.ts";
import { type Goal, isReached } from "../question.ts";

/** One table for each measure: a row for each set of conditions, a column for each contender. */
export function figureTables(figures: readonly Figure[]): string {
  const measures = new Map<string, Figure[]>();
  for (const figure of figures) {
    const { what } = figure.measure;
    measures.set(what, [...measures.get(what) ?? [], figure]);
  }
  return [...measures.values()].map(figureTable).join("\n");
}

function figureTable(figures: readonly Figure[]): string {
  const { measure } = figures[0];
  const contenders = [...new Set(figures.map(({ contender }) => contender))];
  const rows = new Map<string, Figure[]>();
  for (const figure of figures) {
    const key = JSON.stringify(figure.at);
    rows.set(key, [...rows.get(key) ?? [], figure]);
  }
  return table(
    [titleOf(measure), ...contenders],
    [...rows.values()].map((row) => [
      conditionsText(row[0]),
      ...contenders.map((name) =>
        cellText(row.find(({ contender }) => contender === name))
      ),
    ]),
  );
}

function titleOf({ what, unit, show = ["median"] }: Measure): string {
  return `${what}, ${unit} (${show.join(" / ")})`;
}

function conditionsText({ at }: Figure): string {
  return Object.entries(at)
    .map(([name, value]) =>
      typeof value === "string"
        ? `${name} ${value}`
        : `${name}: ${amount(value)}`
    ).join(", ");
}

function cellText(figure: Figure | undefined): string {
  if (figure === undefined) return "";
  const { summary, missed, measure: { show = ["median"] } } = figure;
  if (summary === undefined) return "never";
  const values = show.map((name) => amount(summary[name])).join(" / ");
  return missed > 0
    ? `${values}, never in ${missed} of ${missed + summary.count}`
    : values;
}

/** The goals, and whether they were reached. */
export function goalTable(goals: readonly Goal[]): string {
  const words = new Map([[true, "reached"], [false, "**missed**"]]);
  return table(
    ["goal", "measured", ""],
    goals.map((goal) => {
      const reached = isReached(goal);
      return [
        `${goal.kind} ${amount(goal.bound)} ${goal.text}`,
        goal.measured === undefined ? "" : amount(goal.measured),
        reached === undefined ? "not measured" : words.get(reached)!,
      ];
    }),
  );
}

/** A table in Markdown, whose first column is of words and the others of numbers. */
export function table(
  head: readonly string[],
  rows: readonly string[][],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, index) => index === 0 ? "---" : "---:");
  return [line(head), line(rule), ...rows.map(line), ""].join("\n");
}

/** Three digits that count, and thousands set apart. */
export function amount(value: number): string {
  if (!Number.isFinite(value)) return `${value}`.replace("Infinity", "∞");
  const rounded = Number(value.toPrecision(3));
  return Math.abs(value) >= 1000
    ? Math.round(value).toLocaleString("en-US")
    : `${rounded}`;
}
