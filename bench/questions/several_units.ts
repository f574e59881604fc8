/**
 * The same as `contention` with eight units, and with one and eight that are held for
 * a millisecond: does it still scale, and is it still fair?
 *
 * Goals: no errors, and with one unit nobody is passed by one that came later.
 *
 * Non-goals: peers that hold, as their commands are processes that sleep.
 *
 * Checked: as `loops.ts` says.
 *
 * @module
 */
import { Samples } from "../harness/samples.ts";
import { atMost, type Question, type Scale } from "../question.ts";
import {
  type Cell,
  ERRORS,
  type LoopSize,
  measureCells,
  OVERTAKINGS,
  worst,
} from "./loops.ts";

function cells(...processes: number[]): Cell[] {
  return processes.flatMap((processes) => [
    { processes, capacity: 8, holdMs: 0 },
    { processes, capacity: 1, holdMs: 1 },
    { processes, capacity: 8, holdMs: 1 },
  ]);
}

const SIZES: Readonly<Record<Scale, LoopSize>> = {
  full: {
    ...{ cells: cells(2, 8, 32, 100), rounds: 1, windowMs: 1500 },
    compiledEachMs: 400,
    ...{ peerProcesses: 8, slowProcesses: 2 },
  },
  quick: {
    ...{ cells: cells(8), rounds: 1, windowMs: 1000, compiledEachMs: 250 },
    ...{ peerProcesses: 8, slowProcesses: 2 },
  },
  tiny: {
    cells: [{ processes: 4, capacity: 2, holdMs: 1 }],
    ...{ rounds: 1, windowMs: 150, compiledEachMs: 20 },
    ...{ peerProcesses: 4, slowProcesses: 4 },
  },
};

export const severalUnits: Question = {
  name: "several_units",
  asks:
    "How many grants a second do many processes get where there is more than one unit, or each is held?",
  async run(context, scale) {
    const samples = new Samples();
    await measureCells(context, SIZES[scale], samples);
    const goals = [
      atMost(
        0,
        "grants that passed an earlier request",
        worst(samples, OVERTAKINGS),
      ),
      atMost(0, "errors", worst(samples, ERRORS)),
    ];
    return { samples, goals, plots: {} };
  },
};
