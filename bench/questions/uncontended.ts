/**
 * What does it cost to take and give back something that nobody else wants, in a
 * program that has the pool open, the more others hold and wait for other things?
 *
 * Goals: beside 0, 100, 1,000 and 10,000 leases at most 0.8, 0.25, 0.08 and 0.05 times
 * the floor that parses and writes plain JSON; at most 2.5, 2.5, 2 and 2 times the one
 * that only reads and writes the bytes; at least 50, 100 and 200 times faster than the
 * Python package at 0, 100 and 1,000. Beside waiters, each more costs no more than
 * reading and writing its bytes. The note of what has ended adds 5% at most.
 *
 * Non-goals: the first use of a pool, which makes files; what several programs cost
 * each other (`contention`); durability, as nobody syncs but the Python package.
 *
 * Checked: nothing of the crowd is lost, and nothing is left of what was measured.
 *
 * @module
 */
import { ResourcePool } from "../../mod.ts";
import { Crowd } from "../contenders/crowd.ts";
import type { CrowdKind } from "../contenders/crowd_worker.ts";
import {
  properLockfile,
  properLockfileWorker,
} from "../contenders/proper_lockfile.ts";
import { pythonReslock, pythonWorker } from "../contenders/python_reslock.ts";
import { WorkerClient } from "../contenders/worker_client.ts";
import { sleep } from "../harness/clock.ts";
import { Samples } from "../harness/samples.ts";
import { median, medianRatio, rotated } from "../harness/statistics.ts";
import {
  atLeast,
  atMost,
  type Context,
  type Goal,
  type Question,
  type Scale,
} from "../question.ts";
import {
  BYTES_FLOOR,
  Floors,
  JSON_FLOOR,
  ourPairs,
  OURS,
  PAIR,
  type Pairs,
  WITHOUT_HISTORY,
} from "./pair.ts";
import { linePlot } from "../report/line_plot.ts";
import { seriesOver } from "../report/series.ts";

interface Size {
  readonly counts: Readonly<Record<CrowdKind, readonly number[]>>;
  readonly rounds: number;
  /** How long each runs before it is measured: the compiler takes its time. */
  readonly warmUpMs: number;
  /** How long each measures in each round. */
  readonly batchMs: number;
}

const SIZES: Readonly<Record<Scale, Size>> = {
  full: {
    counts: {
      "leases": [0, 10, 100, 1000, 10_000],
      "waiters elsewhere": [0, 10, 100, 1000, 10_000],
      "waiters behind": [0, 10, 100, 1000, 10_000],
    },
    rounds: 11,
    warmUpMs: 1000,
    batchMs: 50,
  },
  quick: {
    counts: {
      "leases": [0, 100, 1000],
      "waiters elsewhere": [0, 1000],
      "waiters behind": [0, 1000],
    },
    rounds: 5,
    warmUpMs: 600,
    batchMs: 20,
  },
  tiny: {
    counts: {
      "leases": [0, 10],
      "waiters elsewhere": [3],
      "waiters behind": [3],
    },
    rounds: 2,
    warmUpMs: 1,
    batchMs: 1,
  },
};

/** From here on a pair of the Python package takes half a second. */
const PYTHON_LIMIT = 10_000;

async function measure(
  context: Context,
  size: Size,
  kind: CrowdKind,
  count: number,
  samples: Samples,
): Promise<void> {
  await using crowd = await Crowd.gather(context, kind, count);
  const { directory, bytes } = crowd;
  await using stack = new AsyncDisposableStack();
  const pool = stack.use(new ResourcePool({ path: crowd.path }));
  const floors = stack.use(new Floors(directory, bytes));
  const subjects = new Map<string, Pairs>([
    [OURS, ourPairs(pool)],
    ...floors.pairs(),
  ]);
  if (kind === "leases" && count === 0) {
    const options = { path: crowd.path, history: false };
    const forgetful = stack.use(new ResourcePool(options));
    subjects.set(WITHOUT_HISTORY, ourPairs(forgetful));
  }
  if (kind === "leases") {
    const peers = await peersOf(context, directory, bytes, count);
    for (const [name, client] of peers) {
      stack.use(client);
      subjects.set(name, (count) => client.repeat(count));
    }
  }
  await interleave(subjects, size, (name, microseconds) => {
    samples.add(PAIR, name, { beside: kind, others: count }, microseconds);
  });
  await crowd.check(pool);
  floors.check();
}

