/**
 * What an operator does to the requests and leases of other processes.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { ResourcePool } from "../../mod.ts";
import { Actor, ActorError } from "../support/actor.ts";
import { Folder, stopBeside, until } from "../support/processes.ts";

Deno.test("ResourcePool.cancel() fails the request of another process, which leaves nothing", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slots: 1 });
  await using _lease = await pool.acquire({ slots: 1 });
  await using actor = await Actor.start(folder.state);
  const { id, granted } = await actor.queue({ slots: 1 }, { label: "train" });

  const cancelled = await pool.cancel(id.slice(0, 5));
  assertEquals([cancelled.id, cancelled.label], [id, "train"]);
  const error = await assertRejects(() => granted, ActorError, id);
  assertEquals(error.name, "AcquireCancelledError");
  const { leases, queue } = await pool.status();
  assertEquals([leases.length, queue.length], [1, 0]);
  // Its program goes on as after any error.
  const again = await actor.queue({ slots: 1 });
  await _lease.release();
  await again.granted;
});

Deno.test("ResourcePool.cancel() reaches a process that is stopped, once it goes on", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slots: 1 });
  await using _lease = await pool.acquire({ slots: 1 });
  await using actor = await Actor.start(folder.state);
  const { id, granted } = await actor.queue({ slots: 1 });

  await stopBeside(actor.pid, folder.state);
  await pool.cancel(id);
  // It does not come back, and nobody takes it for a grant.
  await pool.setResources({ slots: 2 });
  const { leases, queue, available } = await pool.status();
  assertEquals(queue, []);
  assertEquals(available.slots, 1);
  assertEquals({ ...leases.find((lease) => lease.id === id)?.resources }, {});
  actor.program.signal("SIGCONT");
  await assertRejects(() => granted, ActorError, "cancelled");
  assertEquals((await pool.status()).leases.length, 1);
});

Deno.test("ResourcePool.cancel() leaves nothing of a process that dies before it hears", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slots: 1 });
  await using _lease = await pool.acquire({ slots: 1 });
  await using actor = await Actor.start(folder.state);
  const { id } = await actor.queue({ slots: 1 });
  await stopBeside(actor.pid, folder.state);
  await pool.cancel(id);
  await actor.kill();
  await until(
    "the dead to be gone",
    async () => (await pool.status()).leases.length === 1,
  );
});

Deno.test("ResourcePool.reset() still lets those who wait put themselves back, after a change of priority with the new one", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slots: 1 });
  await using _lease = await pool.acquire({ slots: 1 });
  await using actor = await Actor.start(folder.state);
  const { id } = await actor.queue({ slots: 1 });
  assertEquals((await pool.setPriority(id, 3)).before, 0);
  // It learns of it with its next look at the file.
  await actor.status();
  await pool.reset();
  await until(
    "it is back",
    async () => (await pool.status()).queue.length === 1,
  );
  assertEquals((await pool.status()).queue[0].priority, 3);
});

Deno.test("ResourcePool.setPriority() lets a waiter pass another", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slots: 1 });
  const lease = await pool.acquire({ slots: 1 });
  await using one = await Actor.start(folder.state);
  await using two = await Actor.start(folder.state);
  await one.queue({ slots: 1 });
  const second = await two.queue({ slots: 1 });
  assertEquals(second.position, 2);
  await pool.setPriority(second.id, 1);
  await lease.release();
  await second.granted;
  await assertRejects(() => pool.setPriority(second.id, 0.5), RangeError);
});

Deno.test("ResourcePool.requestReclaim() asks a holder that nobody waits for", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slots: 2 });
  await using actor = await Actor.start(folder.state);
  const { id } = await actor.acquire({ slots: 1 }, {
    reclaimable: true,
    listen: true,
  });
  assertEquals((await pool.requestReclaim(id)).reclaimRequested, true);
  await actor.hears("reclaim");
  // Another transaction does not take it back.
  await pool.setResources({ slots: 3 });
  assertEquals((await pool.status()).leases[0].reclaimRequested, true);
  await using mine = await pool.acquire({ slots: 1 });
  await assertRejects(() => pool.requestReclaim(mine.id), TypeError);
});
