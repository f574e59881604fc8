/**
 * Which cards a request gets: those that are named, and by the placement that it wants.
 *
 * @module
 */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  ImpossibleRequestError,
  type Lease,
  type ResourcePool,
  type ResourceRequest,
} from "../../mod.ts";
import {
  A,
  B,
  CardScene,
  KEY_A,
  KEY_B,
  TOTAL_MB,
} from "../support/card_scene.ts";

const TWO_CARDS = { [KEY_A]: TOTAL_MB, [KEY_B]: 16_000 };
const TWO = { cards: [{ uuid: A }, { uuid: B, name: "NVIDIA T4" }] };

Deno.test("acquire() gets the cards that are named", async () => {
  await using scene = await CardScene.of(TWO, TWO_CARDS);
  const pool = scene.pool();
  const blind = scene.pool({ driverCheck: false });
  const cases: [string[], ResourceRequest, Record<string, number>][] = [
    [["1"], { vram_mb: 4000 }, { [KEY_B]: 4000 }],
    [["t4"], { vram_mb: 4000 }, { [KEY_B]: 4000 }],
    [["bbbb"], { vram_mb: 4000 }, { [KEY_B]: 4000 }],
    [["1", "0"], { vram_mb: [1, 2] }, { [KEY_B]: 1, [KEY_A]: 2 }],
    [["NVIDIA"], { vram_mb: 20_000 }, { [KEY_A]: 20_000 }],
  ];
  for (const [cards, request, wanted] of cases) {
    const one = await pool.acquire(request, { cards });
    assertEquals({ ...one.resources }, wanted, cards.join());
    await one.release();
    const other = await blind.tryAcquire(request, { cards });
    assertEquals({ ...other?.resources }, wanted, cards.join());
    await other?.release();
  }
});

Deno.test("acquire() waits for one of several named cards, not for others", async () => {
  const three = { cards: [...TWO.cards, { uuid: "GPU-cc" }] };
  await using scene = await CardScene.of(three, {
    ...TWO_CARDS,
    "gpu_GPU-cc_vram_mb": TOTAL_MB,
  });
  const pool = scene.pool();
  const holders = [
    await pool.acquire({ vram_mb: TOTAL_MB }, { cards: ["0"] }),
    await pool.acquire({ vram_mb: 16_000 }, { cards: ["1"] }),
  ];
  const either = { cards: ["0", "1"] };
  assertEquals(await pool.tryAcquire({ vram_mb: 8000 }, either), null);
  const waiting = scene.pool().acquire({ vram_mb: 8000 }, either);
  await scene.queued();
  await holders[1].release();
  assertEquals((await waiting).gpuUuids, [B]);
});

Deno.test("acquire() asks back one of the cards that are named, though another is free", async () => {
  const three = { cards: [...TWO.cards, { uuid: "GPU-cc" }] };
  await using scene = await CardScene.of(three, {
    ...TWO_CARDS,
    "gpu_GPU-cc_vram_mb": TOTAL_MB,
  });
  // One with a driver, and one that goes by accounting alone.
  for (const pool of [scene.pool(), scene.pool({ driverCheck: false })]) {
    const offered = { reclaimable: true };
    const leases = [
      await pool.acquire({ vram_mb: 16_000 }, { cards: ["1"], ...offered }),
      await pool.acquire({ vram_mb: TOTAL_MB }, { cards: [A] }),
    ];
    leases[0].reclaim.addEventListener("abort", () => leases[0].release());
    const high = { cards: [A, B], priority: 1 };
    const lease = await pool.acquire({ vram_mb: 8000 }, high);
    assertEquals(lease.gpuUuids, [B]);
    await lease.release();
    await leases[1].release();
  }
});

Deno.test("acquire() chooses the card by the placement", async () => {
  await using scene = await CardScene.of(TWO, TWO_CARDS);
  const pool = scene.pool();
  const placed = async (
    request: { vram_mb: number | number[] },
    placement?: "pack" | "spread",
    from: ResourcePool = pool,
  ) => {
    const lease: Lease = await from.acquire(request, { placement });
    await lease.release();
    return { ...lease.resources };
  };
  const blind = scene.pool({ driverCheck: false });
  for (const from of [pool, blind]) {
    const one = (how?: "pack" | "spread") =>
      placed({ vram_mb: 4000 }, how, from);
    assertEquals(await one(), { [KEY_B]: 4000 });
    assertEquals(await one("pack"), { [KEY_B]: 4000 });
    assertEquals(await one("spread"), { [KEY_A]: 4000 });
    const two = (how?: "pack" | "spread") =>
      placed({ vram_mb: [8000, 1] }, how, from);
    assertEquals(await two(), { [KEY_A]: 8000, [KEY_B]: 1 });
    assertEquals(await two("spread"), { [KEY_A]: 8000, [KEY_B]: 1 });
    assertEquals(await two("pack"), { [KEY_B]: 8000, [KEY_A]: 1 });
  }
});

Deno.test("acquire() refuses at once what no card can ever hold", async () => {
  await using scene = await CardScene.of(TWO, TWO_CARDS);
  const pool = scene.pool();
  const refused = async (
    vram_mb: number | number[],
    cards?: string[],
  ): Promise<string> => {
    const { message } = await assertRejects(
      () => pool.acquire({ vram_mb }, { cards }),
      ImpossibleRequestError,
    );
    return message;
  };
  assertStringIncludes(await refused(30_000), "the largest has 24 GB");
  assertStringIncludes(await refused([1, 2, 3]), "only 2 are registered");
  assertStringIncludes(await refused(20_000, ["1"]), "capacity is 15.6 GB");
  assertStringIncludes(await refused(20_000, ["1"]), B);
});
