/**
 * The figures that the README shows, out of the results that are kept beside it.
 *
 * @module
 */
import type { Conditions, Figure } from "../harness/samples.ts";
import type { Summary } from "../harness/statistics.ts";
import { type Machine, machineFacts } from "../harness/machine.ts";
import { amount, table } from "./table.ts";

/** What a run leaves behind of one question. */
export interface QuestionRecord {
  readonly question: string;
  readonly machine: Machine;
  readonly figures: readonly Figure[];
}

/** What stands around the figures in the README. */
export const BEGIN = "<!-- figures: deno task bench --readme writes them -->";
export const END = "<!-- end of the figures -->";

/** One row of the table: one figure of one question, of each who has it. */
interface RowSpec {
  readonly label: string;
  readonly question: string;
  readonly what: string;
  readonly at: Conditions;
  readonly show?: readonly (keyof Summary)[];
}

const PAIR = { question: "uncontended", what: "acquire + release" } as const;
const GRANTS = { question: "contention", what: "grants" } as const;
const ALONE = { capacity: 1, "hold ms": 0 } as const;

const ROWS: readonly RowSpec[] = [
  {
    label: "acquire + release, nobody else there, µs",
    ...PAIR,
    at: { beside: "leases", others: 0 },
  },
  {
    label: "the same beside 1,000 leases, µs",
    ...PAIR,
    at: { beside: "leases", others: 1000 },
  },
  {
    label: "grants a second, 8 processes",
    ...GRANTS,
    at: { processes: 8, ...ALONE },
  },
  {
    label: "grants a second, 32 processes",
    ...GRANTS,
    at: { processes: 32, ...ALONE },
  },
  {
    label: "workers of 32 that got nothing in 3 s",
    question: "contention",
    what: "workers that got nothing",
    at: { processes: 32, ...ALONE },
  },
  {
    label: "release to grant, median / 99 of 100, ms",
    question: "handover",
    what: "release to grant",
    at: { waiting: "one" },
    show: ["median", "p99"],
  },
  {
    label: "SIGKILL of the holder to grant, ms",
    question: "death",
    what: "death to grant",
    at: { "the dead is": "reaped" },
  },
  {
    label: "the same, the dead is left a zombie, ms",
    question: "death",
    what: "death to grant",
    at: { "the dead is": "a zombie" },
  },
  {
    label: "processor time of 20 that wait, s a minute",
    question: "waiting",
    what: "processor time of all waiters",
    at: { processes: 20 },
  },
  {
    label: "memory of each of them, MiB",
    question: "waiting",
    what: "memory of a waiter",
    at: { processes: 20 },
  },
  {
    label: "`run true`, ms",
    question: "command_start",
    what: "wall time",
    at: { command: "run true" },
  },
  {
    label: "ten waiters by arrival: pairs of 45 in the wrong order",
    question: "order",
    what: "pairs served in the wrong order, of those of a round",
    at: { by: "arrival", waiters: 10 },
  },
  {
    label: "the same by priority",
    question: "order",
    what: "pairs served in the wrong order, of those of a round",
    at: { by: "priority", waiters: 10 },
  },
  {
    label: "all of 4 asked for, six keep taking 1 for 0.1 s: ms",
    question: "whole_capacity",
    what: "wait for everything",
    at: { priority: 0 },
  },
];

/** Whose figures are shown, by how their names begin, and how they are called there. */
const COLUMNS: readonly (readonly [start: string, name: string])[] = [
  ["reslock", "reslock"],
  ["Python reslock", "Python reslock"],
  ["flock(1)", "flock(1)"],
  ["task-spooler", "task-spooler"],
  ["GNU sem", "GNU sem"],
  ["pueue", "pueue"],
  ["proper-lockfile", "proper-lockfile"],
];

const PLOTS = [
  {
    question: "handover",
    file: "handover_latency",
    title: "From release to grant",
  },
  {
    question: "contention",
    file: "throughput_over_processes",
    title: "Grants a second over processes",
  },
  {
    question: "uncontended",
    file: "cost_over_leases",
    title: "Cost of a lease over other leases",
  },
  {
    question: "waiting",
    file: "idle_cpu_over_waiters",
    title: "Processor time over waiting processes",
  },
] as const;

/** The records of a directory of results, by question. */
export async function readResults(
  directory: string,
): Promise<Map<string, QuestionRecord>> {
  const results = new Map<string, QuestionRecord>();
  for await (const { name } of Deno.readDir(directory)) {
    if (!name.endsWith(".json")) continue;
    const record = JSON.parse(await Deno.readTextFile(`${directory}/${name}`));
    results.set(record.question, record);
  }
  return results;
}

/** The part of the README between {@linkcode BEGIN} and {@linkcode END}. */
export function readmeFigures(
  results: ReadonlyMap<string, QuestionRecord>,
): string {
  const rows = ROWS.map((spec) => [
    spec.label,
    ...COLUMNS.map(([start]) => cell(spec, start, results)),
  ]);
  const machines = Map.groupBy(
    [...results.values()].map(({ machine }) => machine),
    machineFacts,
  );
  const places = [...machines].map(([facts, days]) => {
    const dates = new Set(days.map(({ date }) => date).sort());
    return `${[...dates].join(" and ")}, ${facts}`;
  });
  return [
    table(["", ...COLUMNS.map(([_, name]) => name)], rows),
    `${places.join("; ")}.\n`,
    ...PLOTS.filter(({ question }) => results.has(question)).map((
      { file, title },
    ) => `![${title}](bench/results/${file}.svg)\n`),
  ].join("\n");
}

function cell(
  { question, what, at, show = ["median"] }: RowSpec,
  start: string,
  results: ReadonlyMap<string, QuestionRecord>,
): string {
  const figures = results.get(question)?.figures.filter((figure) =>
    figure.measure.what === what && figure.contender.startsWith(start) &&
    isSame(figure.at, at)
  );
  const figure = figures?.at(0);
  if (figure === undefined) return "";
  const { summary } = figure;
  if (summary === undefined) return "never";
  return show.map((name) => amount(summary[name])).join(" / ");
}

function isSame(one: Conditions, other: Conditions): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length &&
    names.every((name) => one[name] === other[name]);
}
