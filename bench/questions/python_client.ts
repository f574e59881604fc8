/**
 * Does a client of the Python package get its turn while eight native processes use the
 * file without a pause, and what is left of their speed while it is there?
 *
 * Goals: no lock error in a minute; the natives lose at most half of their grants.
 *
 * Non-goals: how long the Python client waits, which looks four times a second.
 *
 * Checked: the Python client is served at all; the witness sees that the natives'
 * capacity is never exceeded.
 *
 * @module
 */
import { ResourcePool } from "../../mod.ts";
import { pythonReslock, pythonWorker } from "../contenders/python_reslock.ts";
import type { ReslockArena } from "../contenders/reslock.ts";
import { WorkerClient } from "../contenders/worker_client.ts";
import { nowMs } from "../harness/clock.ts";
import { type LoopReport, shares, type Window } from "../harness/grants.ts";
import { Samples } from "../harness/samples.ts";
import { median } from "../harness/statistics.ts";
import {
  type Answer,
  atLeast,
  atMost,
  type Context,
  type Question,
  type Scale,
  Scene,
} from "../question.ts";

const GRANTS = { what: "grants", unit: "1/s" } as const;
const LOCK_ERRORS = {
  what: "errors of the Python client",
  unit: "errors",
} as const;
const NATIVES = "reslock";

interface Size {
  readonly natives: number;
  readonly leases: number;
  readonly rounds: number;
  /** Until they are compiled: both figures are to be of programs that are. */
  readonly warmUpMs: number;
  readonly aloneMs: number;
  readonly togetherMs: number;
}

const SIZES: Readonly<Record<Scale, Size>> = {
  full: {
    ...{ natives: 8, leases: 100, rounds: 1 },
    ...{ warmUpMs: 8000, aloneMs: 5000, togetherMs: 60_000 },
  },
  quick: {
    ...{ natives: 8, leases: 100, rounds: 1 },
    ...{ warmUpMs: 2000, aloneMs: 2000, togetherMs: 8000 },
  },
  tiny: {
    ...{ natives: 2, leases: 2, rounds: 1 },
    ...{ warmUpMs: 100, aloneMs: 100, togetherMs: 300 },
  },
};

/** What the Python client shares with nobody. */
const OWN = "python";
const START_MS = 200;

function windowOf(lengthMs: number, afterMs = START_MS): Window {
  const startMs = nowMs() + afterMs;
  return { startMs, endMs: startMs + lengthMs };
}

async function measure(
  context: Context,
  { natives, leases, warmUpMs, aloneMs, togetherMs }: Size,
  samples: Samples,
): Promise<void> {
  const [contender] = context.contenders.filter(({ name }) => name === NATIVES);
  await using scene = await Scene.open(context, contender, 1);
  const { path } = scene.arena as ReslockArena;
  await using pool = new ResourcePool({ path });
  await pool.setResources({ [OWN]: 1, plenty: leases });
  for (let one = 0; one < leases; one++) await pool.acquire({ plenty: 1 });
  const clients = await scene.clients(natives);
  const loops = (window: Window) =>
    clients.map((client) =>
      client.loop({ ...window, amount: 1, holdMs: [0, 0], record: false })
    );
  const add = (reports: LoopReport[], window: Window, beside: string) => {
    const { perSecond } = shares(reports, window);
    samples.add(GRANTS, NATIVES, { beside }, perSecond);
  };
  const alone = windowOf(aloneMs, warmUpMs);
  add(await Promise.all(loops(alone)), alone, "nobody");
  await using python = await WorkerClient.start(pythonWorker(path, OWN));
  const together = windowOf(togetherMs);
  const own = python.loop({
    ...{ ...together, amount: 1, holdMs: [10, 10], record: false },
  });
  add(await Promise.all(loops(together)), together, "a Python client");
  const { perSecond, errors } = shares([await own], together);
  const at = { beside: "8 natives" };
  samples.add(GRANTS, pythonReslock.name, at, perSecond);
  samples.add(LOCK_ERRORS, pythonReslock.name, at, errors);
}

async function run(context: Context, scale: Scale): Promise<Answer> {
  const size = SIZES[scale];
  const samples = new Samples();
  if (!context.contenders.includes(pythonReslock)) {
    context.say("  skipped, as the Python package is not there");
    return { samples, goals: [], plots: {} };
  }
  for (let round = 0; round < size.rounds; round++) {
    context.say(`  round ${round + 1}`);
    await measure(context, size, samples);
  }
  const [before, beside] = ["nobody", "a Python client"].map((beside) =>
    median(samples.values(GRANTS, NATIVES, { beside })!)
  );
  const at = { beside: "8 natives" };
  const errors = samples.values(LOCK_ERRORS, pythonReslock.name, at)!;
  const grants = samples.values(GRANTS, pythonReslock.name, at)!;
  return {
    samples,
    goals: [
      atMost(0, "errors of the Python client", Math.max(...errors)),
      atLeast(0.5, "times the natives' grants without it", beside / before),
      atLeast(0.1, "grants a second of the Python client", Math.min(...grants)),
    ],
    plots: {},
  };
}

export const pythonClient: Question = {
  name: "python_client",
  asks: "Does a Python client get its turn beside natives that never pause?",
  run,
};
