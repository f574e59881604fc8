/**
 * What does it cost to take and give back something when another process has changed
 * one of a thousand leases since the last time?
 *
 * Goal: at most 0.15 times the floor that parses and writes plain JSON, whatever has
 * changed.
 *
 * Non-goal: what happens when both want the file at the same moment (`contention`).
 *
 * Checked: the other process's lease is there and gone in turns, and the thousand are
 * all there in the end.
 *
 * @module
 */
import { ResourcePool } from "../../mod.ts";
import { Crowd } from "../contenders/crowd.ts";
import { denoWorker, WorkerClient } from "../contenders/worker_client.ts";
import { Samples } from "../harness/samples.ts";
import { medianRatio, rotated } from "../harness/statistics.ts";
import {
  type Answer,
  atMost,
  type Context,
  type Question,
  type Scale,
} from "../question.ts";
import { Floors, JSON_FLOOR, ourPairs, OURS, PAIR } from "./pair.ts";

const SIZES: Readonly<Record<Scale, { leases: number; rounds: number }>> = {
  full: { leases: 1000, rounds: 200 },
  quick: { leases: 1000, rounds: 60 },
  tiny: { leases: 10, rounds: 4 },
};

/** Takes a lease, and gives it back the next time. */
class Other {
  readonly #client: WorkerClient;
  #holds = false;

  constructor(client: WorkerClient) {
    this.#client = client;
  }

  async changeOneLease(): Promise<void> {
    if (this.#holds) await this.#client.release();
    else await (await this.#client.ask()).granted;
    this.#holds = !this.#holds;
  }
}

async function run(context: Context, scale: Scale): Promise<Answer> {
  const { leases, rounds } = SIZES[scale];
  const samples = new Samples();
  await using stack = new AsyncDisposableStack();
  const crowd = stack.use(await Crowd.gather(context, "leases", leases));
  const { path, directory, bytes } = crowd;
  const pool = stack.use(new ResourcePool({ path }));
  const floors = stack.use(new Floors(directory, bytes));
  const subjects = [[OURS, ourPairs(pool)] as const, ...floors.pairs()];
  {
    const program = `${import.meta.dirname}/../contenders/reslock_worker.ts`;
    await using client = await WorkerClient.start(
      denoWorker(program, { path, capacity: 2 }),
    );
    const other = new Other(client);
    const at = { leases };
    for (let round = 0; round < rounds; round++) {
      for (const [name, pairs] of rotated(subjects, round)) {
        // Also before a floor, so that all come back from the same sleep.
        await other.changeOneLease();
        samples.add(PAIR, name, at, await pairs(1) * 1000);
      }
    }
  }
  await crowd.check(pool);
  floors.check();
  const [ours, plain] = [OURS, JSON_FLOOR].map((name) =>
    samples.values(PAIR, name, { leases })!
  );
  const text = "times the plain JSON floor, one lease changed in between";
  return {
    samples,
    goals: [atMost(0.15, text, medianRatio(ours, plain))],
    plots: {},
  };
}

export const changedBetween: Question = {
  name: "changed_between",
  asks:
    "What does acquire + release cost when another process has changed a lease in between?",
  run,
};
