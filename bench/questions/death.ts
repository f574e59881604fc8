/**
 * How long does it take from the death of a holder, by SIGKILL, to the grant of the one
 * that waits?
 *
 * Goal: at most 10 ms in 99 of 100 cases, also where the dead process stays a zombie
 * as its parent does not ask how it ended.
 *
 * Non-goals: processes of Python clients that a native one waits for, which only
 * `kill -0` can tell, once in a while. The time includes what the kernel needs to take a
 * program of this size apart; the floor shows how much that is.
 *
 * Checked: that the waiter was granted nothing before.
 *
 * @module
 */
import type { Contender } from "../contenders/contender.ts";
import { sleep, unlessLate } from "../harness/clock.ts";
import { Samples } from "../harness/samples.ts";
import { quantile, rotated } from "../harness/statistics.ts";
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

const LATENCY = {
  what: "death to grant",
  unit: "ms",
  show: ["median", "p99", "max"],
} as const;

interface Size {
  readonly rounds: number;
  /** Deaths in each round; of peers only in the first. */
  readonly deaths: number;
  readonly peerDeaths: number;
  /** Some never find out. */
  readonly limitMs: number;
}

const SIZES: Readonly<Record<Scale, Size>> = {
  full: { rounds: 3, deaths: 40, peerDeaths: 3, limitMs: 12_000 },
  quick: { rounds: 2, deaths: 8, peerDeaths: 1, limitMs: 3000 },
  tiny: { rounds: 1, deaths: 1, peerDeaths: 1, limitMs: 3000 },
};

const KINDS = ["reaped", "a zombie"] as const;

/** By then the waiter is asleep, and watches. */
const pauseMs = () => 60 + Math.random() * 40;

async function measure(
  context: Context,
  contender: Contender,
  { dies, deaths, limitMs }: {
    readonly dies: typeof KINDS[number];
    readonly deaths: number;
    readonly limitMs: number;
  },
  samples: Samples,
): Promise<void> {
  const at = { "the dead is": dies };
  await using scene = await Scene.open(context, contender, 1);
  const waiter = await scene.client();
  for (let done = 0; done < deaths; done++) {
    const holder = await scene.client({ dies });
    await hold(holder);
    const { granted } = await waiter.ask();
    let early = true;
    granted.then(() => early &&= false, () => {});
    await sleep(pauseMs());
    if (!early) {
      throw new Error("Cannot trust this run: granted beside a holder");
    }
    const died = await holder.kill();
    const moment = await unlessLate(limitMs, granted);
    if (moment === undefined) {
      samples.miss(LATENCY, contender.name, at);
      return;
    }
    samples.add(LATENCY, contender.name, at, moment - died);
    await waiter.release();
  }
}

async function run(context: Context, scale: Scale): Promise<Answer> {
  const size = SIZES[scale];
  const { limitMs } = size;
  const samples = new Samples();
  for (let round = 0; round < size.rounds; round++) {
    context.say(`  round ${round + 1}`);
    for (const contender of rotated(context.contenders, round)) {
      const { kind, abilities } = contender;
      // Some take long, and some never find out: once is enough.
      if (kind === "peer" && round > 0) continue;
      const deaths = kind === "peer" ? size.peerDeaths : size.deaths;
      for (const dies of KINDS) {
        if (dies === "a zombie" && !abilities.zombies) continue;
        await attempt(
          context,
          contender,
          () => measure(context, contender, { dies, deaths, limitMs }, samples),
        );
      }
    }
  }
  const goals = KINDS.map((dies) => {
    const values = samples.values(LATENCY, "reslock", { "the dead is": dies });
    const text = `ms, p99, the dead is ${dies}`;
    return atMost(10, text, values && quantile(values, 0.99));
  });
  return { samples, goals, plots: {} };
}

export const death: Question = {
  name: "death",
  asks:
    "How long does it take from the death of a holder to the next one's grant?",
  run,
};
