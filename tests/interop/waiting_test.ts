/**
 * Programs of both packages wait for each other, in an order that both keep.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { processState, until } from "../support/processes.ts";
import { interopTest } from "./scene.ts";

/** Well below the second after which each waiter looks, on a busy machine. */
const SOON_MS = 800;

interopTest("acquire() waits for a lease of a Python client", async (scene) => {
  const pool = scene.pool();
  const python = scene.python();
  await pool.setResources({ slot: 1 });
  await python.acquire({ slot: 1 });
  assertEquals(await pool.tryAcquire({ slot: 1 }), null);

  const waiting = pool.acquire({ slot: 1 });
  await scene.queued(1);
  await python.release();
  const releasedAt = performance.now();
  const lease = await waiting;
  assert(performance.now() - releasedAt < SOON_MS);
  assert(lease.waitSec > 0);
});

interopTest("a Python client waits for a lease of ours", async (scene) => {
  const pool = scene.pool();
  const python = scene.python();
  await pool.setResources({ slot: 1 });
  const lease = await pool.acquire({ slot: 1 });
  assertEquals(await python.tryAcquire({ slot: 1 }), null);

  const waiting = python.acquire({ slot: 1 });
  await scene.queued(1);
  await lease.release();
  const releasedAt = performance.now();
  const { waitSec } = await waiting;
  assert(performance.now() - releasedAt < SOON_MS);
  assert(waitSec > 0);
});

interopTest(
  "acquire() gives way to a Python waiter of higher rank",
  async (scene) => {
    const pool = scene.pool();
    const python = scene.python();
    await pool.setResources({ slot: 1 });
    const lease = await pool.acquire({ slot: 1 });
    const ours = pool.acquire({ slot: 1 }, { priority: 1 });
    await scene.queued(1);
    const theirs = python.acquire({ slot: 1, priority: 2 });
    await scene.queued(2);

    await lease.release();
    const { id } = await theirs;
    // Ours was rung and has looked, and yet waits.
    const { leases, entries } = await scene.read();
    assertEquals(leases.map((held) => held.id), [id]);
    assertEquals(entries.length, 1);
    await python.release();
    await (await ours).release();
  },
);

interopTest(
  "acquire() gives way to an earlier Python waiter",
  async (scene) => {
    const pool = scene.pool();
    const python = scene.python();
    await pool.setResources({ slot: 1 });
    const lease = await pool.acquire({ slot: 1 });
    const theirs = python.acquire({ slot: 1 });
    await scene.queued(1);
    const ours = pool.acquire({ slot: 1 });
    await scene.queued(2);

    await lease.release();
    assertEquals((await Promise.race([theirs, ours])).id, (await theirs).id);
    await python.release();
    await ours;
  },
);

interopTest(
  "acquire() passes a Python waiter that does not come for its grant",
  async (scene) => {
    const pool = scene.pool();
    const python = scene.python();
    await pool.setResources({ slot: 1 });
    const lease = await pool.acquire({ slot: 1 });
    void python.acquire({ slot: 1, priority: 1, poll_interval: 3600 });
    await scene.queued(1);
    const ours = pool.acquire({ slot: 1 });
    await scene.queued(2);
    await lease.release();
    await ours;
    await scene.queued(1);
  },
);

interopTest(
  "a Python client gives way to a waiter of ours of higher rank",
  async (scene) => {
    const python = scene.python();
    await python.setResources({ slot: 1 });
    await python.acquire({ slot: 1 }, "first");
    // It arrives first, and would look for rivals only in front of itself.
    const theirs = python.acquire({ slot: 1 }, "second");
    await scene.queued(1);
    const actor = await scene.native();
    const { id, granted } = await actor.queue({ slot: 1 }, { priority: 1 });
    await scene.whileLocked(() => {
      actor.program.signal("SIGSTOP");
      return until("it stops", () => processState(actor.pid) === "T");
    });

    await python.release("first");
    // The waiter looks twice, and leaves it to the one that cannot come.
    await scene.written(2);
    assertEquals((await scene.read()).entries.length, 2);
    actor.program.signal("SIGCONT");
    assertEquals((await granted).id, id);
    await actor.release();
    await theirs;
  },
);
