/**
 * What `ResourcePool.close()` owes to the calls that it meets, and what it leaves
 * when the file cannot be written to.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { LockTimeoutError, ResourcePool } from "../mod.ts";
import { HeldFile } from "./support/held_file.ts";
import { Folder } from "./support/processes.ts";

/** A pool of one slot that soon gives up a file that others hold. */
async function impatientPool({ state }: Folder): Promise<ResourcePool> {
  const pool = new ResourcePool({ path: state, lockTimeoutMs: 50 });
  await pool.setResources({ slot: 1 });
  return pool;
}

for (
  const [name, call] of [
    ["acquire", (pool) => pool.acquire({ slot: 1 })],
    ["tryAcquire", (pool) => pool.tryAcquire({ slot: 1 })],
    ["status", (pool) => pool.status()],
    ["setResources", (pool) => pool.setResources({ slot: 2 })],
  ] as const satisfies [string, (pool: ResourcePool) => Promise<unknown>][]
) {
  Deno.test(`ResourcePool.close() ends a ${name}() that is on its way, and leaves nothing open`, async () => {
    using folder = new Folder();
    await using other = await impatientPool(folder);
    const pool = new ResourcePool({ path: folder.state, lockTimeoutMs: 5000 });
    const held = new HeldFile(folder.state);
    const refused = assertRejects(() => call(pool), DOMException, "closed");
    await pool.close();
    held[Symbol.dispose]();
    await refused;
    const { leases, queue, resources } = await other.status();
    assertEquals([leases, queue, { ...resources }], [[], [], { slot: 1 }]);
    assertEquals(folder.names("state.json.owners"), []);
  });
}

Deno.test("ResourcePool.close() that cannot write lets go of its lease, and can be repeated", async () => {
  using folder = new Folder();
  await using other = new ResourcePool({ path: folder.state });
  const pool = await impatientPool(folder);
  await pool.acquire({ slot: 1 });
  {
    using _held = new HeldFile(folder.state);
    await assertRejects(() => pool.close(), LockTimeoutError);
  }
  assert(await other.tryAcquire({ slot: 1 }) !== null);
  await pool.close();
  assertEquals((await other.status()).leases.length, 1);
});

Deno.test("ResourcePool.close() that cannot write withdraws its request by its end", async () => {
  using folder = new Folder();
  await using other = new ResourcePool({ path: folder.state });
  const pool = await impatientPool(folder);
  const lease = await other.acquire({ slot: 1 });
  const queued = Promise.withResolvers<void>();
  const refused = assertRejects(
    () => pool.acquire({ slot: 1 }, { onQueued: () => queued.resolve() }),
    DOMException,
    "closed",
  );
  await queued.promise;
  {
    using _held = new HeldFile(folder.state);
    await assertRejects(() => pool.close(), LockTimeoutError);
  }
  await refused;
  assertEquals((await other.status()).queue, []);
  await lease.release();
  await pool.close();
});

for (const isLocked of [false, true]) {
  const outcome = isLocked ? "lets go of" : "removes";
  Deno.test(`ResourcePool.close() ${outcome} a request that could not be withdrawn`, async () => {
    using folder = new Folder();
    await using other = new ResourcePool({ path: folder.state });
    const pool = await impatientPool(folder);
    const lease = await other.acquire({ slot: 1 });
    const wait = new AbortController();
    const queued = Promise.withResolvers<void>();
    const asked = pool.acquire({ slot: 1 }, {
      signal: wait.signal,
      onQueued: () => queued.resolve(),
    });
    await queued.promise;
    const held = new HeldFile(folder.state);
    wait.abort();
    await assertRejects(() => asked, LockTimeoutError);
    // Until no look of its own is under way, which would find out by itself.
    for (let i = 0; i < 3; i++) {
      await assertRejects(() => pool.status(), LockTimeoutError);
    }
    if (isLocked) await assertRejects(() => pool.close(), LockTimeoutError);
    held[Symbol.dispose]();
    if (!isLocked) await pool.close();
    await lease.release();
    // Nobody was granted what is free now, or whoever was is known to be dead.
    assert(await other.tryAcquire({ slot: 1 }) !== null);
    if (isLocked) await pool.close();
    assertEquals(folder.names("state.json.owners").length, 1);
  });
}
