/**
 * What is left of a pool, and of the program that used it, at the end.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { ResourcePool } from "../../mod.ts";
import { Actor } from "../support/actor.ts";
import { ROOT } from "../support/deno.ts";
import { HeldFile } from "../support/held_file.ts";
import {
  Folder,
  Program,
  until,
  watchesOf,
  within,
} from "../support/processes.ts";

/** Far above what a program takes to start and to end. */
const END_MS = 20_000;

/** Starts a program that has a `pool` of one slot, and never closes it. */
function startForgetful(folder: Folder, body: string): Program {
  const file = `${folder.path}/program.ts`;
  Deno.writeTextFileSync(
    file,
    `import { ResourcePool } from "${ROOT}mod.ts";
    const pool = new ResourcePool({ path: "${folder.state}" });
    await pool.setResources({ slot: 1 });
    ${body}`,
  );
  return Program.start(file);
}

/** Waits until a program has ended by itself. */
async function endOf(program: Program): Promise<number> {
  const { code, signal } = await within("its end", END_MS, program.exited);
  assertEquals(signal, null);
  return code;
}

/** What it leaves must not stand in the way of the next. */
async function assertFree(folder: Folder): Promise<void> {
  await using pool = new ResourcePool({ path: folder.state });
  await using lease = await pool.tryAcquire({ slot: 1 });
  assert(lease !== null);
}

function sideFiles(folder: Folder): string[] {
  return [
    ...folder.names("state.json.owners"),
    ...folder.names("state.json.bells"),
  ];
}

Deno.test("ResourcePool[Symbol.asyncDispose]() leaves nothing open and no side file", async () => {
  using folder = new Folder();
  {
    await using pool = new ResourcePool({ path: folder.state });
    await using other = new ResourcePool({ path: folder.state });
    await pool.setResources({ slot: 1 });
    const lease = await pool.acquire({ slot: 1 }, { reclaimable: true });
    lease.reclaim.addEventListener("abort", () => void lease.release());
    await other.acquire({ slot: 1 }, { priority: 1 });
    await lease.release();
    pool.acquire({ slot: 1 }).catch(() => {});
    await until(
      "it waits",
      async () => (await pool.status()).queue.length === 1,
    );
    assertEquals(folder.names("state.json.owners").length, 2);
    // Here a lease is held, and somebody waits.
  }
  assertEquals(sideFiles(folder), []);
  const { leases, queue } = JSON.parse(Deno.readTextFileSync(folder.state));
  assertEquals([leases, queue], [[], []]);
});

for (
  const [what, body] of Object.entries({
    "has released its lease": `
      const lease = await pool.acquire({ slot: 1 });
      await lease.release();`,
    "has released a lease in the middle of its work": `
      const lease = await pool.acquire({ slot: 1 });
      await lease.startWork();
      await lease.release();`,
    "was asked to give back, and did": `
      const lease = await pool.acquire({ slot: 1 }, { reclaimable: true });
      lease.reclaim.addEventListener("abort", () => lease.release());
      const next = pool.acquire({ slot: 1 }, { priority: 1 });
      await (await next).release();`,
    "has called off a wait": `
      const lease = await pool.acquire({ slot: 1 });
      await pool.acquire({ slot: 1 }, { timeoutMs: 20 }).catch(() => {});
      await lease.release();`,
  })
) {
  Deno.test(`A program that ${what} ends by itself without a close, and leaves no side file`, async () => {
    using folder = new Folder();
    await using program = startForgetful(folder, body);
    assertEquals(await endOf(program), 0, await program.stderr());
    assertEquals(sideFiles(folder), []);
    await assertFree(folder);
  });
}

