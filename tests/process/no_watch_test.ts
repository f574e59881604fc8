/**
 * Waiters that cannot watch files, as the system lets a user do so only so often.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { ResourcePool } from "../../mod.ts";
import { Actor, type ActorOptions } from "../support/actor.ts";
import {
  Folder,
  Program,
  watchesOf,
  within,
  WITHOUT_WATCHES,
  works,
} from "../support/processes.ts";

const WAITERS = 140;
const PROMPT_MS = 2000;
const END_MS = 30_000;
const BLIND: ActorOptions = { through: WITHOUT_WATCHES };

const [unshare, ...words] = WITHOUT_WATCHES;
const possible = await works(unshare, ...words, "true");

function test(name: string, body: () => Promise<void>): void {
  const words = possible ? name : `${name} (skipped: may not forbid watches)`;
  Deno.test(words, { ignore: !possible }, body);
}

test("ResourcePool.acquire() is served without a watch after a release and after a death", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1 });
  await using holder = await Actor.start(folder.state);
  await using waiter = await Actor.start(folder.state, BLIND);
  await holder.acquire({ slot: 1 });
  const first = await waiter.queue({ slot: 1 });
  assertEquals(watchesOf(waiter.pid), 0);
  await holder.release();
  await within("the grant", PROMPT_MS, first.granted);
  await waiter.release();
  await holder.acquire({ slot: 1 });
  const second = await waiter.queue({ slot: 1 });
  await holder.kill();
  await within("the dead one's lease", PROMPT_MS, second.granted);
});

test(`ResourcePool.acquire() serves ${WAITERS} waiters without a watch in their order`, async () => {
  using folder = new Folder();
  const args = [folder.state, String(WAITERS)];
  await using program = Program.start("crowd_program.ts", args, BLIND);
  const line = await within("the crowd", END_MS, program.expectLine());
  assertEquals(
    JSON.parse(line),
    Array.from({ length: WAITERS }, (_, i) => i),
  );
  assertEquals((await program.exited).code, 0);
});

test("ResourcePool.watch() looks by itself where nothing can be watched", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1 });
  await using holder = await Actor.start(folder.state);
  await holder.acquire({ slot: 1 });
  const args = [folder.state];
  await using program = Program.start("watch_program.ts", args, BLIND);
  const next = () => within("an event", END_MS, program.expectLine());
  assertEquals(await next(), "state");
  assertEquals(watchesOf(program.pid), 0);
  await pool.setResources({ slot: 2 });
  assertEquals(await next(), "capacity-changed");
  await holder.kill();
  assertEquals(await next(), "died");
});
