/**
 * Programs of both packages in each other's way, as fast as they can.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { LoopResult } from "./python_client.ts";
import { interopTest } from "./scene.ts";

/** `RESLOCK_LOAD_SECONDS=60` for the full time. */
const SECONDS = Number(Deno.env.get("RESLOCK_LOAD_SECONDS") ?? 15);
const LOOPS = 8;

/**
 * What went wrong, but for a Python client that gave up the lock, as it does after five
 * seconds: too soon where the processor is taken from one of ours for as long, with the
 * lock in hand.
 */
function failures(results: readonly LoopResult[]): string[] {
  return results.flatMap(({ errors }) => errors)
    .filter((error) => !error.startsWith("AlreadyLocked"));
}

interopTest(
  `a Python client gets the lock under our load for ${SECONDS} s`,
  async (scene) => {
    const pool = scene.pool();
    const python = scene.python();
    await python.setResources({ slot: LOOPS, own: 1, kept: 100 });
    // The larger the file, the longer each of us has it locked.
    await Promise.all(
      Array.from({ length: 100 }, () => pool.acquire({ kept: 1 })),
    );
    const load = { seconds: SECONDS, request: { slot: 1 } };
    const [theirs, ...ours] = await Promise.all([
      python.loop(SECONDS, { own: 1 }),
      ...Array.from({ length: LOOPS }, () => scene.load(load)),
    ]);
    assertEquals(failures([theirs, ...ours]), []);
    // Now and then it may give up; mostly it must not.
    assert(theirs.errors.length < theirs.grants, Deno.inspect(theirs));
    // Being polite to the one must not starve the others.
    const all = ours.reduce((sum, { grants }) => sum + grants, 0);
    assert(all > theirs.grants, `${all} of ours, ${theirs.grants} of theirs`);
  },
);

interopTest(
  "programs of both packages take turns, one at a time",
  async (scene) => {
    const seconds = Math.min(6, SECONDS);
    const clients = [scene.python(), scene.python()];
    await clients[0].setResources({ slot: 1 });
    const request = { slot: 1 };
    const token = `${scene.folder.path}/token`;
    const results = await Promise.all([
      ...clients.map((python) => python.loop(seconds, request, token)),
      ...[1, 2, 3].map(() => scene.load({ seconds, request, token })),
    ]);
    assertEquals(failures(results), []);
    // Whoever waited when the time was over was served all the same.
    assert(results.every(({ grants }) => grants > 0));
    const { leases, queue } = await scene.pool().status();
    assertEquals([leases, queue], [[], []]);
  },
);

interopTest(
  "programs of ours lose none of many leases beside a Python client",
  async (scene) => {
    const python = scene.python();
    await python.setResources({ slot: 1000 });
    const load = { seconds: 3, request: { slot: 1 }, parallel: 40 };
    const [theirs, ...ours] = await Promise.all([
      python.loop(load.seconds, load.request),
      ...[1, 2, 3].map(() => scene.load(load)),
    ]);
    assertEquals(failures([theirs, ...ours]), []);
    const { leases, queue } = await scene.pool().status();
    assertEquals([leases, queue], [[], []]);
  },
);
