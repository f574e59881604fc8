import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { checkWork, type WorkOptions } from "../../lib/lease/work.ts";
import { ResourcePool } from "../../mod.ts";
import { Folder } from "../support/processes.ts";

Deno.test("checkWork() takes what others can read", () => {
  for (
    const options of [
      {},
      { estimatedSeconds: 0, progress: 0, label: "w" },
      { estimatedSeconds: 2 ** 53 - 1, progress: 1, label: "w".repeat(200) },
      { progress: 0.5, label: undefined },
    ]
  ) checkWork(options);
});

for (
  const [options, type] of [
    [{ estimatedSeconds: -1 }, RangeError],
    [{ estimatedSeconds: 1.5 }, RangeError],
    [{ estimatedSeconds: Infinity }, RangeError],
    [{ estimatedSeconds: null }, RangeError],
    [{ progress: -0.1 }, RangeError],
    [{ progress: 1.1 }, RangeError],
    [{ progress: NaN }, RangeError],
    [{ progress: "0.5" }, RangeError],
    [{ progress: null }, RangeError],
    [{ label: "" }, RangeError],
    [{ label: "w".repeat(201) }, RangeError],
    [{ label: "a\nb" }, SyntaxError],
    [{ label: "\ud800" }, SyntaxError],
    [{ label: 5 }, TypeError],
    [{ label: null }, TypeError],
  ] as const
) {
  Deno.test(`checkWork() refuses ${Deno.inspect(options).slice(0, 40)}`, () => {
    assertThrows(
      () => checkWork(options as unknown as WorkOptions),
      type,
      "Cannot use",
    );
  });
}

/** A pool with one lease, and how its work looks to others. */
class Scene implements AsyncDisposable {
  readonly #folder = new Folder();
  readonly pool = new ResourcePool({ path: this.#folder.state });

  async lease() {
    await this.pool.setResources({ slot: 1 });
    return await this.pool.acquire({ slot: 1 });
  }

  async work() {
    const { queue } = await this.pool.status();
    return queue.map(({ label, estimatedSeconds, progress }) => ({
      label,
      estimatedSeconds,
      progress,
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.close();
    this.#folder[Symbol.dispose]();
  }
}

Deno.test("Work.update() changes what is said and leaves the rest", async () => {
  await using scene = new Scene();
  const lease = await scene.lease();
  const work = await lease.startWork({ label: "first", estimatedSeconds: 60 });
  await work.update({ progress: 0 });
  await work.update({ label: "second" });
  assertEquals(await scene.work(), [
    { label: "second", estimatedSeconds: 60, progress: 0 },
  ]);
  await work.update({ estimatedSeconds: 5, progress: 1 });
  await assertRejects(() => work.update({ label: "a\nb" }), SyntaxError);
  assertEquals(await scene.work(), [
    { label: "second", estimatedSeconds: 5, progress: 1 },
  ]);
});

Deno.test("Work.update() and complete() do nothing once it has ended", async () => {
  await using scene = new Scene();
  const lease = await scene.lease();
  const work = await lease.startWork();
  await work.complete();
  await work.update({ progress: 1 });
  await work.complete();
  assertEquals(await scene.work(), []);
  const other = await lease.startWork();
  await lease.release();
  await other.update({ progress: 1 });
  await other.complete();
  assertEquals(await scene.work(), []);
});
