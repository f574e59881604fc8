/**
 * Leases that are kept for commands: how long, and by what.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { guardPath, probeLock } from "../../lib/os/owner_lock.ts";
import { ResourcePool, StateAccessError } from "../../mod.ts";
import { Actor } from "../support/actor.ts";
import { ROOT } from "../support/deno.ts";
import { Folder, runTool, until, within } from "../support/processes.ts";

const PROMPT_MS = 2000;

/** A command that ends when it is told to. */
class EndlessCommand {
  readonly words: readonly string[];
  readonly #end: string;

  constructor(folder: Folder) {
    this.#end = `${folder.path}/end`;
    const wait = 'until [ -e "$1" ]; do sleep 0.01; done';
    this.words = ["sh", "-c", wait, "sh", this.#end];
  }

  end(): void {
    Deno.writeTextFileSync(this.#end, "");
  }

  // To be disposed of before its holder, whose output it keeps open.
  [Symbol.dispose](): void {
    this.end();
  }
}

function ageOwners(folder: Folder): void {
  for (const name of folder.names("state.json.owners")) {
    Deno.utimeSync(`${folder.state}.owners/${name}`, 0, 0);
  }
}

function isGuarded(folder: Folder, id: string): boolean {
  const path = guardPath(`${folder.state}.owners`, id);
  return probeLock(path, { exclusive: true }) === "held";
}

Deno.test("a sweep leaves the files of a lease that its command alone keeps", async () => {
  using folder = new Folder();
  // Nothing but the files can tell it who lives.
  await using looker = await Actor.start(folder.state, {
    permissions: [
      `--allow-read=${folder.path},${ROOT}`,
      `--allow-write=${folder.path}`,
    ],
  });
  await looker.setResources({ slot: 2 });
  await using holder = await Actor.start(folder.state);
  using command = new EndlessCommand(folder);
  const { id } = await holder.acquire({ slot: 1 });
  holder.guard(command.words).catch(() => {});
  await until("the command runs", () => isGuarded(folder, id));
  await holder.kill();
  await using other = await Actor.start(folder.state);
  await other.acquire({ slot: 1 });
  await other.kill();
  ageOwners(folder);
  const found = (await looker.status()).leases;
  assertEquals(found.map(({ id, owner }) => [id, owner]), [[id, "alive"]]);
  const [owner] = id.split("-");
  assertEquals(folder.names("state.json.owners"), [owner, `${id}.c`]);
  command.end();
  await until("the lease ends with its command", async () => {
    const { leases } = await looker.status();
    return leases.length === 0;
  });
  // Now they are nobody's; so they go with the next death.
  await using last = await Actor.start(folder.state);
  await last.acquire({ slot: 1 });
  await last.kill();
  ageOwners(folder);
  assertEquals((await looker.status()).leases, []);
  assertEquals(folder.names("state.json.owners"), []);
});

Deno.test("Lease.guard() gives a lease's second command as long to start as its first", async () => {
  using folder = new Folder();
  const slow = `${folder.path}/slow`;
  const begun = `${folder.path}/begun`;
  const bin = `${folder.path}/bin`;
  Deno.mkdirSync(bin);
  // Between its start and its lock a command may be kept from its processor.
  Deno.writeTextFileSync(
    `${bin}/flock`,
    `#!/bin/sh
    if [ -e ${slow} ]; then touch ${begun}; fi
    while [ -e ${slow} ] && [ ! -e ${folder.path}/end ]; do sleep 0.01; done
    exec ${await pathOf("flock")} "$@"`,
    { mode: 0o755 },
  );
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1 });
  await using holder = await Actor.start(folder.state, {
    env: { PATH: `${bin}:${Deno.env.get("PATH")}` },
  });
  using command = new EndlessCommand(folder);
  const { id } = await holder.acquire({ slot: 1 });
  await holder.guard(["true"]);
  ageOwners(folder);
  Deno.writeTextFileSync(slow, "");
  holder.guard(command.words).catch(() => {});
  await until("the second one is started", () => exists(begun));
  await holder.kill();
  const owners = async () =>
    (await pool.status()).leases.map(({ owner }) => owner);
  assertEquals(await owners(), ["alive"]);
  Deno.removeSync(slow);
  await until("the command runs", () => isGuarded(folder, id));
  ageOwners(folder);
  assertEquals(await owners(), ["alive"]);
  command.end();
  await until("the lease ends", async () => (await owners()).length === 0);
});

/** What somebody else may put in a guard's place. */
const TRAPS: Readonly<
  Record<string, (path: string, victim: string) => unknown>
> = {
  "a FIFO": (path) => runTool("mkfifo", path),
  "a link": (path, victim) => Deno.symlinkSync(victim, path),
  "another user's file": (path) => {
    Deno.writeTextFileSync(path, "");
    Deno.chownSync(path, 1, 1);
  },
};

for (const [what, set] of Object.entries(TRAPS)) {
  const possible = what !== "another user's file" || Deno.uid() === 0;
  Deno.test({
    name: `Lease.guard() does not trust ${what} in the place of its guard` +
      (possible ? "" : " (skipped: may not become other users)"),
    ignore: !possible,
  }, async () => {
    using folder = new Folder();
    await using pool = new ResourcePool({ path: folder.state });
    await pool.setResources({ slot: 1 });
    await using lease = await pool.acquire({ slot: 1 });
    const victim = `${folder.path}/victim`;
    await set(guardPath(`${folder.state}.owners`, lease.id), victim);
    const guard = lease.guard(["true"]);
    await assertRejects(
      () => within("an answer", PROMPT_MS, guard),
      StateAccessError,
      "somebody else's",
    );
    assert(!exists(victim));
  });
}

async function pathOf(tool: string): Promise<string> {
  return (await runTool("sh", "-c", `command -v ${tool}`)).trim();
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
