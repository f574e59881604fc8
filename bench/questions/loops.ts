/**
 * Many processes that take and give back without a pause, and what is measured of it.
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
import type { Samples } from "../harness/samples.ts";
import { rotated } from "../harness/statistics.ts";
import { attempt, type Context, Scene } from "../question.ts";

export const GRANTS = { what: "grants", unit: "1/s" } as const;
export const FAIRNESS = {
  what: "most grants of a worker by the fewest",
  unit: "times",
} as const;
const AT_ZERO = { what: "workers that got nothing", unit: "workers" } as const;
const WORST_WAIT = { what: "longest wait", unit: "ms" } as const;
export const ERRORS = { what: "errors", unit: "errors" } as const;
export const OVERTAKINGS = {
  what: "grants that passed an earlier request",
  unit: "grants",
} as const;

/** What so many processes share, and how long each holds one unit. */
export interface Cell {
  readonly processes: number;
  readonly capacity: number;
  readonly holdMs: number;
}

/** How much of it is done. */
export interface LoopSize {
  readonly cells: readonly Cell[];
  readonly rounds: number;
  readonly windowMs: number;
  /** How long those are let run first that are compiled meanwhile, for each process. */
  readonly compiledEachMs: number;
  /** With more processes peers are left out, and those that poll even earlier. */
  readonly peerProcesses: number;
  readonly slowProcesses: number;
}

/** Until all are at it: in general, and for each process. */
const WARM_UP_MS = 200;
const WARM_UP_EACH_MS = 20;
/**
 * What is written in JavaScript is compiled while it runs, and the more the oftener it
 * has run: 32 programs that share two processors come to their pace after half a minute.
 */
const COMPILED: ReadonlySet<string> = new Set([
  ...["reslock", "floor: blocked flock", "proper-lockfile"],
]);
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
  { processes, windowMs, compiledEachMs, ...job }: {
    readonly processes: number;
    readonly windowMs: number;
    readonly holdMs: readonly [number, number];
    readonly record: boolean;
    readonly compiledEachMs: number;
  },
): Promise<{ window: Window; reports: LoopReport[] }> {
  const clients = await scene.clients(processes);
  for (const client of clients) await askOnce(client);
  const eachMs = COMPILED.has(scene.name) ? compiledEachMs : WARM_UP_EACH_MS;
  const startMs = nowMs() + WARM_UP_MS + processes * eachMs;
  const window = { startMs, endMs: startMs + windowMs };
  const reports = await within(
    startMs - nowMs() + windowMs + END_LIMIT_MS,
    "The end of the loops",
    Promise.all(
      clients.map((client) => client.loop({ ...job, ...window, amount: 1 })),
    ),
  );
  return { window, reports };
}

/** They get five grants a second: of many processes few would get one. */
const SLOW: ReadonlySet<string> = new Set(["GNU sem", "pueue"]);

function takesPart(
  { kind, name, abilities }: Contender,
  { processes, capacity, holdMs }: Cell,
  { peerProcesses, slowProcesses }: LoopSize,
): boolean {
  if (capacity > 1 && !abilities.capacities) return false;
  if (kind !== "peer") return true;
  // A command that holds is a command that sleeps: another question.
  return holdMs === 0 &&
    processes <= (SLOW.has(name) ? slowProcesses : peerProcesses);
}

/** All cells with all who can. */
export async function measureCells(
  context: Context,
  size: LoopSize,
  samples: Samples,
): Promise<void> {
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
}

async function measure(
  context: Context,
  contender: Contender,
  cell: Cell,
  { windowMs, compiledEachMs }: LoopSize,
  samples: Samples,
): Promise<void> {
  const { processes, capacity, holdMs } = cell;
  const at = { processes, capacity, "hold ms": holdMs };
  const { name, kind } = contender;
  await using scene = await Scene.open(context, contender, capacity);
  const { window, reports } = await loopAll(scene, {
    ...{ processes, windowMs, compiledEachMs, holdMs: [holdMs, holdMs] },
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

/** The most of a measure in all cells, of this package; undefined if it took no part. */
export function worst(
  samples: Samples,
  { what }: typeof OVERTAKINGS | typeof ERRORS,
): number | undefined {
  const found = samples.figures().filter(({ contender, measure }) =>
    contender === "reslock" && measure.what === what
  );
  return found.length === 0
    ? undefined
    : Math.max(...found.map(({ summary }) => summary!.max));
}
