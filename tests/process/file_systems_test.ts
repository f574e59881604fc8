/**
 * A pool on file systems of several kinds, and what becomes of it when they fail.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { ResourcePool } from "../../mod.ts";
import { Actor, type ActorError } from "../support/actor.ts";
import {
  canMount,
  onOverlay,
  onOverlayWithCard,
  onTmpfs,
  readOnly,
} from "../support/mounts.ts";
import { Folder, Program } from "../support/processes.ts";

const possible = await canMount();

function test(name: string, body: () => Promise<void>): void {
  const words = possible ? name : `${name} (skipped: may not mount)`;
  Deno.test(words, { ignore: !possible }, body);
}

/** What a program says that takes two leases there, with nothing but a home. */
async function complaints(
  through: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  await using actor = await Actor.start("", { through, env });
  await actor.setResources({ slot: 2 });
  await actor.acquire({ slot: 1 }, {}, "first");
  await actor.acquire({ slot: 1 }, {}, "second");
  const { path } = await actor.status();
  await actor.close();
  // A machine with a pool for everyone is not the place for this test.
  if (path.startsWith("/var/lib/")) return "in a layer of this container";
  return await actor.program.stderr();
}

test("ResourcePool.acquire() warns once of a pool in a layer of a container with cards", async () => {
  using folder = new Folder();
  const { path } = folder;
  const text = await complaints(onOverlayWithCard(path), { HOME: path });
  assertEquals(text.match(/in a layer of this container/g)?.length, 1, text);
});

test("readFileSystem() asks statfs where it may not read the mounts", async () => {
  using folder = new Folder();
  const kinds = {
    "--allow-all": "layered",
    "--allow-sys=statfs": "layered",
    "--no-remote": "untold",
  };
  for (const [flag, kind] of Object.entries(kinds)) {
    const permissions = flag === "--allow-all"
      ? [flag]
      : ["--allow-read", flag];
    await using program = Program.start(
      "file_system_program.ts",
      [folder.path],
      { permissions, through: onOverlay(folder.path) },
    );
    assertEquals(await program.expectLine(), kind, flag);
  }
});

test("ResourcePool.acquire() says nothing of layers that do no harm", async () => {
  using folder = new Folder();
  const { path } = folder;
  const named = { HOME: path, RESLOCK_DIR: `${path}/named` };
  assertEquals(await complaints(onOverlayWithCard(path), named), "");
});

test("ResourcePool.acquire() says nothing of a file system in memory", async () => {
  using folder = new Folder();
  const env = { RESLOCK_DIR: `${folder.path}/named` };
  assertEquals(await complaints(onTmpfs(folder.path), env), "");
});

/** A pool in a process that alone sees a small file system over its folder. */
async function startOnTmpfs(
  folder: Folder,
): Promise<{ readonly actor: Actor; readonly state: string }> {
  const actor = await Actor.start(folder.state, {
    through: onTmpfs(folder.path, "size=48k"),
  });
  return { actor, state: `/proc/${actor.program.pid}/root${folder.state}` };
}

test("ResourcePool.acquire() fails on a full disk with the state whole; a release succeeds", async () => {
  using folder = new Folder();
  const { actor, state } = await startOnTmpfs(folder);
  await using _killed = actor;
  await actor.setResources({ slot: 1000 });
  const label = "x".repeat(200);
  let held = 0;
  let error: ActorError | undefined;
  // Until the state and its journal fill the disk.
  for (; error === undefined && held < 1000; held++) {
    error = await actor.acquire({ slot: 1 }, { label }, String(held))
      .then(() => undefined, (error) => error);
  }
  held--;
  assertEquals(error?.name, "StateAccessError");
  assertStringIncludes(error!.message, "o space left on device");
  assertStringIncludes(error!.message, folder.state);
  assertEquals(JSON.parse(Deno.readTextFileSync(state)).leases.length, held);
  await actor.release("0");
  assertEquals((await actor.status()).available, { slot: 1000 - held + 1 });
  // The room of one lease is free again.
  await actor.acquire({ slot: 1 }, { label }, "0");
  assertEquals((await actor.close()).code, 0);
});

test("ResourcePool.setResources() leaves no half of a file on a full disk", async () => {
  using folder = new Folder();
  const { actor, state } = await startOnTmpfs(folder);
  await using _killed = actor;
  const directory = state.slice(0, state.lastIndexOf("/"));
  const fill = Deno.openSync(`${directory}/fill`, {
    write: true,
    create: true,
  });
  const isFull = () => {
    try {
      return fill.writeSync(new Uint8Array(4096)) === 0;
    } catch {
      return true;
    }
  };
  while (!isFull());
  fill.close();
  const error = await actor.setResources({ slot: 1 })
    .then(() => undefined, (error) => error);
  assertStringIncludes(error?.message, "o space left on device");
  const files = [...Deno.readDirSync(directory)]
    .filter(({ isDirectory }) => !isDirectory).map(({ name }) => name);
  assertEquals(files, ["fill"]);
});

test("ResourcePool.status() is all there is on a read-only file system", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 2 });
  await using _lease = await pool.acquire({ slot: 1 });
  const before = Deno.readTextFileSync(folder.state);
  await using viewer = await Actor.start(folder.state, {
    through: readOnly(folder.path),
  });
  assertEquals((await viewer.status()).available, { slot: 1 });
  for (const ask of ["acquire", "tryAcquire"] as const) {
    const error = await viewer[ask]({ slot: 1 })
      .then(() => undefined, (error) => error);
    assertEquals(error?.name, "StateAccessError");
    assertStringIncludes(error.message, "ead-only file system");
    assertStringIncludes(error.message, folder.path);
  }
  assertEquals(Deno.readTextFileSync(folder.state), before);
});
