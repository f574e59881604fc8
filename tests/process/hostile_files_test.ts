/**
 * What anybody may put into the folders that all share, and what must not come of it.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { ResourcePool } from "../../mod.ts";
import { Actor } from "../support/actor.ts";
import {
  Folder,
  runTool,
  within,
  WITHOUT_WATCHES,
  works,
} from "../support/processes.ts";

const PROMPT_MS = 2000;
const VICTIM_TEXT = "Not to be touched";

const [unshare, ...words] = WITHOUT_WATCHES;
const possible = await works(unshare, ...words, "true");

/** What stands in a file's place, and how it gets there. */
const TRAPS: Readonly<
  Record<string, (path: string, victim: string) => unknown>
> = {
  // Opening one waits for its other end, for ever.
  "a FIFO": (path) => runTool("mkfifo", path),
  "a link to another file": (path, victim) => Deno.symlinkSync(victim, path),
  "another name of a file": (path, victim) => Deno.linkSync(victim, path),
  "a directory": (path) => Deno.mkdirSync(path),
};

for (const [what, set] of Object.entries(TRAPS)) {
  Deno.test({
    name: `Lease.release() does nothing to ${what} in the place of a bell` +
      (possible ? "" : " (skipped: may not forbid watches)"),
    ignore: !possible,
  }, async () => {
    using folder = new Folder();
    const victim = `${folder.path}/victim`;
    Deno.writeTextFileSync(victim, VICTIM_TEXT);
    await using pool = new ResourcePool({ path: folder.state });
    await pool.setResources({ slot: 1 });
    const lease = await pool.acquire({ slot: 1 });
    // Deno opens what its watch hears of, and would be caught in its own FIFO.
    await using waiter = await Actor.start(folder.state, {
      through: WITHOUT_WATCHES,
    });
    const { id, granted } = await waiter.queue({ slot: 1 });
    const bell = `${folder.state}.bells/${id.split("-")[0]}`;
    Deno.removeSync(bell);
    await set(bell, victim);
    await within("the release", PROMPT_MS, lease.release());
    await within("the grant without a bell", PROMPT_MS, granted);
    assertEquals(Deno.readTextFileSync(victim), VICTIM_TEXT);
  });

  Deno.test(`ResourcePool.status() does nothing to ${what} in the place of an owner's file`, async () => {
    using folder = new Folder();
    const victim = `${folder.path}/victim`;
    Deno.writeTextFileSync(victim, VICTIM_TEXT);
    await using pool = new ResourcePool({ path: folder.state });
    await pool.setResources({ slot: 2 });
    await using holder = await Actor.start(folder.state);
    const { id } = await holder.acquire({ slot: 1 });
    const file = `${folder.state}.owners/${id.split("-")[0]}`;
    Deno.removeSync(file);
    await set(file, victim);
    if (what !== "a link to another file") Deno.utimeSync(file, 0, 0);
    // It sweeps after it has found somebody else dead.
    await using dead = await Actor.start(folder.state);
    await dead.acquire({ slot: 1 });
    await dead.kill();
    await within("a look", PROMPT_MS, pool.status());
    assertEquals(Deno.readTextFileSync(victim), VICTIM_TEXT);
  });
}

Deno.test("ResourcePool.tryAcquire() keeps to its folders whatever an id says", async () => {
  using folder = new Folder();
  const id = "../state.json-1";
  const pid = 2 ** 22 - 1;
  const time = "2026-01-02T03:04:05Z";
  Deno.writeTextFileSync(
    folder.state,
    JSON.stringify({
      version: 5,
      resources: { slot: 1 },
      leases: [{
        ...{ id, pid, host_pid: null, resources: { slot: 1 }, priority: 0 },
        ...{ acquired_at: time, queued_at: null, wait_sec: null, label: null },
        ...{ reclaimable: false, reclaim_requested: false },
        ...{ reclaim_requested_at: null, pids: [], actual_resources: {} },
        cpu_seconds: null,
      }],
      queue: [],
    }),
  );
  await using pool = new ResourcePool({ path: folder.state });
  await using actor = await Actor.start(folder.state, {
    env: { RESLOCK_PIDNS: "host" },
  });
  const lease = await actor.tryAcquire({ slot: 1 });
  assertEquals((await pool.status()).leases.map(({ id }) => id), [lease!.id]);
  assertEquals(folder.names("").includes("state.json"), true);
});
