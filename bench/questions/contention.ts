/**
 * How many grants a second do many processes get out of one unit, and does each get its
 * part?
 *
 * Goals, with 32 processes that hold it for no time: at least 2.5
 * times the grants of flock(1) and of task-spooler, 25 times those of the Python
 * package; no worker gets over 1.2 times what another gets; nobody is passed by one
 * that came later; no errors. With 100 processes at least 0.7 times the grants of 32.
 *
 * Non-goals: how long one hand-over takes (`handover`); several units, and holding them
 * for a while (`several_units`). The floor blocks in the kernel
 * and has no order; a command of flock(1), task-spooler, sem or pueue is a process,
 * whose start they pay for each grant, as they always do.
 *
 * Checked: as `loops.ts` says.
 *
 * @module
 */
import { Samples } from "../harness/samples.ts";
import { median } from "../harness/statistics.ts";
import {
  atLeast,
  atMost,
  type Goal,
  type Question,
  type Scale,
} from "../question.ts";
import { linePlot } from "../report/line_plot.ts";
import { seriesOver } from "../report/series.ts";
import {
  ERRORS,
  FAIRNESS,
  GRANTS,
  type LoopSize,
  measureCells,
  OVERTAKINGS,
  worst,
} from "./loops.ts";

const cells = (...processes: number[]) =>
  processes.map((processes) => ({ processes, capacity: 1, holdMs: 0 }));

const SIZES: Readonly<Record<Scale, LoopSize>> = {
  full: {
    ...{ cells: cells(2, 8, 32, 100), rounds: 1, windowMs: 3000 },
    compiledEachMs: 1000,
    ...{ peerProcesses: 32, slowProcesses: 8 },
  },
  quick: {
    ...{ cells: cells(2, 8, 32), rounds: 1, windowMs: 1500 },
    compiledEachMs: 250,
    ...{ peerProcesses: 8, slowProcesses: 2 },
  },
  tiny: {
    ...{ cells: cells(3), rounds: 1, windowMs: 150, compiledEachMs: 20 },
    ...{ peerProcesses: 4, slowProcesses: 4 },
  },
};

function goals(samples: Samples): Goal[] {
  const alone = { capacity: 1, "hold ms": 0 };
  const at32 = { processes: 32, ...alone };
  const at100 = { processes: 100, ...alone };
  const value = (
    measure: typeof GRANTS | typeof FAIRNESS,
    name: string,
    at: typeof at32,
  ) => {
    const values = samples.values(measure, name, at);
    return values && median(values);
  };
  const ours = value(GRANTS, "reslock", at32);
  const beside = (name: string) => {
    const theirs = samples.contenders(GRANTS).find((one) =>
      one.startsWith(name)
    );
    const grants = theirs && value(GRANTS, theirs, at32);
    return ours && grants ? ours / grants : undefined;
  };
  const many = value(GRANTS, "reslock", at100);
  return [
    atLeast(
      2.5,
      "times the grants of flock(1), 32 processes",
      beside("flock(1)"),
    ),
    atLeast(
      2.5,
      "times the grants of task-spooler, 32 processes",
      beside("task-spooler"),
    ),
    atLeast(
      25,
      "times the grants of the Python package, 32 processes",
      beside("Python"),
    ),
    atMost(
      1.2,
      "times the fewest grants of a worker, 32 processes",
      value(FAIRNESS, "reslock", at32),
    ),
    atMost(
      0,
      "grants that passed an earlier request",
      worst(samples, OVERTAKINGS),
    ),
    atMost(0, "errors", worst(samples, ERRORS)),
    atLeast(
      0.7,
      "times the grants of 32 processes, 100 processes",
      ours && many && many / ours,
    ),
  ];
}

export const contention: Question = {
  name: "contention",
  asks:
    "How many grants a second do many processes get out of one unit, and does each get its part?",
  async run(context, scale) {
    const samples = new Samples();
    await measureCells(context, SIZES[scale], samples);
    const plots = {
      "throughput_over_processes.svg": linePlot({
        title: "Grants a second, one unit to share",
        x: { label: "processes", log: true },
        y: { label: "grants a second", log: true },
        series: seriesOver(samples, GRANTS, "processes", {
          capacity: 1,
          "hold ms": 0,
        }),
      }),
    };
    return { samples, goals: goals(samples), plots };
  },
};
