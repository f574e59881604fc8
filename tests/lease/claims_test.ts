/**
 * What a pool does about its own when writes fail: nothing is left for good, and nothing
 * else suffers from it.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { LockTimeoutError, ResourcePool } from "../../mod.ts";
import { HeldFile } from "../support/held_file.ts";
import { Folder, until } from "../support/processes.ts";

/** A pool of two slots that soon gives up a file that others hold. */
async function impatientPool({ state }: Folder): Promise<ResourcePool> {
  const pool = new ResourcePool({ path: state, lockTimeoutMs: 50 });
  await pool.setResources({ slot: 2 });
  return pool;
}

/** Ids in the file. */
function idsIn({ state }: Folder): string[] {
  const { leases, queue } = JSON.parse(Deno.readTextFileSync(state));
  return [...leases, ...queue].map(({ id }) => id);
}

Deno.test("Lease.release() ends the work on it, too, after a startWork() that failed", async () => {
  using folder = new Folder();
  await using pool = await impatientPool(folder);
  const lease = await pool.acquire({ slot: 1 });
  const work = await lease.startWork();
  assertEquals(idsIn(folder), [lease.id, work.id]);
  {
    using _held = new HeldFile(folder.state);
    await assertRejects(() => lease.startWork(), LockTimeoutError);
  }
  await lease.release();
  assertEquals(idsIn(folder), []);
});

Deno.test("a transaction in the middle of a release leaves the lease and its work alone", async () => {
  using folder = new Folder();
  await using pool = await impatientPool(folder);
  const lease = await pool.acquire({ slot: 1 });
  await lease.startWork();
  let next: Promise<unknown>;
  let released: Promise<void>;
  {
    using _held = new HeldFile(folder.state);
    await assertRejects(() => lease.startWork(), LockTimeoutError);
    // It waits for the lock before the release does.
    next = pool.setResources({ slot: 3 });
    released = lease.release();
  }
  await Promise.all([next, released]);
  assertEquals(idsIn(folder), []);
  assertEquals(lease.lost.aborted, false);
});

Deno.test("ResourcePool.acquire() that is called off gives back a grant that came at once, however late", async () => {
  using folder = new Folder();
  await using pool = await impatientPool(folder);
  const lease = await pool.acquire({ slot: 2 });
  const wait = new AbortController();
  const queued = Promise.withResolvers<void>();
  const refused = assertRejects(
    () =>
      pool.acquire({ slot: 2 }, {
        signal: wait.signal,
        onQueued: () => queued.resolve(),
      }),
    LockTimeoutError,
  );
  await queued.promise;
  {
    wait.abort();
    // Grants the other, which is to be given back when the file is locked.
    const released = lease.release();
    using _held = new HeldFile(folder.state);
    await released;
    await refused;
    assertEquals(idsIn(folder).length, 1);
  }
  // It is known to be nobody's by the next transaction.
  const next = await pool.tryAcquire({ slot: 2 });
  assert(next !== null);
  assertEquals(idsIn(folder), [next.id]);
});

for (const what of ["the next change", "the end of the pool"]) {
  Deno.test(`a lease that was lost with the state file goes with ${what}, if the file comes back`, async () => {
    using folder = new Folder();
    await using pool = await impatientPool(folder);
    const lease = await pool.acquire({ slot: 1 });
    Deno.renameSync(folder.state, `${folder.state}.away`);
    await until("the lease is lost", async () => {
      await pool.status({ explain: false });
      return lease.lost.aborted;
    });
    Deno.renameSync(`${folder.state}.away`, folder.state);
    assertEquals(idsIn(folder), [lease.id]);
    if (what === "the next change") await pool.setResources({ slot: 3 });
    else await pool.close();
    assertEquals(idsIn(folder), []);
  });
}
