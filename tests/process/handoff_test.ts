/**
 * Who is woken, and how soon, when a lease becomes free in another process.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { ResourcePool } from "../../mod.ts";
import { parseNativeId } from "../../lib/core/ids.ts";
import { FRONT_WAITERS } from "../../lib/store/store.ts";
import { Actor, type ActorWait, Cast } from "../support/actor.ts";
import {
  childrenOf,
  Folder,
  processState,
  until,
  watchesOf,
  within,
} from "../support/processes.ts";

/** Far above what it takes on a busy machine, below every look but those of the front. */
const PROMPT_MS = 2000;
/** Far above the time after which the first in the queue looks by itself. */
const POLLED_MS = 20_000;
/** Well below the two seconds after which a waiter looks by itself for the first time. */
const UNPOLLED_MS = 1000;
/** What nobody is told of is looked for each second; the next look of the first is far. */
const LOOKED_FOR_MS = 3000;
/** A parent that never asks how its child ended. */
const CARELESS = ["sh", "-c", 'exec 3<&0; "$@" <&3 & exec sleep 300', "sh"];

function ownerOf(id: string): string {
  return parseNativeId(id)!.owner;
}

async function startPool(folder: Folder, slots = 1): Promise<ResourcePool> {
  const pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: slots });
  return pool;
}

/** Lets each ask for one slot, in this order. */
async function queueAll({ actors }: Cast): Promise<ActorWait[]> {
  const waits = [];
  for (const actor of actors) waits.push(await actor.queue({ slot: 1 }));
  return waits;
}

/** A front waiter watches its bell and the owners, looks once more, and sleeps. */
async function untilAsleep({ pid }: Actor): Promise<void> {
  await until("the waiter watches", () => watchesOf(pid) === 2);
  // Nothing tells from outside when that look is over.
  await new Promise((resolve) => setTimeout(resolve, 50));
}

/** From then on nobody looks by itself soon. */
function untilPatient(pool: ResourcePool): Promise<void> {
  return until("all have waited for two seconds", async () => {
    const { queue } = await pool.status({ explain: false });
    return Date.now() - Date.parse(queue.at(-1)!.queuedAt) > 2100;
  });
}

function stop(actor: Actor): Promise<void> {
  actor.program.signal("SIGSTOP");
  return until(
    "the actor has stopped",
    () => processState(actor.program.pid) === "T",
  );
}

Deno.test("Lease.release() rings the bell of the next waiter and no other", async () => {
  using folder = new Folder();
  await using pool = await startPool(folder);
  const lease = await pool.acquire({ slot: 1 });
  // So few that nobody comes to the front, who would be told that.
  await using cast = await Cast.start(3, folder.state);
  const waits = await queueAll(cast);
  const rung: string[] = [];
  using watcher = Deno.watchFs(`${folder.state}.bells`);
  const listening = (async () => {
    for await (const { kind, paths } of watcher) {
      const name = paths[0].slice(paths[0].lastIndexOf("/") + 1);
      if (kind === "modify" && name !== rung.at(-1)) rung.push(name);
      // Events come in order: none of an earlier ring is still to come.
      if (rung.length === 3) return;
    }
  })();
  await lease.release();
  for (const [i, { granted }] of waits.entries()) {
    await within(`grant ${i}`, PROMPT_MS, granted);
    await cast.actors[i].release();
  }
  await within("three bells", PROMPT_MS, listening);
  assertEquals(rung, waits.map(({ id }) => ownerOf(id)));
});

for (
  const [clock, shiftMs] of [["right", 0], ["set back", -3_600_000]] as const
) {
  Deno.test(`Lease.release() tells the one that comes to the front, if it has waited for long, by a clock that is ${clock}`, async () => {
    using folder = new Folder();
    await using pool = await startPool(folder);
    const lease = await pool.acquire({ slot: 1 });
    await using cast = await Cast.start(FRONT_WAITERS + 2, folder.state);
    const waits = await queueAll(cast);
    const [inFront, behind] = cast.actors.slice(-2);
    await untilPatient(pool);
    assertEquals([watchesOf(inFront.pid), watchesOf(behind.pid)], [1, 1]);
    const rung = new Set<string>();
    using watcher = Deno.watchFs(`${folder.state}.bells`);
    const listening = (async () => {
      for await (const { kind, paths } of watcher) {
        if (kind !== "modify") continue;
        rung.add(paths[0].slice(paths[0].lastIndexOf("/") + 1));
        if (rung.size === 2) return;
      }
    })();
    const { now } = Date;
    Date.now = () => now() + shiftMs;
    try {
      await lease.release();
    } finally {
      Date.now = now;
    }
    await within("two bells", PROMPT_MS, listening);
    const expected = [waits[0], waits.at(-2)!].map(({ id }) => ownerOf(id));
    assertEquals(rung, new Set(expected));
    await until("it hears of deaths", () => watchesOf(inFront.pid) === 2);
  });
}

