/**
 * Programs of both packages ask each other for reclaimable leases.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { until } from "../support/processes.ts";
import { HEARD_MS, interopTest, type Scene } from "./scene.ts";

/** Waits until the only lease is asked back. */
function askedBack(scene: Scene): Promise<void> {
  return until("the lease is asked back", async () => {
    const { leases } = await scene.read();
    return leases[0].reclaim_requested;
  });
}

interopTest("acquire() asks a Python client for its lease", async (scene) => {
  const pool = scene.pool();
  const python = scene.python();
  await pool.setResources({ slot: 1 });
  await python.acquire({ slot: 1, reclaimable: true });

  const waiting = pool.acquire({ slot: 1 }, { priority: 1 });
  await python.hearsReclaim();
  await python.release();
  assertEquals((await waiting).priority, 1);
});

interopTest(
  "acquire() asks no Python client of its own priority",
  async (scene) => {
    const pool = scene.pool();
    const python = scene.python();
    await pool.setResources({ slot: 1 });
    await python.acquire({ slot: 1, priority: 1, reclaimable: true });

    const equal = pool.acquire({ slot: 1 }, { priority: 1 });
    await scene.queued(1);
    assert(!(await scene.read()).leases[0].reclaim_requested);
    const higher = pool.acquire({ slot: 1 }, { priority: 2 });
    await python.hearsReclaim();
    await python.release();
    await (await higher).release();
    await equal;
  },
);

interopTest("a Python client asks for a lease of ours", async (scene) => {
  const pool = scene.pool();
  const python = scene.python();
  await pool.setResources({ slot: 1 });
  const lease = await pool.acquire({ slot: 1 }, { reclaimable: true });

  const waiting = python.acquire({ slot: 1, priority: 1 });
  await until("the holder hears of it", () => lease.reclaim.aborted, HEARD_MS);
  await lease.release();
  await waiting;
});

interopTest(
  "Lease.reclaim does not fire for a Python client of lower priority",
  async (scene) => {
    const pool = scene.pool();
    const python = scene.python();
    await pool.setResources({ slot: 1 });
    const lease = await pool.acquire(
      { slot: 1 },
      { priority: 10, reclaimable: true },
    );

    void python.acquire({ slot: 1 });
    // Its package asks whoever holds a reclaimable lease.
    await askedBack(scene);
    assertEquals((await pool.status()).leases[0].reclaimRequested, true);
    assertEquals(lease.reclaimRequested, false);
    const higher = python.acquire({ slot: 1, priority: 11 }, "higher");
    await until(
      "the holder hears of it",
      () => lease.reclaim.aborted,
      HEARD_MS,
    );
    await lease.release();
    await higher;
  },
);

interopTest("acquire() asks no Python client that works", async (scene) => {
  const pool = scene.pool();
  const python = scene.python();
  await pool.setResources({ slot: 1 });
  await python.acquire({ slot: 1, reclaimable: true });
  await python.startWork();

  const waiting = pool.acquire({ slot: 1 }, { priority: 1 });
  await scene.queued(1);
  const { leases } = await pool.status();
  assertEquals(
    leases.map(({ busy, reclaimRequested }) => ({ busy, reclaimRequested })),
    [{ busy: true, reclaimRequested: false }],
  );
  await python.release();
  await waiting;
});

interopTest(
  "a Python client does not ask while work of ours is in progress",
  async (scene) => {
    const pool = scene.pool();
    const python = scene.python();
    await pool.setResources({ slot: 1 });
    const lease = await pool.acquire({ slot: 1 }, { reclaimable: true });
    const work = await lease.startWork();

    void python.acquire({ slot: 1, priority: 1 });
    await scene.queued(1);
    await scene.written(2);
    assert(!(await scene.read()).leases[0].reclaim_requested);
    await work.complete();
    await askedBack(scene);
  },
);

interopTest(
  "requestReclaim() asks a Python client, and its writes do not undo it",
  async (scene) => {
    const pool = scene.pool();
    const python = scene.python();
    await pool.setResources({ slot: 2 });
    await python.acquire({ slot: 1, reclaimable: true });
    const { id } = (await pool.status()).leases[0];
    const { reclaimRequestedAt } = await pool.requestReclaim(id);

    await python.hearsReclaim();
    // Both write the file anew, and nobody waits for what was asked back.
    const python2 = scene.python();
    await python2.acquire({ slot: 1 });
    await pool.setResources({ slot: 3 });
    const { leases } = await pool.status();
    const asked = leases.find((lease) => lease.id === id);
    assertEquals(asked?.reclaimRequestedAt, reclaimRequestedAt);
  },
);
