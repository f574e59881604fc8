/**
 * How many grants a second do many processes get out of little, and does each get its
 * part?
 *
 * Goals, with 32 processes that share one unit and hold it for no time: at least 2.5
 * times the grants of flock(1) and of task-spooler, 25 times those of the Python
 * package; no worker gets over 1.2 times what another gets; nobody is passed by one
 * that came later; no errors. With 100 processes at least 0.7 times the grants of 32.
 *
 * Non-goals: how long one hand-over takes (`handover`). The floor blocks in the kernel
 * and has no order; a command of flock(1), task-spooler, sem or pueue is a process,
 * whose start they pay for each grant, as they always do.
 *
 * Checked: the witness sees that the capacity is never exceeded, and its entries are as
 * many as the grants; nothing is left in the state in the end.
 *
 * @module
 */
import type { Client, Contender } from "../contenders/contender.ts";
import { nowMs, within } from "../harness/clock.ts";
import {
  type LoopReport,
  overtakings,
  shares,
  type Window,
} from "../harness/grants.ts";
import { Samples } from "../harness/samples.ts";
import { median, rotated } from "../harness/statistics.ts";
import {
  type Answer,
  atLeast,
  atMost,
  attempt,
  type Context,
  type Goal,
  type Question,
  type Scale,
  Scene,
} from "../question.ts";
import { linePlot } from "../report/line_plot.ts";
import { seriesOver } from "../report/series.ts";

const GRANTS = { what: "grants", unit: "1/s" } as const;
const FAIRNESS = {
  what: "most grants of a worker by the fewest",
  unit: "times",
} as const;
const AT_ZERO = { what: "workers that got nothing", unit: "workers" } as const;
const WORST_WAIT = { what: "longest wait", unit: "ms" } as const;
const ERRORS = { what: "errors", unit: "errors" } as const;
const OVERTAKINGS = {
  what: "grants that passed an earlier request",
  unit: "grants",
} as const;

interface Cell {
  readonly processes: number;
  readonly capacity: number;
  readonly holdMs: number;
}

interface Size {
  readonly cells: readonly Cell[];
  readonly rounds: number;
  readonly windowMs: number;
  /** With more processes peers are left out. */
  readonly peerProcesses: number;
}

function cells(
  processes: readonly number[],
  capacities: readonly number[],
  holds: readonly number[],
): Cell[] {
  return processes.flatMap((processes) =>
    capacities.flatMap((capacity) =>
      holds.map((holdMs) => ({ processes, capacity, holdMs }))
    )
  );
}

const SIZES: Readonly<Record<Scale, Size>> = {
  full: {
    cells: cells([2, 8, 32, 100], [1, 8], [0, 1]),
    rounds: 3,
    windowMs: 4000,
    peerProcesses: 32,
  },
  quick: {
    cells: cells([2, 8, 32], [1], [0]),
    rounds: 1,
    windowMs: 1500,
    peerProcesses: 8,
  },
  tiny: {
    cells: [
      { processes: 3, capacity: 1, holdMs: 0 },
      { processes: 4, capacity: 2, holdMs: 1 },
    ],
    rounds: 1,
    windowMs: 150,
    peerProcesses: 4,
  },
};

/** Until all are at it and compiled: in general, and for each process. */
const WARM_UP_MS = 200;
const WARM_UP_EACH_MS = 20;
/** A worker that polls may find out late that it is its turn. */
const END_LIMIT_MS = 60_000;

/** Each for the first time, which costs more than all others, and alone. */
async function askOnce(client: Client): Promise<void> {
  const { granted } = await client.ask({ brief: true });
  await within(END_LIMIT_MS, "The first grant", granted);
}

/** Lets so many clients loop at the same time. */
export async function loopAll(
  scene: Scene,
  { processes, windowMs, ...job }: {
    readonly processes: number;
    readonly windowMs: number;
    readonly holdMs: readonly [number, number];
    readonly record: boolean;
  },
): Promise<{ window: Window; reports: LoopReport[] }> {
  const clients = await scene.clients(processes);
  for (const client of clients) await askOnce(client);
  const startMs = nowMs() + WARM_UP_MS + processes * WARM_UP_EACH_MS;
  const window = { startMs, endMs: startMs + windowMs };
  const reports = await within(
    windowMs + END_LIMIT_MS,
    "The end of the loops",
    Promise.all(
      clients.map((client) => client.loop({ ...job, ...window, amount: 1 })),
    ),
  );
  return { window, reports };
}

function takesPart(
  { kind, abilities }: Contender,
  { processes, capacity, holdMs }: Cell,
  { peerProcesses }: Size,
): boolean {
  if (capacity > 1 && !abilities.capacities) return false;
  // A command that holds is a command that sleeps: another question.
  return kind !== "peer" || (processes <= peerProcesses && holdMs === 0);
}

async function measure(
  context: Context,
  contender: Contender,
  cell: Cell,
  { windowMs }: Size,
  samples: Samples,
): Promise<void> {
  const { processes, capacity, holdMs } = cell;
  const at = { processes, capacity, "hold ms": holdMs };
  const { name, kind } = contender;
  await using scene = await Scene.open(context, contender, capacity);
  const { window, reports } = await loopAll(scene, {
    ...{ processes, windowMs, holdMs: [holdMs, holdMs] },
    record: kind === "subject",
  });
  const { perSecond, maxByMin, atZero, worstWaitMs, errors } = shares(
    reports,
    window,
  );
  samples.add(GRANTS, name, at, perSecond);
  samples.add(FAIRNESS, name, at, maxByMin);
  samples.add(AT_ZERO, name, at, atZero);
  samples.add(WORST_WAIT, name, at, worstWaitMs);
  samples.add(ERRORS, name, at, errors);
  if (kind !== "subject") return;
  checkTicks(reports);
  if (capacity === 1) samples.add(OVERTAKINGS, name, at, overtakings(reports));
}

/** Each grant has an entry of its own with the witness. */
function checkTicks(reports: readonly LoopReport[]): void {
  const ticks = reports.flatMap(({ grants }) => grants.map(({ tick }) => tick));
  const different = new Set(ticks).size;
  if (different === ticks.length && !ticks.includes(undefined)) return;
  throw new Error(
    `Cannot trust this run: of ${ticks.length} grants the witness saw ${different}`,
  );
}

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
  const all = (measure: typeof OVERTAKINGS | typeof ERRORS) => {
    const figures = samples.figures().filter((
      { contender, measure: { what } },
    ) => contender === "reslock" && what === measure.what);
    return Math.max(...figures.map(({ summary }) => summary!.max));
  };
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
    atMost(0, "grants that passed an earlier request", all(OVERTAKINGS)),
    atMost(0, "errors", all(ERRORS)),
    atLeast(
      0.7,
      "times the grants of 32 processes, 100 processes",
      ours && many && many / ours,
    ),
  ];
}

async function run(context: Context, scale: Scale): Promise<Answer> {
  const size = SIZES[scale];
  const samples = new Samples();
  for (let round = 0; round < size.rounds; round++) {
    for (const cell of size.cells) {
      context.say(`  round ${round + 1}, ${JSON.stringify(cell)}`);
      for (const contender of rotated(context.contenders, round)) {
        if (!takesPart(contender, cell, size)) continue;
        await attempt(
          context,
          contender,
          () => measure(context, contender, cell, size, samples),
        );
      }
    }
  }
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
}

export const contention: Question = {
  name: "contention",
  asks:
    "How many grants a second do many processes get out of little, and does each get its part?",
  run,
};