Deno.test("those who wait are not woken by whoever comes and goes behind them", async () => {
  using folder = new Folder();
  await using pool = await startPool(folder);
  await pool.setResources({ other: 1 });
  const slot = await pool.acquire({ slot: 1 });
  const other = await pool.acquire({ other: 1 });
  await using cast = await Cast.start(FRONT_WAITERS, folder.state);
  const waits = await queueAll(cast);
  await untilPatient(pool);
  await using late = await Actor.start(folder.state);
  const behind = await late.queue({ other: 1 });
  const rung: string[] = [];
  using watcher = Deno.watchFs(`${folder.state}.bells`);
  const listening = (async () => {
    for await (const { kind, paths } of watcher) {
      if (kind !== "modify") continue;
      rung.push(paths[0].slice(paths[0].lastIndexOf("/") + 1));
      // Events come in order: none of an earlier ring is still to come.
      if (rung.at(-1) === ownerOf(waits[0].id)) return;
    }
  })();
  await other.release();
  await within("the grant behind them", PROMPT_MS, behind.granted);
  await late.release();
  // Granted at once.
  await (await pool.acquire({ other: 1 })).release();
  await slot.release();
  await within("the bell of the first", PROMPT_MS, listening);
  assertEquals(rung, [behind, waits[0]].map(({ id }) => ownerOf(id)));
});

Deno.test("Lease.release() wakes a waiter whose bell is gone", async () => {
  using folder = new Folder();
  await using pool = await startPool(folder);
  const lease = await pool.acquire({ slot: 1 });
  await using waiter = await Actor.start(folder.state);
  const { id, granted } = await waiter.queue({ slot: 1 });
  await untilAsleep(waiter);
  // The same to the waiter as a ringer that dies between its write and its ring.
  Deno.removeSync(`${folder.state}.bells/${ownerOf(id)}`);
  await lease.release();
  await within("the grant without a bell", POLLED_MS, granted);
});

Deno.test("ResourcePool.acquire() far behind is woken when the one who granted it died before it rang", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1, other: 1, spare: 1 });
  await using _slot = await pool.acquire({ slot: 1 });
  const other = await pool.acquire({ other: 1 });
  await using dying = await Actor.start(folder.state);
  await dying.acquire({ spare: 1 });
  await using cast = await Cast.start(FRONT_WAITERS, folder.state);
  await queueAll(cast);
  for (const actor of cast.actors) await untilAsleep(actor);
  await using last = await Actor.start(folder.state);
  const { id, granted } = await last.queue({ other: 1 });
  await until("the last one watches", () => watchesOf(last.pid) === 1);
  // To the last one it is the same whether the ring or the bell is missing.
  const bell = `${folder.state}.bells/${ownerOf(id)}`;
  Deno.renameSync(bell, `${folder.path}/bell`);
  await other.release();
  Deno.renameSync(`${folder.path}/bell`, bell);
  await dying.kill();
  await within("the ring of those who heard the death", UNPOLLED_MS, granted);
});

Deno.test("ResourcePool.acquire() behind many requests of one program hears of its death", async () => {
  using folder = new Folder();
  await using pool = await startPool(folder);
  const lease = await pool.acquire({ slot: 1 });
  await using crowd = await Actor.start(folder.state);
  for (let i = 0; i < 8; i++) {
    (await crowd.queue({ slot: 1 })).granted.catch(() => {});
  }
  await using waiter = await Actor.start(folder.state);
  const { granted } = await waiter.queue({ slot: 1 });
  await untilAsleep(waiter);
  await crowd.kill();
  await lease.release();
  await within("the grant behind the dead", PROMPT_MS, granted);
});

Deno.test("Lease.release() grants a stopped waiter, and those beside it wait for nothing", async () => {
  using folder = new Folder();
  await using pool = await startPool(folder, 2);
  const lease = await pool.acquire({ slot: 2 });
  await using cast = await Cast.start(3, folder.state);
  const [first, second, third] = await queueAll(cast);
  const [stopped, running] = cast.actors;
  await stop(stopped);
  await lease.release();
  await within("the grant beside the stopped one", PROMPT_MS, second.granted);
  const { leases } = await pool.status();
  assertEquals(
    leases.map(({ id }) => id).sort(),
    [first.id, second.id].sort(),
  );
  await running.release();
  await within("the grant behind the stopped one", PROMPT_MS, third.granted);
  stopped.program.signal("SIGCONT");
  await within("the grant that lay ready", PROMPT_MS, first.granted);
  await stopped.release();
});

