/**
 * Are ten waiters served in the order of their priorities, and of their arrival where
 * the priorities are equal?
 *
 * Goal: no pair in the wrong order in 100 rounds.
 *
 * Non-goals: speed; order between requests that arrive at the same moment, of which
 * any is right.
 *
 * Checked: all ten are served in each round.
 *
 * @module
 */
import type { Client, Contender } from "../contenders/contender.ts";
import { within } from "../harness/clock.ts";
import { pairsOutOfOrder } from "../harness/grants.ts";
import { Samples } from "../harness/samples.ts";
import { shuffled } from "../harness/statistics.ts";
import {
  type Answer,
  atMost,
  attempt,
  type Context,
  hold,
  type Question,
  type Scale,
  Scene,
} from "../question.ts";

const WRONG = {
  what: "pairs served in the wrong order, of those of a round",
  unit: "pairs",
  show: ["median", "max"],
} as const;

interface Size {
  readonly waiters: number;
  readonly rounds: number;
  /** Rounds of each peer in all. */
  readonly peerRounds: number;
}

const SIZES: Readonly<Record<Scale, Size>> = {
  full: { waiters: 10, rounds: 100, peerRounds: 3 },
  quick: { waiters: 10, rounds: 10, peerRounds: 1 },
  tiny: { waiters: 3, rounds: 1, peerRounds: 1 },
};

/** All are served; some tools look seldom. */
const LIMIT_MS = 60_000;

/** The priorities of so many waiters. */
const KINDS = {
  "arrival": (count: number) => new Array<number>(count).fill(0),
  "priority": (count: number) =>
    shuffled(Array.from({ length: count }, (_, one) => one)),
  "both": (count: number) =>
    Array.from({ length: count }, () => Math.floor(Math.random() * 3)),
} as const;

/** Waiters in the order in which they should be served. */
export function expectedOrder(priorities: readonly number[]): number[] {
  // Sorting keeps the order of equal ones: that of arrival.
  return priorities.map((_, waiter) => waiter)
    .sort((a, b) => priorities[b] - priorities[a]);
}

/** How many pairs were served in the wrong order. */
async function playRound(
  holder: Client,
  waiters: readonly Client[],
  priorities: readonly number[],
): Promise<number> {
  await hold(holder);
  const grants: Promise<number>[] = [];
  for (const [place, waiter] of waiters.entries()) {
    // One after the other: the next one asks when this one is in the queue.
    const asked = await waiter.ask({
      priority: priorities[place],
      brief: true,
    });
    grants.push(asked.granted);
  }
  await holder.release();
  const moments = await within(LIMIT_MS, "Serving all", Promise.all(grants));
  return pairsOutOfOrder(
    expectedOrder(priorities).map((waiter) => moments[waiter]),
  );
}

async function measure(
  context: Context,
  contender: Contender,
  { waiters: count }: Size,
  rounds: number,
  samples: Samples,
): Promise<void> {
  await using scene = await Scene.open(context, contender, 1);
  const [holder, ...waiters] = await scene.clients(1 + count);
  for (let round = 0; round < rounds; round++) {
    for (const [by, priorities] of Object.entries(KINDS)) {
      if (by !== "arrival" && !contender.abilities.priorities) continue;
      const wrong = await playRound(
        holder,
        shuffled(waiters),
        priorities(count),
      );
      samples.add(WRONG, contender.name, { by, waiters: count }, wrong);
    }
  }
}

async function run(context: Context, scale: Scale): Promise<Answer> {
  const size = SIZES[scale];
  const { waiters, rounds, peerRounds } = size;
  const samples = new Samples();
  for (const contender of context.contenders) {
    context.say(`  ${contender.name}`);
    const own = contender.kind === "peer" ? peerRounds : rounds;
    await attempt(
      context,
      contender,
      () => measure(context, contender, size, own, samples),
    );
  }
  const goals = Object.keys(KINDS).map((by) => {
    const wrong = samples.values(WRONG, "reslock", { by, waiters });
    const most = wrong && Math.max(...wrong);
    return atMost(0, `pairs in the wrong order by ${by}, worst round`, most);
  });
  return { samples, goals, plots: {} };
}

export const order: Question = {
  name: "order",
  asks: "Are waiters served in the order of priority, then of arrival?",
  run,
};