async function peersOf(
  { contenders }: Context,
  directory: string,
  bytes: Uint8Array,
  count: number,
): Promise<Map<string, WorkerClient>> {
  const peers = new Map<string, WorkerClient>();
  if (contenders.includes(pythonReslock) && count < PYTHON_LIMIT) {
    const path = `${directory}/python.json`;
    await Deno.writeFile(path, bytes);
    const client = await WorkerClient.start(pythonWorker(path));
    peers.set(pythonReslock.name, client);
  }
  // It has nothing that could grow.
  if (contenders.includes(properLockfile) && count === 0) {
    const path = `${directory}/shared`;
    await Deno.writeTextFile(path, "");
    const client = await WorkerClient.start(properLockfileWorker(path));
    peers.set(properLockfile.name, client);
  }
  return peers;
}

/** Batches of about the same duration, each round begun by another subject. */
async function interleave(
  subjects: ReadonlyMap<string, Pairs>,
  { rounds, warmUpMs, batchMs }: Size,
  report: (name: string, microseconds: number) => void,
): Promise<void> {
  const counts = new Map<string, number>();
  for (const [name, pairs] of subjects) {
    let pairMs = 1;
    let spentMs = 0;
    do {
      const count = Math.max(2, Math.round(1 / pairMs));
      const tookMs = await pairs(count);
      pairMs = tookMs / count;
      spentMs += tookMs;
    } while (spentMs < warmUpMs);
    counts.set(name, Math.max(2, Math.ceil(batchMs / pairMs)));
  }
  for (let round = 0; round < rounds; round++) {
    for (const [name, pairs] of rotated([...subjects], round)) {
      const count = counts.get(name)!;
      report(name, await pairs(count) / count * 1000);
      await sleep(0);
    }
  }
}

function goals(samples: Samples): Goal[] {
  const ratio = (count: number, ours: string, theirs: string) => {
    const at = { beside: "leases", others: count };
    const values = samples.values(PAIR, ours, at);
    const others = samples.values(PAIR, theirs, at);
    return values && others && medianRatio(values, others);
  };
  const beside = (count: number) => `beside ${count} leases`;
  return [
    ...([[0, 0.8], [100, 0.25], [1000, 0.08], [10_000, 0.05]] as const).map(
      ([count, bound]) =>
        atMost(
          bound,
          `times the plain JSON floor, ${beside(count)}`,
          ratio(count, OURS, JSON_FLOOR),
        ),
    ),
    ...([[0, 2.5], [100, 2.5], [1000, 2], [10_000, 2]] as const).map(
      ([count, bound]) =>
        atMost(
          bound,
          `times the read + write floor, ${beside(count)}`,
          ratio(count, OURS, BYTES_FLOOR),
        ),
    ),
    ...([[0, 50], [100, 100], [1000, 200]] as const).map(([count, bound]) =>
      atLeast(
        bound,
        `times faster than the Python package, ${beside(count)}`,
        ratio(count, pythonReslock.name, OURS),
      )
    ),
    atMost(
      1.05,
      "times a pair without the history, beside 0 leases",
      ratio(0, OURS, WITHOUT_HISTORY),
    ),
    ...(["waiters elsewhere", "waiters behind"] as const).map((kind) =>
      atMost(
        1,
        `times the read + write floor's cost of each of 1000 ${kind}`,
        slopeRatio(samples, kind),
      )
    ),
  ];
}

/** What each of 1000 waiters adds, beside what it adds to the floor. */
function slopeRatio(samples: Samples, kind: CrowdKind): number | undefined {
  const [ours, floor] = [OURS, BYTES_FLOOR].map((name) => {
    const [none, many] = [0, 1000].map((others) =>
      samples.values(PAIR, name, { beside: kind, others })
    );
    return none && many && median(many) - median(none);
  });
  return ours !== undefined && floor !== undefined ? ours / floor : undefined;
}

export const uncontended: Question = {
  name: "uncontended",
  asks:
    "What does acquire + release cost beside what others hold and wait for?",
  async run(context, scale) {
    const size = SIZES[scale];
    const samples = new Samples();
    for (const [kind, counts] of Object.entries(size.counts)) {
      for (const count of counts) {
        context.say(`  beside ${count} ${kind}`);
        await measure(context, size, kind as CrowdKind, count, samples);
      }
    }
    const plots = {
      "cost_over_leases.svg": linePlot({
        title: "Acquire + release beside other leases",
        x: { label: "other leases (+1)", log: true },
        y: { label: "microseconds", log: true },
        series: seriesOver(samples, PAIR, "others", { beside: "leases" })
          .map(({ name, points }) => ({
            name,
            points: points.map(([x, y]) => [x + 1, y] as const),
          })),
      }),
    };
    return { samples, goals: goals(samples), plots };
  },
};
