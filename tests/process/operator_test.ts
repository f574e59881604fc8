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
  const { id, granted } = await actor.queue({ slots: 1 }, { label: "train" });

  await stopBeside(actor.pid, folder.state);
  await pool.cancel(id);
  // It does not come back, and nobody takes it for a grant.
  await pool.setResources({ slots: 2 });
  const { leases, queue, available } = await pool.status();
  assertEquals([leases.map(({ id }) => id), queue], [[_lease.id], []]);
  assertEquals(available.slots, 1);
  // What tells it is not to be taken for a lease, which could be taken away.
  await assertRejects(() => pool.release(id), RangeError, "no lease has it");
  assertEquals(await pool.releaseLabel("train"), []);
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
    async () => {
      await pool.status();
      return !Deno.readTextFileSync(folder.state).includes(id);
    },
  );
});

Deno.test("ResourcePool.reset() cancels the request of another process, also of one that is stopped", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slots: 1 });
  await pool.acquire({ slots: 1 });
  await using actor = await Actor.start(folder.state);
  await using sleeper = await Actor.start(folder.state);
  const { granted } = await actor.queue({ slots: 1 });
  const { granted: late } = await sleeper.queue({ slots: 1 });
  await stopBeside(sleeper.pid, folder.state);

  await pool.reset();
  const error = await assertRejects(() => granted, ActorError, "reset");
  assertEquals(error.name, "AcquireCancelledError");
  // It does not come back for a capacity, nor after another reset.
  await pool.reset();
  await pool.setResources({ slots: 1 });
  sleeper.program.signal("SIGCONT");
  await assertRejects(() => late, ActorError, "reset");
  const { leases, queue } = await pool.status();
  assertEquals([leases, queue], [[], []]);
});

Deno.test("ResourcePool.reset() leaves nothing of the dead who waited", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slots: 1 });
  await pool.acquire({ slots: 1 });
  await using actor = await Actor.start(folder.state);
  await actor.queue({ slots: 1 });
  // Nobody is left who could bury it.
  await actor.kill();
  await pool.reset();
  const { leases, queue } = JSON.parse(Deno.readTextFileSync(folder.state));
  assertEquals([leases, queue], [[], []]);
});

Deno.test("ResourcePool.reset() with force cancels who can be read in a damaged file, and wakes the others", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slots: 1 });
  await using holder = await Actor.start(folder.state);
  await using actor = await Actor.start(folder.state);
  await holder.acquire({ slots: 1 }, { listen: true });
  const { granted } = await actor.queue({ slots: 1 });
  const text = Deno.readTextFileSync(folder.state);
  Deno.writeTextFileSync(folder.state, text.replace('"version"', '"versio"'));

  await pool.reset({ force: true });
  await assertRejects(() => granted, ActorError, "reset");
  await holder.hears("lost");
  const { leases, queue } = await pool.status();
  assertEquals([leases, queue], [[], []]);
});

Deno.test("a program that waits comes back into a file that lost it, after a change of priority with the new one", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slots: 1 });
  await using _lease = await pool.acquire({ slots: 1 });
  await using actor = await Actor.start(folder.state);
  const empty = Deno.readTextFileSync(folder.state);
  const { id } = await actor.queue({ slots: 1 });
  assertEquals((await pool.setPriority(id, 3)).before, 0);
  // It learns of it with its next look at the file.
  await actor.status();
  Deno.writeTextFileSync(folder.state, empty);
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
