/**
 * Each command line shows and releases the other package's leases.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { until } from "../support/processes.ts";
import { interopTest } from "./scene.ts";

interopTest(
  "`reslock list` shows what a Python client holds",
  async (scene) => {
    const python = scene.python();
    await python.setResources({ slot: 5 });
    const request = { slot: 2, priority: 3, label: "whisper" };
    const { id } = await python.acquire(request);
    const { leases } = JSON.parse(await scene.runNative("list", "--json"));
    const [{ pid, resources, priority, label, native, owner }] = leases;
    assertEquals(
      { id: leases[0].id, pid, priority, label, native, owner },
      {
        id,
        pid: python.pid,
        priority: 3,
        label,
        native: false,
        owner: "alive",
      },
    );
    assertEquals(resources, { slot: 2 });
    assertEquals(label, "whisper");
    assertStringIncludes(await scene.runNative("list"), "whisper");
  },
);

interopTest(
  "`reslock status` shows how a Python client waits",
  async (scene) => {
    const python = scene.python();
    await python.setResources({ slot: 5 });
    await python.acquire({ slot: 5 });
    void python.acquire({ slot: 4, priority: 3, label: "later" }, "second");
    await scene.queued(1);
    const status = JSON.parse(await scene.runNative("status", "--json"));
    assertEquals(status.available, { slot: 0 });
    const [{ resources, priority, label, native }] = status.queue;
    assertEquals(
      { resources, priority, label, native },
      { resources: { slot: 4 }, priority: 3, label: "later", native: false },
    );
  },
);

interopTest(
  "`reslock release` takes its lease from a Python client",
  async (scene) => {
    const pool = scene.pool();
    const python = scene.python();
    await pool.setResources({ slot: 1 });
    const { id } = await python.acquire({ slot: 1 });
    const waiting = pool.acquire({ slot: 1 });
    await scene.queued(1);
    await scene.runNative("release", id.slice(0, 6));
    await python.hearsReclaim();
    await waiting;
    // It does not know, and gives back what it has no more.
    await python.release();
    assertEquals((await pool.status()).leases.length, 1);
  },
);

interopTest(
  "the Python `status` and `list` show what we hold and wait for",
  async (scene) => {
    const pool = scene.pool();
    await pool.setResources({ slot: 5 });
    const lease = await pool.acquire(
      { slot: 2 },
      { priority: 3, label: "whisper", reclaimable: true },
    );
    void pool.acquire({ slot: 4 }, { priority: 3, label: "later" })
      .catch(() => {});
    await scene.queued(1);
    const list = await scene.runPython("list");
    assertStringIncludes(list, `${lease.id}  pid=${Deno.pid}  slot=2  prio=3`);
    const status = await scene.runPython("status");
    for (const word of [lease.id, "slot=4", "later", "reclaimable"]) {
      assertStringIncludes(status, word);
    }
  },
);

interopTest("the Python `release` takes a lease from us", async (scene) => {
  const pool = scene.pool();
  await pool.setResources({ slot: 1 });
  const lease = await pool.acquire({ slot: 1 }, { label: "whisper" });
  const { lost } = lease;
  const waiting = pool.acquire({ slot: 1 });
  await scene.queued(1);
  assertStringIncludes(
    await scene.runPython("release", "--label", "whisper"),
    "Released 1 lease",
  );
  await waiting;
  await until("the holder hears of it", () => lost.aborted);
});

interopTest(
  "the Python `release` takes a lease from us while nobody waits",
  async (scene) => {
    const pool = scene.pool();
    await pool.setResources({ slot: 1 });
    const { id, lost } = await pool.acquire({ slot: 1 });
    await scene.runPython("release", id);
    assertEquals((await pool.status()).leases, []);
    assertEquals(lost.aborted, true);
  },
);
