/**
 * What anybody may put into the folders that all share, and what must not come of it.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { PoolState } from "../../lib/core/state.ts";
import { openSharedFile } from "../../lib/os/file.ts";
import { sweepLeftovers } from "../../lib/session/sweep.ts";
import { ResourcePool, StateAccessError } from "../../mod.ts";
import { Actor } from "../support/actor.ts";
import { FakeCards } from "../support/fake_cards.ts";
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

for (const [what, set] of Object.entries(TRAPS)) {
  Deno.test(`ResourcePool.acquire() does nothing to ${what} in the place of the journal`, async () => {
    using folder = new Folder();
    const victim = `${folder.path}/victim`;
    Deno.writeTextFileSync(victim, VICTIM_TEXT);
    await using pool = new ResourcePool({ path: folder.state });
    await pool.setResources({ slot: 40 });
    await set(`${folder.state}.journal`, victim);
    // Enough for more than a page, so that a journal is needed.
    const all = Array.from(
      { length: 40 },
      () => pool.acquire({ slot: 1 }, { label: "x".repeat(200) }),
    );
    const outcomes = await within(
      "all answers",
      PROMPT_MS,
      Promise.allSettled(all),
    );
    const errors = outcomes.flatMap((one) =>
      one.status === "rejected" ? [one.reason] : []
    );
    assert(errors.every((error) => error instanceof StateAccessError));
    // Another name is taken away; what is no file has to be, by somebody.
    assertEquals(errors.length === 0, what === "another name of a file");
    assertEquals(Deno.readTextFileSync(victim), VICTIM_TEXT);
    const { leases } = await pool.status();
    assertEquals(leases.length, 40 - errors.length);
  });
}

for (const [what, set] of Object.entries(TRAPS)) {
  Deno.test(`ResourcePool.acquire() does nothing to ${what} in the place of the driver's notes`, async () => {
    using machine = await FakeCards.of({ cards: [{ uuid: "GPU-1" }] });
    const { path, state } = machine.folder;
    const victim = `${path}/victim`;
    Deno.writeTextFileSync(victim, VICTIM_TEXT);
    await using pool = new ResourcePool({ path: state });
    await pool.setResources({ "gpu_GPU-1_vram_mb": 1000 });
    await set(`${state}.gpus`, victim);
    for (let n = 0; n < 2; n++) {
      await within("a lease", 10_000, pool.acquire({ vram_mb: 100 }));
    }
    assertEquals(await machine.readings(), 2);
    assertEquals(Deno.readTextFileSync(victim), VICTIM_TEXT);
  });
}

for (const side of ["owners", "bells"]) {
  Deno.test(`ResourcePool makes and sweeps nothing where a link in the place of ${side} leads`, async () => {
    using folder = new Folder();
    const elsewhere = `${folder.path}/elsewhere`;
    Deno.mkdirSync(elsewhere, { mode: 0o700 });
    const victims = ["abcdefghij", "abcdefghij.reslock-abcdefghij.new"];
    for (const name of victims) {
      Deno.writeTextFileSync(`${elsewhere}/${name}`, VICTIM_TEXT);
      Deno.utimeSync(`${elsewhere}/${name}`, 0, 0);
    }
    await using pool = new ResourcePool({ path: folder.state });
    await pool.setResources({ slot: 1 });
    Deno.removeSync(`${folder.state}.${side}`);
    Deno.symlinkSync(elsewhere, `${folder.state}.${side}`);
    await sweepLeftovers(
      folder.state,
      { view: (read) => Promise.resolve(read(new PoolState())) },
      Date.now(),
    );
    await using other = new ResourcePool({ path: folder.state });
    const ask = (asking: ResourcePool) =>
      asking.acquire({ slot: 1 }, { timeoutMs: 20 }).then(
        () => "granted",
        (error) => error.name,
      );
    const answers = [await ask(pool), await ask(other)];
    // Nobody can prove to live without an owner's file; a bell one can do without.
    const expected = side === "owners"
      ? ["StateAccessError", "StateAccessError"]
      : ["granted", "AcquireTimeoutError"];
    assertEquals(answers, expected);
    const found = [...Deno.readDirSync(elsewhere)].map(({ name }) => name);
    assertEquals(found.sort(), victims);
    assertEquals(Deno.statSync(elsewhere).mode! & 0o777, 0o700);
  });
}

Deno.test("openSharedFile() does not open what a link leads to that came a moment ago", () => {
  using folder = new Folder();
  const victim = `${folder.path}/victim`;
  Deno.writeTextFileSync(victim, VICTIM_TEXT);
  Deno.writeTextFileSync(folder.state, "");
  const real = Deno.openSync;
  Deno.openSync = (path, options) => {
    Deno.removeSync(path);
    Deno.symlinkSync(victim, path);
    return real(path, options);
  };
  try {
    assertThrows(() => openSharedFile(folder.state), StateAccessError);
  } finally {
    Deno.openSync = real;
  }
});

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
