/**
 * Programs of both packages share GPU memory; `driver/` stands for the driver that the
 * Python package asks.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { FakeCards } from "../support/fake_cards.ts";
import { until } from "../support/processes.ts";
import { HEARD_MS, interopTest, type Scene } from "./scene.ts";

const ONE = "gpu_GPU-one_vram_mb";
const TWO = "gpu_GPU-two_vram_mb";
const CARDS = { [ONE]: 24000, [TWO]: 24000 };

/** What is held by card, over all leases. */
async function held(scene: Scene): Promise<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { resources } of (await scene.read()).leases) {
    for (const [name, amount] of resources) {
      sums[name] = (sums[name] ?? 0) + amount;
    }
  }
  return sums;
}

interopTest(
  "acquire() waits for the cards of a Python client",
  async (scene) => {
    const pool = scene.pool();
    const python = scene.python();
    await python.setResources(CARDS);
    const theirs = await python.acquire({ vram_mb: [20000, 8000] });
    assertEquals(theirs.resources, { [ONE]: 20000, [TWO]: 8000 });

    assertEquals(await pool.tryAcquire({ vram_mb: 20000 }), null);
    const small = await pool.acquire({ vram_mb: 16000 });
    assertEquals({ ...small.resources }, { [TWO]: 16000 });
    const waiting = pool.acquire({ vram_mb_each: 4000, num_gpus: 2 });
    await scene.queued(1);
    assertEquals(await held(scene), { [ONE]: 20000, [TWO]: 24000 });
    await python.release();
    const large = await waiting;
    assertEquals({ ...large.resources }, { [ONE]: 4000, [TWO]: 4000 });
  },
);

interopTest("a Python client waits for cards of ours", async (scene) => {
  const pool = scene.pool();
  const python = scene.python();
  await pool.setResources(CARDS);
  const lease = await pool.acquire({ vram_mb_each: 10000, num_gpus: 2 });

  const waiting = python.acquire({ vram_mb_each: 16000, num_gpus: 2 });
  await scene.queued(1);
  await scene.written(1);
  assertEquals(await held(scene), { [ONE]: 10000, [TWO]: 10000 });
  await lease.release();
  assertEquals((await waiting).resources, { [ONE]: 16000, [TWO]: 16000 });
});

interopTest(
  "acquire() keeps cards for a Python waiter of higher rank",
  async (scene) => {
    const pool = scene.pool();
    const python = scene.python();
    await pool.setResources(CARDS);
    await using first = await pool.acquire({ vram_mb: 10000 });
    const theirs = python.acquire({ vram_mb: [16000, 16000], priority: 1 });
    await scene.queued(1);

    // It would fit beside the first one, where the other waits for room.
    const ours = pool.acquire({ vram_mb: 12000 });
    await scene.queued(2);
    await first.release();
    assertEquals((await theirs).resources, { [ONE]: 16000, [TWO]: 16000 });
    assertEquals((await scene.read()).entries.length, 1);
    await python.release();
    await ours;
  },
);

interopTest("each asks the other for the card that it needs", async (scene) => {
  const pool = scene.pool();
  const python = scene.python();
  await pool.setResources({ ...CARDS, [TWO]: 20000 });
  await python.acquire({ vram_mb: [20000], reclaimable: true });

  const waiting = pool.acquire(
    { vram_mb: 24000 },
    { priority: 1, reclaimable: true },
  );
  await python.hearsReclaim();
  await python.release();
  const lease = await waiting;
  assertEquals([...lease.gpuUuids], ["GPU-one"]);

  const theirs = python.acquire({ vram_mb: [24000], priority: 2 });
  await until("the holder hears of it", () => lease.reclaim.aborted, HEARD_MS);
  await lease.release();
  assertEquals((await theirs).resources, { [ONE]: 24000 });
});

interopTest(
  "acquire() counts what a Python client has touched once, and a stranger's as well",
  async (scene) => {
    using machine = await FakeCards.of({ cards: [{ uuid: "GPU-one" }] });
    const pool = scene.pool({ driverCheck: true });
    const python = scene.python();
    await pool.setResources({ [ONE]: 24000 });
    await python.acquire({ vram_mb: [10000] });
    const uuid = "GPU-one";
    await machine.become({
      cards: [{ uuid, totalMb: 24000, usedMb: 13000 }],
      processes: [
        { uuid, pid: python.pid, usedMb: 10000 },
        { uuid, pid: 4_242_424, usedMb: 3000 },
      ],
    });
    assertEquals(await pool.tryAcquire({ vram_mb: 11001 }), null);
    const lease = await pool.acquire({ vram_mb: 11000 });
    const [{ outside }] = (await pool.status()).cards;
    assertEquals(outside.map(({ pid, usedMb }) => [pid, usedMb]), [
      [4_242_424, 3000],
    ]);
    await lease.release();
  },
);

interopTest(
  "a Python client and one of ours wait for each other on a named card",
  async (scene) => {
    const pool = scene.pool();
    const python = scene.python();
    await pool.setResources(CARDS);
    const theirs = await python.acquire({ vram_mb: [20000] });
    const [taken] = Object.keys(theirs.resources);
    const card = taken.slice("gpu_".length, -"_vram_mb".length);
    const waiting = pool.acquire({ vram_mb: 16000 }, { cards: [card] });
    await scene.queued(1);
    // The other one would do for anybody but us; the client reads our entry.
    const other = await python.acquire({ vram_mb: [20000] }, "other");
    assertEquals(other.resources, { [taken === ONE ? TWO : ONE]: 20000 });
    await python.release();
    const lease = await waiting;
    assertEquals({ ...lease.resources }, { [taken]: 16000 });
  },
);
