/**
 * What was measured, by what it is, who did it, and under which conditions.
 *
 * @module
 */
import { summarize, type Summary } from "./statistics.ts";

/** Something that is measured. */
export interface Measure {
  readonly what: string;
  readonly unit: string;
  /** Which of its figures a table shows. @default {["median"]} */
  readonly show?: readonly (keyof Summary)[];
}

/** Under which conditions, such as `{ processes: 32 }`. */
export type Conditions = Readonly<Record<string, string | number>>;

/** The figures of one measure, one contender and one set of conditions. */
export interface Figure {
  readonly measure: Measure;
  readonly contender: string;
  readonly at: Conditions;
  /** Undefined if it never came to an end. */
  readonly summary: Summary | undefined;
  /** How often it came to no end within the limit. */
  readonly missed: number;
}

interface Cell {
  readonly measure: Measure;
  readonly contender: string;
  readonly at: Conditions;
  readonly values: number[];
  missed: number;
}

/** All measurements of a question. */
export class Samples {
  readonly #cells = new Map<string, Cell>();

  add(
    measure: Measure,
    contender: string,
    at: Conditions,
    ...values: number[]
  ): void {
    this.#cell(measure, contender, at).values.push(...values);
  }

  /** Something that was waited for in vain. */
  miss(measure: Measure, contender: string, at: Conditions): void {
    this.#cell(measure, contender, at).missed++;
  }

  /** In the order in which they were added; undefined if there are none. */
  values(
    measure: Measure,
    contender: string,
    at: Conditions,
  ): readonly number[] | undefined {
    const cell = this.#cells.get(keyOf(measure, contender, at));
    return cell === undefined || cell.values.length === 0
      ? undefined
      : cell.values;
  }

  figures(): Figure[] {
    return [...this.#cells.values()].map(({ values, ...cell }) => ({
      ...cell,
      summary: values.length > 0 ? summarize(values) : undefined,
    }));
  }

  /** Those who were measured in this, in order of appearance. */
  contenders(measure: Measure): string[] {
    const names = new Set<string>();
    for (const { measure: { what }, contender } of this.#cells.values()) {
      if (what === measure.what) names.add(contender);
    }
    return [...names];
  }

  #cell(measure: Measure, contender: string, at: Conditions): Cell {
    const key = keyOf(measure, contender, at);
    let cell = this.#cells.get(key);
    if (cell === undefined) {
      cell = { measure, contender, at, values: [], missed: 0 };
      this.#cells.set(key, cell);
    }
    return cell;
  }
}

function keyOf({ what }: Measure, contender: string, at: Conditions): string {
  return JSON.stringify([what, contender, at]);
}
