/**
 * What do processes that wait cost, in processor time and in memory?
 *
 * Goals: a hundred waiters at most 0.1 CPU seconds a minute and 15% of memory above as
 * many idle Deno programs; three hundred of one user, for whom the system has too few
 * watches, at most 2 CPU seconds a minute.
 *
 * Non-goals: the cost of beginning to wait, which is waited out: those who came just now
 * look once, soon, and at that look V8 tidies up its memory once.
 *
 * Checked: all that wait are served in the end.
 *
 * @module
 */
import type { Client, Contender } from "../contenders/contender.ts";
import { denoWorker, WorkerClient } from "../contenders/worker_client.ts";
import { sleep, within } from "../harness/clock.ts";
import { cpuSeconds, memoryMiB } from "../harness/processes.ts";
import { Samples } from "../harness/samples.ts";
import { median } from "../harness/statistics.ts";
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
import { seriesOver } from "../report/series.ts";

const CPU = { what: "processor time of all waiters", unit: "s/min" } as const;
const MEMORY = { what: "memory of a waiter", unit: "MiB" } as const;
const IDLE = "idle Deno programs";

interface Size {
  readonly counts: readonly number[];
  /** With more, those that look again and again are left out, and then all but us. */
  readonly slowCount: number;
  readonly otherCount: number;
  readonly settleMs: number;
  readonly windowMs: number;
}

const SIZES: Readonly<Record<Scale, Size>> = {
  full: {
    ...{ counts: [1, 20, 100, 300], slowCount: 20, otherCount: 100 },
    ...{ settleMs: 75_000, windowMs: 45_000 },
  },
  quick: {
    ...{ counts: [1, 20], slowCount: 20, otherCount: 20 },
    ...{ settleMs: 20_000, windowMs: 10_000 },
  },
  tiny: {
    ...{ counts: [2], slowCount: 2, otherCount: 2 },
    ...{ settleMs: 50, windowMs: 100 },
  },
};

/** A hundred that wait with these are a load for everybody. */
const SLOW = ["Python", "GNU sem", "pueue", "proper-lockfile"];
/** The last of many that look seldom. */
const SERVED_LIMIT_MS = 180_000;

/** Processes of one kind that wait. */
interface Camp extends AsyncDisposable {
  readonly name: string;
  pids(): number[];
  /** Lets them go on, which shows that they did wait. */
  serve(): Promise<void>;
}

async function idleCamp(processes: number): Promise<Camp> {
  const program = `${import.meta.dirname}/../contenders/idle_worker.ts`;
  const stack = new AsyncDisposableStack();
  const programs: Client[] = [];
  while (programs.length < processes) {
    const started = await WorkerClient.start(denoWorker(program, {}));
    programs.push(stack.use(started));
  }
  return {
    name: IDLE,
    pids: () => programs.flatMap((program) => program.pids()),
    serve: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function campOf(
  context: Context,
  contender: Contender,
  processes: number,
): Promise<Camp> {
  await using stack = new AsyncDisposableStack();
  const scene = stack.use(await Scene.open(context, contender, 1));
  const [holder, ...waiters] = await scene.clients(1 + processes);
  await hold(holder);
  const grants: Promise<number>[] = [];
  for (const waiter of waiters) {
    grants.push((await waiter.ask({ brief: true })).granted);
  }
  const kept = stack.move();
  return {
    name: contender.name,
    pids: () => [
      ...scene.arena.servers(),
      ...waiters.flatMap((waiter) => waiter.pids()),
    ],
    serve: () =>
      attempt(context, contender, async () => {
        await holder.release();
        await within(SERVED_LIMIT_MS, "Serving all", Promise.all(grants));
      }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function takesPart(
  { kind, name }: Contender,
  processes: number,
  { slowCount, otherCount }: Size,
): boolean {
  if (kind === "subject") return true;
  const isSlow = SLOW.some((start) => name.startsWith(start));
  return processes <= (isSlow ? slowCount : otherCount);
}

/** All at the same time: they sleep, and it is as long for all as for one. */
async function measure(
  context: Context,
  processes: number,
  size: Size,
  samples: Samples,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const camps: Camp[] = [];
  if (processes <= size.otherCount) {
    camps.push(stack.use(await idleCamp(processes)));
  }
  for (const contender of context.contenders) {
    if (!takesPart(contender, processes, size)) continue;
    await attempt(context, contender, async () => {
      camps.push(stack.use(await campOf(context, contender, processes)));
    });
  }
  await sleep(size.settleMs);
  const before = camps.map((camp) => cpuSeconds(camp.pids()));
  const start = performance.now();
  await sleep(size.windowMs);
  const used = camps.map((camp, index) =>
    cpuSeconds(camp.pids()) - before[index]
  );
  const minutes = (performance.now() - start) / 60_000;
  for (const [index, camp] of camps.entries()) {
    const memory = memoryMiB(camp.pids()) / processes;
    samples.add(CPU, camp.name, { processes }, used[index] / minutes);
    samples.add(MEMORY, camp.name, { processes }, memory);
  }
  for (const camp of camps) await camp.serve();
}

function goals(samples: Samples): Goal[] {
  const value = (
    measure: typeof CPU | typeof MEMORY,
    name: string,
    processes: number,
  ) => {
    const values = samples.values(measure, name, { processes });
    return values && median(values);
  };
  const cpu = value(CPU, "reslock", 100);
  const idleCpu = value(CPU, IDLE, 100);
  const memory = value(MEMORY, "reslock", 100);
  const idleMemory = value(MEMORY, IDLE, 100);
  return [
    atMost(
      0.1,
      "CPU seconds a minute above 100 idle programs, 100 waiters",
      cpu !== undefined && idleCpu !== undefined ? cpu - idleCpu : undefined,
    ),
    atMost(
      1.15,
      "times the memory of an idle program, 100 waiters",
      memory && idleMemory && memory / idleMemory,
    ),
    atMost(2, "CPU seconds a minute, 300 waiters", value(CPU, "reslock", 300)),
  ];
}

async function run(context: Context, scale: Scale): Promise<Answer> {
  const size = SIZES[scale];
  const samples = new Samples();
  for (const processes of size.counts) {
    context.say(`  ${processes} processes`);
    await measure(context, processes, size, samples);
  }
  const plots = {
    "idle_cpu_over_waiters.svg": linePlot({
      title: "Processor time of those who wait",
      x: { label: "waiting processes", log: true },
      y: { label: "CPU seconds a minute (0 at the bottom)", log: true },
      series: seriesOver(samples, CPU, "processes", {}),
    }),
  };
  return { samples, goals: goals(samples), plots };
}

export const waiting: Question = {
  name: "waiting",
  asks: "What do processes that wait cost, in processor time and in memory?",
  run,
};
