/**
 * Several users of one machine on one pool, each with an umask that shares nothing.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ResourcePool } from "../../mod.ts";
import { Actor, ActorError } from "../support/actor.ts";
import { Folder, within } from "../support/processes.ts";
import { canBecomeOthers, Shelter } from "../support/shelter.ts";

const PROMPT_MS = 2000;

const possible = await canBecomeOthers();

function test(name: string, body: () => Promise<void>): void {
  const words = possible
    ? name
    : `${name} (skipped: may not become other users)`;
  Deno.test(words, { ignore: !possible }, body);
}

/** A folder like `/tmp`: for everyone, but nobody may remove another's files. */
function stickyFolder(): Folder {
  const folder = new Folder();
  Deno.chmodSync(folder.path, 0o1777);
  return folder;
}

function modeOf(path: string): string {
  return (Deno.lstatSync(path).mode! & 0o7777).toString(8);
}

test("ResourcePool.acquire() hands over between users, in both directions", async () => {
  using folder = stickyFolder();
  using shelter = await Shelter.open();
  await using first = await Actor.start(folder.state, shelter.as(0));
  await using second = await Actor.start(folder.state, shelter.as(1));
  await first.setResources({ slot: 1 });
  await first.acquire({ slot: 1 });
  const forward = await second.queue({ slot: 1 });
  await first.release();
  await within("the second user's grant", PROMPT_MS, forward.granted);
  const back = await first.queue({ slot: 1 });
  await second.release();
  await within("the first user's grant", PROMPT_MS, back.granted);
  assertEquals((await second.close()).code, 0);
  assertEquals((await first.close()).code, 0);
});

test("ResourcePool.acquire() makes files that all users can use, whatever the umask", async () => {
  using folder = stickyFolder();
  using shelter = await Shelter.open();
  await using first = await Actor.start(folder.state, shelter.as(0));
  await first.setResources({ slot: 1 });
  const { id } = await first.acquire({ slot: 1 });
  const waiting = await first.queue({ slot: 1 }, {}, "second");
  const [owner] = id.split("-");
  assertEquals(waiting.id.split("-")[0], owner);
  assertEquals(modeOf(folder.state), "666");
  assertEquals(modeOf(`${folder.state}.owners`), "1777");
  assertEquals(modeOf(`${folder.state}.bells`), "1777");
  assertEquals(modeOf(`${folder.state}.bells/${owner}`), "666");
  assertEquals(modeOf(`${folder.state}.owners/${owner}`), "644");
});

test("ResourcePool.setResources() makes the folders in which nobody else may remove files", async () => {
  using folder = stickyFolder();
  using shelter = await Shelter.open();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1 });
  await using other = await Actor.start(folder.state, shelter.as(0));
  await other.acquire({ slot: 1 });
  const owners = ["state.json", "state.json.bells", "state.json.owners"]
    .map((name) => Deno.lstatSync(`${folder.path}/${name}`).uid);
  assertEquals(owners, owners.map(() => Deno.uid()));
});

test("ResourcePool.acquire() writes more than a page at once after another user did", async () => {
  using folder = stickyFolder();
  using shelter = await Shelter.open();
  await using first = await Actor.start(folder.state, shelter.as(0));
  await using second = await Actor.start(folder.state, shelter.as(1));
  await first.setResources({ slot: 40 });
  const options = { label: "x".repeat(200) };
  for (const actor of [first, second]) {
    for (let i = 0; i < 20; i++) {
      await actor.acquire({ slot: 1 }, options, String(i));
    }
  }
  assertEquals(Deno.statSync(`${folder.state}.journal`).uid !== 0, true);
  assertEquals((await second.status()).available, { slot: 0 });
});

test("ResourcePool.acquire() takes what another user's killed process held, and leaves its files", async () => {
  using folder = stickyFolder();
  using shelter = await Shelter.open();
  await using first = await Actor.start(folder.state, shelter.as(0));
  await using second = await Actor.start(folder.state, shelter.as(1));
  await first.setResources({ slot: 1 });
  const { id } = await first.acquire({ slot: 1 });
  const { granted } = await second.queue({ slot: 1 });
  const [dead] = id.split("-");
  Deno.utimeSync(`${folder.state}.owners/${dead}`, 0, 0);
  await first.kill();
  await within("the dead one's lease", PROMPT_MS, granted);
  assert(folder.names("state.json.owners").includes(dead));
});

test("ResourcePool.status() is all that a user has who may only read", async () => {
  using folder = new Folder();
  Deno.chmodSync(folder.path, 0o755);
  using shelter = await Shelter.open();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 2 });
  await using _lease = await pool.acquire({ slot: 1 });
  await using dead = await Actor.start(folder.state);
  await dead.acquire({ slot: 1 });
  await dead.kill();
  Deno.chmodSync(folder.state, 0o644);
  const before = Deno.readTextFileSync(folder.state);
  await using viewer = await Actor.start(folder.state, shelter.as(2));
  const { available, leases } = await viewer.status();
  assertEquals(available, { slot: 0 });
  assertEquals(leases.map(({ owner }) => owner).sort(), ["alive", "dead"]);
  for (const ask of ["acquire", "tryAcquire"] as const) {
    const error = await assertRejects(
      () => viewer[ask]({ slot: 1 }),
      ActorError,
      folder.path,
    );
    assertEquals(error.name, "StateAccessError");
  }
  assertEquals(Deno.readTextFileSync(folder.state), before);
});
