/**
 * How long does it take from one process's release to the grant of the next?
 *
 * Goals: with one waiter, in the median at most a quarter of what flock(1) takes and at
 * most 1.5 ms in 99 of 100 cases; among 32 processes that all wait at once, at most
 * 0.3 ms in the median and 1.5 ms in 99 of 100 cases.
 *
 * Non-goals: throughput (`contention`). A tool that runs a command hands over by
 * starting a process, whose first word is the time; that start is part of what its
 * user waits for. `date` alone shows how much it is.
 *
 * Checked: as in `contention`; with one waiter, that it was not granted before the
 * release.
 *
 * @module
 */
import type { Contender } from "../contenders/contender.ts";
import { nowMs, sleep, within } from "../harness/clock.ts";
import { call } from "../harness/command.ts";
import { handOvers } from "../harness/grants.ts";
import { type Conditions, Samples } from "../harness/samples.ts";
import { median, quantile, rotated } from "../harness/statistics.ts";
import {
  type Answer,
  atMost,
  attempt,
  type Context,
  type Goal,
  hold,
  type Question,
  type Scale,
  Scene,
} from "../question.ts";
import { linePlot } from "../report/line_plot.ts";
import { distributions } from "../report/series.ts";
import { loopAll } from "./loops.ts";

const LATENCY = {
  what: "release to grant",
  unit: "ms",
  show: ["median", "p99", "max"],
} as const;

/** One process waits, and sleeps when the release comes. */
const ONE = { waiting: "one" } as const;

interface Size {
  readonly rounds: number;
  /** Hand-overs of each in each round: of those that bell and of those that poll. */
  readonly handOvers: number;
  readonly slowHandOvers: number;
  /** So many that all wait at once, and for how long. */
  readonly crowd: number;
  readonly windowMs: number;
  readonly compiledEachMs: number;
}

const SIZES: Readonly<Record<Scale, Size>> = {
  full: {
    ...{ rounds: 3, handOvers: 60, slowHandOvers: 8 },
    ...{ crowd: 32, windowMs: 2000, compiledEachMs: 1000 },
  },
  quick: {
    ...{ rounds: 2, handOvers: 25, slowHandOvers: 3 },
    ...{ crowd: 32, windowMs: 1000, compiledEachMs: 250 },
  },
  tiny: {
    ...{ rounds: 1, handOvers: 3, slowHandOvers: 1 },
    ...{ crowd: 3, windowMs: 500, compiledEachMs: 20 },
  },
};

/** Those that hand over within milliseconds can do so more often. */
const FAST: ReadonlySet<string> = new Set([
  ...["reslock", "floor: blocked flock", "flock(1)", "task-spooler"],
]);
const LIMIT_MS = 20_000;
/** By then a waiter is asleep; not always the same, so that no timer falls in with it. */
const pauseMs = () => 15 + Math.random() * 15;

/** Two processes, one of which waits for the other. */
async function measureOne(
  context: Context,
  contender: Contender,
  count: number,
  samples: Samples,
): Promise<void> {
  const { name } = contender;
  await using scene = await Scene.open(context, contender, 1);
  let [holder, waiter] = await scene.clients(2);
  await hold(holder);
  for (let done = 0; done < count; done++) {
    const { granted } = await waiter.ask();
    await sleep(pauseMs());
    const released = await holder.release();
    const moment = await within(LIMIT_MS, "The grant", granted);
    if (moment < released) {
      throw new Error("Cannot trust this run: granted before it was released");
    }
    samples.add(LATENCY, name, ONE, moment - released);
    [holder, waiter] = [waiter, holder];
  }
  await holder.release();
}

/** Many processes that all wait, and get their turn again and again. */
async function measureCrowd(
  context: Context,
  contender: Contender,
  { crowd, windowMs, compiledEachMs }: Size,
  samples: Samples,
): Promise<void> {
  await using scene = await Scene.open(context, contender, 1);
  const { window, reports } = await loopAll(scene, {
    processes: crowd,
    windowMs,
    holdMs: [0, 0],
    record: true,
    compiledEachMs,
  });
  const latencies = handOvers(reports, window);
  samples.add(LATENCY, contender.name, crowdOf(crowd), ...latencies);
}

function crowdOf(crowd: number): Conditions {
  return { waiting: `${crowd} processes` };
}

/** What of a tool's hand-over is the start of the command that tells the time. */
async function measureDate(samples: Samples): Promise<void> {
  const started = nowMs();
  const nanoseconds = await call("date", ["+%s%N"]);
  const at = { waiting: "nobody" };
  samples.add(LATENCY, "date alone", at, Number(nanoseconds) / 1e6 - started);
}

function goals(samples: Samples, { crowd }: Size): Goal[] {
  const one = samples.values(LATENCY, "reslock", ONE);
  const flock = samples.values(LATENCY, "flock(1)", ONE);
  const many = samples.values(LATENCY, "reslock", crowdOf(crowd));
  return [
    atMost(
      0.25,
      "times flock(1), one waiter, median",
      one && flock && median(one) / median(flock),
    ),
    atMost(1.5, "ms, one waiter, p99", one && quantile(one, 0.99)),
    atMost(0.3, `ms, ${crowd} processes, median`, many && median(many)),
    atMost(1.5, `ms, ${crowd} processes, p99`, many && quantile(many, 0.99)),
  ];
}

async function run(context: Context, scale: Scale): Promise<Answer> {
  const size = SIZES[scale];
  const samples = new Samples();
  for (let round = 0; round < size.rounds; round++) {
    context.say(`  round ${round + 1}`);
    for (const contender of rotated(context.contenders, round)) {
      const fast = FAST.has(contender.name);
      const count = fast ? size.handOvers : size.slowHandOvers;
      await attempt(context, contender, async () => {
        await measureOne(context, contender, count, samples);
        if (fast) await measureCrowd(context, contender, size, samples);
      });
    }
    await measureDate(samples);
  }
  const plots = {
    "handover_latency.svg": linePlot({
      title: "From release to grant, one waiter",
      x: { label: "milliseconds", log: true },
      y: { label: "percent of the hand-overs below" },
      series: distributions(samples, LATENCY, ONE),
    }),
  };
  return { samples, goals: goals(samples, size), plots };
}

export const handover: Question = {
  name: "handover",
  asks:
    "How long does it take from one process's release to the next one's grant?",
  run,
};
