/**
 * The limits of an `acquire`, its signal and its time, where others have the file: they
 * count from the call on, and what they end leaves nothing.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AcquireTimeoutError, ResourcePool } from "../../mod.ts";
import { HeldFile } from "../support/held_file.ts";
import { Folder } from "../support/processes.ts";

/** A pool of one slot that does not give up the lock in the time of a test. */
async function patientPool({ state }: Folder): Promise<ResourcePool> {
  const pool = new ResourcePool({ path: state, lockTimeoutMs: 60_000 });
  await pool.setResources({ slot: 1 });
  return pool;
}

/** That the file has nothing of anybody, and the slot is to be had. */
async function assertNothingLeft(
  folder: Folder,
  pool: ResourcePool,
): Promise<void> {
  const { leases, queue } = JSON.parse(Deno.readTextFileSync(folder.state));
  assertEquals([leases, queue], [[], []]);
  await using lease = await pool.tryAcquire({ slot: 1 });
  assert(lease !== null);
}

Deno.test("ResourcePool.acquire() gives up a file that others have when its signal aborts", async () => {
  using folder = new Folder();
  await using pool = await patientPool(folder);
  const reason = new Error("No longer wanted");
  const off = new AbortController();
  {
    using _held = new HeldFile(folder.state);
    // The second waits for the first.
    const asked = [1, 2].map(() =>
      pool.acquire({ slot: 1 }, { signal: off.signal })
        .catch((error) => error)
    );
    off.abort(reason);
    assertEquals(await Promise.all(asked), [reason, reason]);
  }
  await assertNothingLeft(folder, pool);
});

Deno.test("ResourcePool.acquire() gives up a file that others have when its time is over", async () => {
  using folder = new Folder();
  await using pool = await patientPool(folder);
  {
    using _held = new HeldFile(folder.state);
    const { request, waitedMs } = await assertRejects(
      () => pool.acquire({ slot: 1 }, { timeoutMs: 20 }),
      AcquireTimeoutError,
      "within 20 ms as the pool could not be asked",
    );
    assertEquals(request, { slot: 1 });
    assert(waitedMs >= 19, `after ${waitedMs} ms`);
  }
  await assertNothingLeft(folder, pool);
});

Deno.test("ResourcePool.acquire() of one try waits for the file, and not for the lease", async () => {
  using folder = new Folder();
  await using pool = await patientPool(folder);
  const held = new HeldFile(folder.state);
  const asked = pool.acquire({ slot: 1 }, { timeoutMs: 0 });
  await new Promise((resolve) => setTimeout(resolve, 20));
  held[Symbol.dispose]();
  await using _lease = await asked;
  await assertRejects(
    () => pool.acquire({ slot: 1 }, { timeoutMs: 0 }),
    AcquireTimeoutError,
    "others have it",
  );
});

Deno.test("ResourcePool.acquire() gives back a grant that comes together with an abort", async () => {
  using folder = new Folder();
  await using pool = await patientPool(folder);
  const reason = new Error("No longer wanted");
  {
    const off = new AbortController();
    const asked = pool.acquire({ slot: 1 }, { signal: off.signal });
    // It has been granted by now.
    off.abort(reason);
    assertEquals(await asked.catch((error) => error), reason);
    await assertNothingLeft(folder, pool);
  }
  const off = new AbortController();
  const lease = await pool.acquire({ slot: 1 });
  const queued = Promise.withResolvers<void>();
  const asked = pool.acquire({ slot: 1 }, {
    signal: off.signal,
    onQueued: () => queued.resolve(),
  });
  await queued.promise;
  const released = lease.release();
  off.abort(reason);
  assertEquals(await asked.catch((error) => error), reason);
  await released;
  await assertNothingLeft(folder, pool);
});
