/**
 * Waits that are called off at the very moment when another process grants them.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { AcquireTimeoutError, type Lease, ResourcePool } from "../../mod.ts";
import { Actor } from "../support/actor.ts";
import { Folder } from "../support/processes.ts";
import { randomSeed, seededRandom } from "../support/random.ts";

const ROUNDS = 200;

/** Where the two moments meet is found by going later after a grant too few. */
class Aim {
  readonly #random: (below: number) => number;
  #middleUs = 500;

  constructor(random: (below: number) => number) {
    this.#random = random;
  }

  /** A moment near the middle, in milliseconds from now. */
  shoot(): number {
    return (0.5 + this.#random(1000) / 1000) * this.#middleUs / 1000;
  }

  learn(granted: boolean): void {
    this.#middleUs *= granted ? 0.9 : 1.1;
  }
}

/** Lets the time pass without a turn of the event loop. */
function spin(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

type Outcome = Lease | "called off";

/** One wait, and one release elsewhere, which meet as the aim has it. */
type Round = (
  pool: ResourcePool,
  release: () => Promise<void>,
  delayMs: number,
) => Promise<Outcome>;

const abortAtOnce: Round = async (pool, release, delayMs) => {
  const reason = new Error("No longer wanted");
  const wait = new AbortController();
  const queued = Promise.withResolvers<void>();
  const asked = pool.acquire({ slot: 1 }, {
    signal: wait.signal,
    onQueued: () => queued.resolve(),
  });
  await queued.promise;
  const released = release();
  // Half of the time runs in the event loop, where a grant can be heard.
  await new Promise((resolve) => setTimeout(resolve, delayMs / 2));
  spin(delayMs / 2);
  wait.abort(reason);
  const outcome = await asked.catch((error): Outcome => {
    assertEquals(error, reason);
    return "called off";
  });
  await released;
  return outcome;
};

const giveUpInTime: Round = async (pool, release, delayMs) => {
  const queued = Promise.withResolvers<void>();
  const asked = pool.acquire({ slot: 1 }, {
    timeoutMs: 4,
    onQueued: () => queued.resolve(),
  });
  await queued.promise;
  // The nearer to the end of the wait, the later it is for a grant.
  spin(Math.max(0, 4 - delayMs));
  const released = release();
  const outcome = await asked.catch((error): Outcome => {
    assert(error instanceof AcquireTimeoutError, String(error));
    return "called off";
  });
  await released;
  return outcome;
};

for (const [what, round] of Object.entries({ abortAtOnce, giveUpInTime })) {
  const seed = randomSeed();
  Deno.test(`ResourcePool.acquire() gives a lease or leaves nothing: ${what} (RESLOCK_SEED=${seed})`, async () => {
    using folder = new Folder();
    const aim = new Aim(seededRandom(seed));
    await using pool = new ResourcePool({ path: folder.state });
    await pool.setResources({ slot: 1 });
    await using holder = await Actor.start(folder.state);
    let granted = 0;
    for (let i = 0; i < ROUNDS; i++) {
      assert(await holder.tryAcquire({ slot: 1 }) !== null);
      const release = () => holder.release();
      const outcome = await round(pool, release, aim.shoot());
      const isLease = outcome !== "called off";
      aim.learn(isLease);
      if (isLease) granted++;
      const text = Deno.readTextFileSync(folder.state);
      const { leases, queue } = JSON.parse(text);
      assertEquals(queue, []);
      assertEquals(
        leases.map(({ id }: { id: string }) => id),
        isLease ? [outcome.id] : [],
      );
      if (isLease) await outcome.release();
    }
    assert(granted > 0, "Nothing was granted");
    assert(granted < ROUNDS, "Nothing was called off");
  });
}