for (
  const [what, expected, body] of [
    ["holds a lease", 0, `await pool.acquire({ slot: 1 });`],
    [
      "holds a reclaimable lease and listens",
      0,
      `const lease = await pool.acquire({ slot: 1 }, { reclaimable: true });
      lease.reclaim.addEventListener("abort", () => lease.release());
      lease.lost.addEventListener("abort", () => {});`,
    ],
    [
      "has waited for the lease that it holds",
      0,
      `const lease = await pool.acquire({ slot: 1 });
      const queued = Promise.withResolvers();
      const next = pool.acquire({ slot: 1 }, { onQueued: queued.resolve });
      await queued.promise;
      await lease.release();
      await next;`,
    ],
    [
      "exits in the middle",
      7,
      `await pool.acquire({ slot: 1 });
      pool.acquire({ slot: 1 });
      Deno.exit(7);`,
    ],
    [
      "fails in the middle",
      1,
      `await pool.acquire({ slot: 1 });
      throw new Error("Nobody catches this");`,
    ],
  ] as const
) {
  Deno.test(`A program that ${what} ends by itself, and its lease with it`, async () => {
    using folder = new Folder();
    await using program = startForgetful(folder, body);
    assertEquals(await endOf(program), expected);
    await assertFree(folder);
  });
}

for (
  const [end, code] of [["exits", 3], ["has nothing more to do", 0]] as const
) {
  Deno.test(`A program that ${end} after a request that it could not withdraw ends, and the request with it`, async () => {
    using folder = new Folder();
    // Whoever may run nothing can tell the dead by their locks alone.
    await using other = await Actor.start(folder.state, {
      permissions: [
        `--allow-read=${folder.path},${ROOT}`,
        `--allow-write=${folder.path}`,
      ],
    });
    await other.setResources({ slot: 1 });
    await other.acquire({ slot: 1 });
    await using program = startForgetful(
      folder,
      `const patience = { path: "${folder.state}", lockTimeoutMs: 50 };
      const wait = new AbortController();
      const asked = new ResourcePool(patience).acquire({ slot: 1 }, {
        signal: wait.signal,
        onQueued: () => console.log("waits"),
      });
      await new Promise((resolve) => Deno.stdin.read(new Uint8Array(1)).then(resolve));
      wait.abort();
      await asked.catch(({ name }) => console.log(name));
      ${code === 0 ? "" : `Deno.exit(${code});`}`,
    );
    assertEquals(await program.line(), "waits");
    {
      using _held = new HeldFile(folder.state);
      await program.say("");
      assertEquals(await program.line(), "LockTimeoutError");
      assertEquals(await endOf(program), code);
    }
    await other.release();
    assert(await other.tryAcquire({ slot: 1 }) !== null);
  });
}

Deno.test("ResourcePool.acquire() keeps a program alive while it waits", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1 });
  const lease = await pool.acquire({ slot: 1 });
  await using program = startForgetful(
    folder,
    `const onQueued = () => console.log("waits");
    pool.acquire({ slot: 1 }, { onQueued }).then(() => console.log("holds"));`,
  );
  assertEquals(await program.line(), "waits");
  // Where nothing kept it alive, it would end before it sets up its second watch.
  await until("it sleeps", () => watchesOf(program.pid) === 2);
  await lease.release();
  assertEquals(await within("its grant", END_MS, program.line()), "holds");
  assertEquals(await endOf(program), 0);
});

Deno.test("ResourcePool gives its descriptors to no child, whose holder's lease ends without it", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1 });
  await using holder = await Actor.start(folder.state);
  await holder.acquire({ slot: 1 }, { listen: true });
  await holder.queue({ slot: 1 }, {}, "second");
  const child = await holder.spawnSleeper();
  try {
    const open = [...Deno.readDirSync(`/proc/${child}/fd`)]
      .flatMap(({ name }) => readLink(`/proc/${child}/fd/${name}`) ?? []);
    assert(open.length > 0);
    assertEquals(open.filter((path) => path.startsWith(folder.path)), []);
    assertEquals(open.filter((path) => path.includes("inotify")), []);
    await holder.kill();
    await assertFree(folder);
  } finally {
    Deno.kill(child, "SIGKILL");
  }
});

/** Where a link leads; undefined if it has gone since it was listed. */
function readLink(path: string): string | undefined {
  try {
    return Deno.readLinkSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
