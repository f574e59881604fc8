/**
 * Programs that are stopped, by Ctrl-Z or a debugger, and what others do meanwhile.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { ResourcePool } from "../../mod.ts";
import { FRONT_WAITERS } from "../../lib/store/store.ts";
import { Actor, Cast } from "../support/actor.ts";
import { Folder, processState, until, within } from "../support/processes.ts";

/** After that, whoever was offered something and did not take it is passed. */
const OFFER_MS = 2000;
/** Far above what follows on a busy machine, below every other look of the first. */
const SOON_MS = 6000;
/** Free space is known to nobody but the one who looked: it has to grant itself. */
const SELF_GRANTED = { slot: 1, "disk_mb@/tmp": 1 };

/** A pool whose two resources are held; what holds `other` is held to its end. */
async function heldPool(folder: Folder) {
  const pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1, other: 1 });
  await pool.acquire({ other: 1 });
  return { pool, lease: await pool.acquire({ slot: 1 }) };
}

async function stop({ program }: Actor): Promise<void> {
  program.signal("SIGSTOP");
  await until("it is stopped", () => processState(program.pid) === "T");
}

Deno.test("ResourcePool.acquire() passes one that was stopped before it could take what it was offered", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1 });
  const lease = await pool.acquire({ slot: 1 });
  await using cast = await Cast.start(2, folder.state);
  const [first, second] = cast.actors;
  await first.queue(SELF_GRANTED);
  const { granted } = await second.queue({ slot: 1 });
  await stop(first);
  const freedAt = performance.now();
  await lease.release();
  // Nobody is left who would tell the second one.
  await pool.close();
  const { heardAt } = await within("the second one's lease", SOON_MS, granted);
  assert(heardAt - freedAt >= OFFER_MS - 100, `after ${heardAt - freedAt} ms`);
  first.program.signal("SIGCONT");
});

Deno.test("Lease.release() passes nobody whose offers stood for moments only", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await using rival = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 2 });
  const [one, other] = [
    await pool.acquire({ slot: 1 }),
    await pool.acquire({ slot: 1 }),
  ];
  await using cast = await Cast.start(2, folder.state);
  const [first, second] = cast.actors;
  const { granted } = await first.queue(SELF_GRANTED, { priority: 5 });
  await second.queue({ slot: 1 });
  // It is offered the slot, stopped or not, and loses it to a more urgent one at once.
  await stop(first);
  const [, urgent] = await Promise.all([
    one.release(),
    rival.tryAcquire({ slot: 1 }, { priority: 10 }),
  ]);
  assert(urgent !== null);
  await new Promise((resolve) => setTimeout(resolve, OFFER_MS + 500));
  first.program.signal("SIGCONT");
  await until("it runs", () => processState(first.pid) !== "T");
  await other.release();
  await within("the lease of the first one", SOON_MS, granted);
  const { queue } = await pool.status();
  assertEquals(queue.map(({ priority }) => priority), [0]);
  await urgent.release();
});

Deno.test("ResourcePool.acquire() behind programs that are all stopped finds a dead holder", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1, other: 1 });
  await using holding = await pool.acquire({ other: 1 });
  assert(holding !== null);
  await using holder = await Actor.start(folder.state);
  await holder.acquire({ slot: 1 });
  await using front = await Cast.start(FRONT_WAITERS, folder.state);
  for (const actor of front.actors) await actor.queue({ other: 1 });
  await using waiter = await Actor.start(folder.state);
  const { granted } = await waiter.queue({ slot: 1 });
  for (const actor of front.actors) await stop(actor);
  await holder.kill();
  await within("the dead one's slot", SOON_MS, granted);
  for (const { program } of front.actors) program.signal("SIGCONT");
});

Deno.test("ResourcePool.acquire() far behind passes one that was stopped, whoever waits in between", async () => {
  using folder = new Folder();
  const { pool, lease } = await heldPool(folder);
  await using _held = pool;
  await using first = await Actor.start(folder.state);
  await first.queue(SELF_GRANTED);
  await using between = await Cast.start(FRONT_WAITERS, folder.state);
  for (const actor of between.actors) await actor.queue({ other: 1 });
  await using last = await Actor.start(folder.state);
  const { granted } = await last.queue({ slot: 1 });
  await stop(first);
  await lease.release();
  await within("the lease of the last", SOON_MS, granted);
  first.program.signal("SIGCONT");
});

Deno.test("ResourcePool.acquire() passes one that was stopped while its program gives up other waits", async () => {
  using folder = new Folder();
  const { pool, lease } = await heldPool(folder);
  await using _held = pool;
  await using first = await Actor.start(folder.state);
  await first.queue(SELF_GRANTED);
  await stop(first);
  await using waiting = new ResourcePool({ path: folder.state });
  const acquired = waiting.acquire({ slot: 1 });
  const given = new AbortController();
  const givingUp = (async () => {
    while (!given.signal.aborted) {
      await waiting.acquire({ other: 1 }, { timeoutMs: 300 }).catch(() => {});
    }
  })();
  await lease.release();
  const got = await within("the slot", SOON_MS, acquired);
  given.abort();
  await Promise.all([givingUp, got.release()]);
  first.program.signal("SIGCONT");
});
