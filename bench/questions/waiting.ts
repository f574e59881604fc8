/**
 * What do processes that wait cost, in processor time and in memory?
 *
 * Goals: a hundred waiters at most 0.1 CPU seconds a minute and 15% of memory above as
 * many idle Deno programs; three hundred of one user, for whom the system has too few
 * watches, at most 2 CPU seconds a minute.
 *
 * Non-goals: the cost of beginning to wait, of which a while is waited out.
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
import { median, rotated } from "../harness/statistics.ts";
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
  /** With more, peers are left out. */
  readonly peerCount: number;
  readonly rounds: number;
  readonly settleMs: number;
  readonly windowMs: number;
}

const SIZES: Readonly<Record<Scale, Size>> = {
  full: {
    ...{ counts: [1, 20, 100, 300], peerCount: 100, rounds: 1 },
    ...{ settleMs: 10_000, windowMs: 60_000 },
  },
  quick: {
    ...{ counts: [1, 20], peerCount: 20, rounds: 1 },
    ...{ settleMs: 2000, windowMs: 5000 },
  },
  tiny: {
    ...{ counts: [2], peerCount: 2, rounds: 1 },
    ...{ settleMs: 50, windowMs: 100 },
  },
};

/** The last of many that look seldom. */
const SERVED_LIMIT_MS = 180_000;

/** What processes use while nothing happens. */
async function watch(
  pids: () => number[],
  processes: number,
  { settleMs, windowMs }: Size,
): Promise<{ cpu: number; memory: number }> {
  await sleep(settleMs);
  const before = cpuSeconds(pids());
  const start = performance.now();
  await sleep(windowMs);
  const seconds = cpuSeconds(pids()) - before;
  const minutes = (performance.now() - start) / 60_000;
  return { cpu: seconds / minutes, memory: memoryMiB(pids()) / processes };
}

async function measureIdle(
  processes: number,
  size: Size,
  samples: Samples,
): Promise<void> {
  const program = `${import.meta.dirname}/../contenders/idle_worker.ts`;
  await using stack = new AsyncDisposableStack();
  const programs: Client[] = [];
  while (programs.length < processes) {
    const started = await WorkerClient.start(denoWorker(program, {}));
    programs.push(stack.use(started));
  }
  const pids = () => programs.flatMap((program) => program.pids());
  const { cpu, memory } = await watch(pids, processes, size);
  samples.add(CPU, IDLE, { processes }, cpu);
  samples.add(MEMORY, IDLE, { processes }, memory);
}

async function measure(
  context: Context,
  contender: Contender,
  processes: number,
  size: Size,
  samples: Samples,
): Promise<void> {
  await using scene = await Scene.open(context, contender, 1);
  const [holder, ...waiters] = await scene.clients(1 + processes);
  await hold(holder);
  const grants: Promise<number>[] = [];
  for (const waiter of waiters) {
    grants.push((await waiter.ask({ brief: true })).granted);
  }
  const pids = () => [
    ...scene.arena.servers(),
    ...waiters.flatMap((waiter) => waiter.pids()),
  ];
  const { cpu, memory } = await watch(pids, processes, size);
  samples.add(CPU, contender.name, { processes }, cpu);
  samples.add(MEMORY, contender.name, { processes }, memory);
  await holder.release();
  await within(SERVED_LIMIT_MS, "Serving all", Promise.all(grants));
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
  for (let round = 0; round < size.rounds; round++) {
    for (const processes of size.counts) {
      context.say(`  round ${round + 1}, ${processes} processes`);
      await measureIdle(processes, size, samples);
      for (const contender of rotated(context.contenders, round)) {
        if (contender.kind === "peer" && processes > size.peerCount) continue;
        await attempt(
          context,
          contender,
          () => measure(context, contender, processes, size, samples),
        );
      }
    }
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
