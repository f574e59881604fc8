/**
 * The history of a pool, from several programs.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { MAX_HISTORY_BYTES } from "../lib/history.ts";
import { ResourcePool } from "../mod.ts";
import { Actor } from "./support/actor.ts";
import { Folder, until } from "./support/processes.ts";

/** What has ended, in a few words. */
function ended(pool: ResourcePool): string[] {
  return pool.history().map(({ label, end }) => `${label} ${end}`);
}

Deno.test("ResourcePool.history() tells how leases and requests ended", async () => {
  using folder = new Folder();
  const { state: path } = folder;
  await using pool = new ResourcePool({ path });
  await pool.setResources({ slots: 1 });
  assertEquals(pool.history(), []);
  {
    await using other = new ResourcePool({ path });
    const lease = await other.acquire({ slots: 1 }, { label: "a" });
    await other.acquire({ slots: 1 }, { label: "b", timeoutMs: 1 }).catch(
      () => {},
    );
    await lease.release();
    const taken = await other.acquire({ slots: 1 }, { label: "c" });
    await pool.release(taken.id);
  }
  await using actor = await Actor.start(path);
  await actor.acquire({ slots: 1 }, { label: "d" });
  await actor.kill();
  await pool.status();
  await until("all is noted", () => pool.history().length === 4);
  assertEquals(ended(pool).sort(), [
    "a released",
    "b gave-up",
    "c taken",
    "d died",
  ]);
  const [first] = pool.history().filter(({ label }) => label === "a");
  assertEquals({ ...first.resources }, { slots: 1 });
  assert(first.acquiredAt! <= first.endedAt);
});

Deno.test("ResourcePool.history() has nobody hold what was handed on", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slots: 1 });
  // Fewer than a program may note in a second.
  const labels = Array.from({ length: 30 }, (_, at) => `${at}`);
  await Promise.all(labels.map(async (label) => {
    await (await pool.acquire({ slots: 1 }, { label })).release();
  }));
  await until("all is noted", () => pool.history().length === labels.length);
  const held = pool.history()
    .map(({ acquiredAt, endedAt }) => [acquiredAt!, endedAt])
    .sort((a, b) => a.join() < b.join() ? -1 : 1);
  for (const [at, [, endedAt]] of held.slice(0, -1).entries()) {
    const [next] = held[at + 1];
    assert(endedAt <= next, `${endedAt} > ${next}`);
  }
});

Deno.test("ResourcePool.history() has nothing of pools that do not note", async () => {
  using folder = new Folder();
  const { state: path } = folder;
  {
    await using pool = new ResourcePool({ path, history: false });
    await pool.setResources({ slots: 1 });
    await (await pool.acquire({ slots: 1 })).release();
  }
  assertEquals(new ResourcePool({ path }).history(), []);
  const names = [...Deno.readDirSync(folder.path)].map(({ name }) => name);
  assert(!names.includes("state.json.history"), names.join());
});

Deno.test("ResourcePool.history() is bounded, however much is in a lease", async () => {
  using folder = new Folder();
  const { state: path } = folder;
  const names = Array.from({ length: 900 }, (_, n) => `${n}_`.padEnd(200, "x"));
  const amounts = Object.fromEntries(names.map((name) => [name, 1]));
  {
    await using pool = new ResourcePool({ path });
    await pool.setResources(amounts);
    for (let n = 0; n < 12; n++) await (await pool.acquire(amounts)).release();
  }
  const { size } = Deno.statSync(`${path}.history`);
  assert(size <= MAX_HISTORY_BYTES, `${size} bytes`);
  assert(new ResourcePool({ path }).history().length > 0);
});

Deno.test("ResourcePool.history() is bounded, and nobody's grant depends on it", async () => {
  using folder = new Folder();
  const { state: path } = folder;
  // Full, and with a line that is torn.
  Deno.writeTextFileSync(
    `${path}.history`,
    `${"x".repeat(99)}\n`.repeat(MAX_HISTORY_BYTES / 100) + '{"id": "to',
  );
  await using pool = new ResourcePool({ path });
  await pool.setResources({ slots: 1 });
  await (await pool.acquire({ slots: 1 })).release();
  const { size } = Deno.statSync(`${path}.history`);
  assert(size < MAX_HISTORY_BYTES * 0.6, `${size}`);

  Deno.removeSync(`${path}.history`);
  Deno.mkdirSync(`${path}.history`);
  await using other = new ResourcePool({ path });
  await (await other.acquire({ slots: 1 })).release();
  assertEquals(other.history(), []);
});
