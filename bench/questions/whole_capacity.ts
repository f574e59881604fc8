/**
 * How long does a request for everything wait while small ones keep coming?
 *
 * Goal: it is granted as soon as those are done who held or waited when it came; with
 * a higher priority, as soon as the holders of that moment are done. At most 5 ms later.
 *
 * Non-goal: how long those take, which is up to them.
 *
 * Checked: the witness sees that the capacity is never exceeded; a request for
 * everything is alone.
 *
 * @module
 */
import type { Contender } from "../contenders/contender.ts";
import { nowMs, sleepUntil, unlessLate, within } from "../harness/clock.ts";
import type { Grant } from "../harness/grants.ts";
import { Samples } from "../harness/samples.ts";
import { rotated } from "../harness/statistics.ts";
import {
  type Answer,
  atMost,
  attempt,
  type Context,
  type Question,
  type Scale,
  Scene,
} from "../question.ts";

const CAPACITY = 4;
const SMALL_ONES = 6;
const WAIT = {
  what: "wait for everything",
  unit: "ms",
  show: ["median", "max"],
} as const;
const EXCESS = {
  what: "grant after the last one that it had to wait for",
  unit: "ms",
  show: ["median", "max"],
} as const;

interface Size {
  readonly rounds: number;
  readonly holdMs: number;
  /** How long the small ones go on, beside us and beside peers. */
  readonly limitMs: number;
  readonly peerLimitMs: number;
}

const SIZES: Readonly<Record<Scale, Size>> = {
  full: { rounds: 20, holdMs: 100, limitMs: 1500, peerLimitMs: 15_000 },
  quick: { rounds: 4, holdMs: 100, limitMs: 1500, peerLimitMs: 5000 },
  tiny: { rounds: 1, holdMs: 10, limitMs: 1500, peerLimitMs: 1500 },
};

const START_MS = 200;
/** Once the small ones are gone, nothing is in its way. */
const LATE_LIMIT_MS = 10_000;

/** When the last was done that came before a request, rightly. */
export function lastBefore(
  grants: readonly Grant[],
  { queuedMs, grantedMs, priority }: {
    readonly queuedMs: number;
    readonly grantedMs: number;
    readonly priority: number;
  },
): number {
  const before = grants.filter((grant) =>
    grant.releasedMs > queuedMs && grant.grantedMs < grantedMs &&
    (priority > 0 ? grant.grantedMs : grant.askedMs) < queuedMs
  );
  return Math.max(queuedMs, ...before.map(({ releasedMs }) => releasedMs));
}

async function measure(
  context: Context,
  contender: Contender,
  priority: number,
  { holdMs, ...limits }: Size,
  samples: Samples,
): Promise<void> {
  const limitMs = contender.kind === "peer"
    ? limits.peerLimitMs
    : limits.limitMs;
  const at = { priority };
  await using scene = await Scene.open(context, contender, CAPACITY);
  const [large, ...small] = await scene.clients(1 + SMALL_ONES);
  const startMs = nowMs() + START_MS;
  const job = {
    startMs,
    endMs: startMs + limitMs,
    // Not all the same, so that they do not end together.
    holdMs: [holdMs * 0.8, holdMs * 1.2] as const,
    amount: 1,
    record: true,
  };
  const loops = Promise.all(small.map((client) => client.loop(job)));
  await sleepUntil(startMs + limitMs * (0.2 + 0.1 * Math.random()));
  const askedMs = nowMs();
  const wish = { amount: CAPACITY, priority, brief: true };
  const { granted } = await large.ask(wish);
  // Not before: its first request makes files, and others may pass it until it is queued.
  const queuedMs = nowMs();
  const grantedMs = await unlessLate(Math.max(0, job.endMs - nowMs()), granted);
  const grants = (await loops).flatMap(({ grants }) => grants);
  if (grantedMs === undefined) {
    samples.miss(WAIT, contender.name, at);
    await within(LATE_LIMIT_MS, "The grant", granted);
    return;
  }
  samples.add(WAIT, contender.name, at, grantedMs - askedMs);
  const last = lastBefore(grants, { queuedMs, grantedMs, priority });
  samples.add(EXCESS, contender.name, at, grantedMs - last);
}

async function run(context: Context, scale: Scale): Promise<Answer> {
  const size = SIZES[scale];
  const samples = new Samples();
  const able = context.contenders.filter(({ abilities }) => abilities.amounts);
  for (let round = 0; round < size.rounds; round++) {
    context.say(`  round ${round + 1}`);
    for (const contender of rotated(able, round)) {
      for (const priority of [0, 1]) {
        if (priority > 0 && !contender.abilities.priorities) continue;
        // Who never serves it does not have to show it ten times.
        if (contender.kind === "peer" && round > 0) continue;
        await attempt(
          context,
          contender,
          () => measure(context, contender, priority, size, samples),
        );
      }
    }
  }
  const goals = [0, 1].map((priority) => {
    const excess = samples.values(EXCESS, "reslock", { priority });
    const missed = samples.figures().some((figure) =>
      figure.contender === "reslock" && figure.missed > 0
    );
    const text = `ms after the last before it, priority ${priority}, worst`;
    return atMost(5, text, missed ? Infinity : excess && Math.max(...excess));
  });
  return { samples, goals, plots: {} };
}

export const wholeCapacity: Question = {
  name: "whole_capacity",
  asks:
    "How long does a request for everything wait while small ones keep coming?",
  run,
};