Deno.test("ResourcePool.acquire() hears that the holder was killed", async () => {
  using folder = new Folder();
  await using _pool = await startPool(folder);
  await using waiter = await Actor.start(folder.state);
  const delays: number[] = [];
  for (let round = 0; round < 5; round++) {
    await using holder = await Actor.start(folder.state);
    await holder.acquire({ slot: 1 });
    const { granted } = await waiter.queue({ slot: 1 });
    const killedAt = performance.now();
    await holder.kill();
    delays.push((await granted).heardAt - killedAt);
    await waiter.release();
  }
  const [, , median, , slowest] = delays.toSorted((a, b) => a - b);
  assert(median < UNPOLLED_MS, `It looked by itself only: ${delays} ms`);
  assert(slowest < PROMPT_MS, `Too slow: ${delays} ms`);
});

Deno.test("ResourcePool.acquire() takes what a zombie held", async () => {
  using folder = new Folder();
  await using _pool = await startPool(folder);
  await using holder = await Actor.start(folder.state, { through: CARELESS });
  await using waiter = await Actor.start(folder.state);
  await holder.acquire({ slot: 1 });
  const { granted } = await waiter.queue({ slot: 1 });
  assertEquals(childrenOf(holder.program.pid), [holder.pid]);
  Deno.kill(holder.pid, "SIGKILL");
  await within("the zombie's lease", PROMPT_MS, granted);
  assertEquals(processState(holder.pid), "Z");
});

Deno.test("ResourcePool.acquire() hears that a command has ended which outlived its holder", async () => {
  using folder = new Folder();
  await using _pool = await startPool(folder);
  await using holder = await Actor.start(folder.state);
  await holder.acquire({ slot: 1 });
  const [begun, ended] = [`${folder.path}/begun`, `${folder.path}/ended`];
  const command = `: > ${begun}; until [ -e ${ended} ]; do sleep 0.02; done`;
  void holder.guard(["sh", "-c", command]).catch(() => {});
  await until("the command runs", () => existsSync(begun));
  await using waiter = await Actor.start(folder.state);
  const { granted } = await waiter.queue({ slot: 1 });
  await untilAsleep(waiter);
  await holder.kill();
  // Nothing tells from outside when the death has been looked after.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const endedAt = performance.now();
  await Deno.writeTextFile(ended, "");
  const { heardAt } = await within("the grant", POLLED_MS, granted);
  assert(heardAt - endedAt < LOOKED_FOR_MS, `after ${heardAt - endedAt} ms`);
});

Deno.test("ResourcePool.acquire() is served when the holder and all in front die at once", async () => {
  using folder = new Folder();
  await using pool = await startPool(folder);
  await using holder = await Actor.start(folder.state);
  await holder.acquire({ slot: 1 });
  await using front = await Cast.start(FRONT_WAITERS, folder.state);
  await queueAll(front);
  await using back = await Cast.start(2, folder.state);
  const [next, last] = await queueAll(back);
  const killed = [holder, ...front.actors];
  for (const { program } of killed) program.signal("SIGKILL");
  await within("the grant of the one behind", POLLED_MS, next.granted);
  assertEquals(
    (await pool.status()).leases.map(({ id }) => id),
    [next.id],
  );
  await back.actors[0].release();
  await within("the grant of the last", PROMPT_MS, last.granted);
});

Deno.test("ResourcePool.tryAcquire() takes what a killed holder and a killed waiter left", async () => {
  using folder = new Folder();
  await using pool = await startPool(folder);
  await using cast = await Cast.start(2, folder.state);
  const [holder, waiter] = cast.actors;
  await holder.acquire({ slot: 1 });
  await waiter.queue({ slot: 1 }, { priority: 9 });
  assertEquals(await pool.tryAcquire({ slot: 1 }), null);
  await Promise.all([holder.kill(), waiter.kill()]);
  const lease = await pool.tryAcquire({ slot: 1 });
  assert(lease !== null);
  assertEquals((await pool.status()).queue, []);
});

Deno.test("Lease.reclaim and Lease.lost reach a holder in another process", async () => {
  using folder = new Folder();
  await using pool = await startPool(folder);
  await using holder = await Actor.start(folder.state);
  const options = { reclaimable: true, listen: true };
  const { id } = await holder.acquire({ slot: 1 }, options);
  const wanted = pool.acquire({ slot: 1 }, { priority: 1 });
  await holder.hears("reclaim");
  await pool.release(id);
  await holder.hears("lost");
  await using _lease = await within("the lease", PROMPT_MS, wanted);
});
