/**
 * The Python package's `reset` under programs of ours.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { call } from "../cli/support.ts";
import { until } from "../support/processes.ts";
import { interopTest } from "./scene.ts";

interopTest(
  "acquire() comes back after a Python `reset --force`, and waits on",
  async (scene) => {
    const pool = scene.pool();
    await pool.setResources({ slot: 1, other: 7 });
    const lease = await pool.acquire({ slot: 1 });
    let lost: DOMException | Error | undefined;
    lease.lost.addEventListener("abort", () => lost = lease.lost.reason);
    const low = pool.acquire({ slot: 1 }, { label: "low" });
    await scene.queued(1);
    const actor = await scene.native();
    const high = await actor.queue({ slot: 1 }, { priority: 1, label: "high" });

    await scene.runPython("reset", "--force");
    // Nothing is left to be granted, as the capacities are gone as well.
    await until("the holder hears of it", () => lost !== undefined);
    await scene.queued(2);
    const { resources, leases, queue } = await pool.status();
    assertEquals([{ ...resources }, leases], [{}, []]);
    assertEquals(queue.map(({ label }) => label), ["high", "low"]);
    assertEquals(lost!.name, "LeaseLostError");

    await scene.runPython("set", "slot", "1");
    assertEquals((await high.granted).id, high.id);
    await actor.release();
    assertEquals((await low).label, "low");
  },
);

interopTest(
  "acquire() is granted what a Python `reset` has freed",
  async (scene) => {
    const pool = scene.pool();
    await pool.setResources({ slot: 1 });
    const lease = await pool.acquire({ slot: 1 });
    const { lost } = lease;
    const waiting = pool.acquire({ slot: 1 });
    await scene.queued(1);

    await scene.runPython("reset");
    await waiting;
    await until("the holder hears of it", () => lost.aborted);
    // What is gone cannot be given back once more.
    await lease.release();
    assertEquals((await pool.status()).leases.map(({ id }) => id), [
      (await waiting).id,
    ]);
  },
);

interopTest(
  "ResourcePool.reset() takes its lease from a Python client",
  async (scene) => {
    const pool = scene.pool();
    const python = scene.python();
    await pool.setResources({ slot: 1 });
    await python.acquire({ slot: 1, reclaimable: true });

    await pool.reset();
    // To its package a lease that is gone was asked back.
    await python.hearsReclaim();
    await python.release();
    const { resources, leases } = await pool.status();
    assertEquals([{ ...resources }, leases], [{}, []]);
    await pool.setResources({ slot: 1 });
    assert(await pool.tryAcquire({ slot: 1 }) !== null);
  },
);

interopTest(
  "`reslock reset` tells of a Python client that waits for ever from then on",
  async (scene) => {
    const pool = scene.pool();
    const python = scene.python();
    await pool.setResources({ slot: 1 });
    await pool.acquire({ slot: 1 });
    void python.acquire({ slot: 1, label: "whisper" });
    await scene.queued(1);

    const words = ["reset", "--force", "--state", scene.path];
    const { code, err } = await call(words);
    assertEquals(code, 0);
    assertStringIncludes(err, "(whisper)");
    assertStringIncludes(err, `end the program (pid ${python.pid})`);
    // It polls on, and does not take what is there again.
    await pool.setResources({ slot: 1 });
    await scene.written(3);
    const { leases, queue } = await pool.status();
    assertEquals([leases, queue], [[], []]);
  },
);
