/**
 * The state file as the system has it: how it comes into being, what is refused in its
 * place, and what happens when it is taken away.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  CorruptStateError,
  LockTimeoutError,
  ResourcePool,
  SchemaVersionMismatch,
  StateAccessError,
} from "../../mod.ts";
import { Actor, ActorError, type ActorWait, Cast } from "../support/actor.ts";
import { ROOT } from "../support/deno.ts";
import {
  Folder,
  lockerOf,
  processState,
  Program,
  runTool,
  until,
  within,
} from "../support/processes.ts";
import { canBecomeOthers, Shelter } from "../support/shelter.ts";

const PROMPT_MS = 2000;
/** Waiters behind the front look for themselves every few seconds. */
const PATIENT_MS = 20_000;
const RACERS = 50;
const UMASK = ["sh", "-c", 'umask 077; exec "$@"', "sh"];

function modeOf(path: string): string {
  return (Deno.lstatSync(path).mode! & 0o7777).toString(8);
}

Deno.test(`ResourcePool.setResources() makes one file in ${RACERS} processes at once`, async () => {
  using folder = new Folder();
  const path = `${folder.path}/below/state.json`;
  // On few cores the last of so many may wait longer than by default.
  const lockTimeoutMs = PATIENT_MS;
  await using cast = await Cast.start(RACERS, path, { lockTimeoutMs });
  await Promise.all(
    cast.actors.map((actor, i) => actor.setResources({ [`racer${i}`]: 1 })),
  );
  const names = Object.keys(JSON.parse(Deno.readTextFileSync(path)).resources);
  assertEquals(names.length, RACERS);
  assertEquals(
    folder.names("below").filter((name) => name.endsWith("new")),
    [],
  );
});

Deno.test("ResourcePool finds its file in RESLOCK_DIR, else below HOME", async () => {
  using folder = new Folder();
  const places = [
    [{ RESLOCK_DIR: `${folder.path}/named` }, "/named/state.json"],
    [{ HOME: `${folder.path}/home` }, "/home/.reslock/state.json"],
    [
      { HOME: `${folder.path}/home`, RESLOCK_DIR: "" },
      "/home/.reslock/state.json",
    ],
  ] as const;
  Deno.mkdirSync(`${folder.path}/home`);
  for (const [env, expected] of places) {
    await using actor = await Actor.start("", { env });
    const { path } = await actor.status();
    // A machine with a pool for everyone is not the place for this test.
    if (path.startsWith("/var/lib/")) continue;
    assertEquals(path, folder.path + expected);
  }
});

Deno.test("ResourcePool stays where it was when its program changes its directory", async () => {
  using folder = new Folder();
  Deno.mkdirSync(`${folder.path}/elsewhere`);
  const program = `${folder.path}/program.ts`;
  Deno.writeTextFileSync(
    program,
    `import { ResourcePool } from "${ROOT}mod.ts";
    Deno.chdir("${folder.path}");
    await using pool = new ResourcePool({ path: "./pool/state.json" });
    Deno.chdir("elsewhere");
    await pool.setResources({ slot: 1 });
    await using lease = await pool.acquire({ slot: 1 });
    console.log(pool.path);
    console.log([...Deno.readDirSync(pool.path + ".owners")].length);`,
  );
  await using running = Program.start(program);
  assertEquals(await running.expectLine(), `${folder.path}/pool/state.json`);
  assertEquals(await running.expectLine(), "1");
  assertEquals((await running.exited).code, 0, await running.stderr());
  assertEquals(folder.names("elsewhere"), []);
});

Deno.test("ResourcePool.setResources() makes files for everyone under an umask of 077", async () => {
  using folder = new Folder();
  const directory = `${folder.path}/pool`;
  const path = `${directory}/state.json`;
  await using actor = await Actor.start(path, { through: UMASK });
  await actor.setResources({ slot: 20 });
  // Enough for more than a page, so that a journal is needed.
  for (let i = 0; i < 20; i++) {
    await actor.acquire({ slot: 1 }, { label: "x".repeat(200) }, String(i));
  }
  assertEquals(modeOf(directory), "1777");
  assertEquals(modeOf(path), "666");
  assertEquals(modeOf(`${path}.journal`), "666");
});

const EMPTY = `{"version":5,"resources":{},"leases":[],"queue":[]}`;

type ErrorClass = abstract new (...args: never[]) => Error;

/** What may stand in the file's place, how it gets there, and the error that names it. */
const WRONG: readonly [string, ErrorClass, (path: string) => unknown][] = [
  ["a directory", StateAccessError, (path) => Deno.mkdirSync(path)],
  ["a FIFO", StateAccessError, (path) => runTool("mkfifo", path)],
  [
    "a link to a state",
    StateAccessError,
    (path) => {
      Deno.writeTextFileSync(`${path}.real`, EMPTY);
      Deno.symlinkSync(`${path}.real`, path);
    },
  ],
  [
    "a dangling link",
    StateAccessError,
    (path) => Deno.symlinkSync(`${path}.real`, path),
  ],
  ["empty", CorruptStateError, (path) => Deno.writeTextFileSync(path, "")],
  [
    "cut off",
    CorruptStateError,
    (path) => Deno.writeTextFileSync(path, EMPTY.slice(0, 30)),
  ],
  [
    "blank",
    CorruptStateError,
    (path) => Deno.writeTextFileSync(path, " ".repeat(4096)),
  ],
  [
    "not an object",
    CorruptStateError,
    (path) => Deno.writeTextFileSync(path, "[]\n"),
  ],
  [
    "of zeros",
    CorruptStateError,
    (path) => Deno.writeFileSync(path, new Uint8Array(4096)),
  ],
  [
    "an older version",
    SchemaVersionMismatch,
    (path) => Deno.writeTextFileSync(path, EMPTY.replace("5", "4")),
  ],
  [
    "a newer version",
    SchemaVersionMismatch,
    (path) => Deno.writeTextFileSync(path, EMPTY.replace("5", "6")),
  ],
];

/** What is there, without opening a FIFO or following a link. */
function picture(path: string): string {
  const { isFile, mode, size, ino } = Deno.lstatSync(path);
  return JSON.stringify([mode, size, ino]) +
    (isFile ? Deno.readTextFileSync(path) : "");
}

/** Every way to use a pool. */
const USES: readonly ((pool: ResourcePool) => Promise<unknown>)[] = [
  (pool) => pool.status(),
  (pool) => pool.setResources({ slot: 1 }),
  (pool) => pool.acquire({ slot: 1 }),
  (pool) => pool.tryAcquire({ slot: 1 }),
  (pool) => pool.reset(),
];

for (const [what, errorClass, make] of WRONG) {
  Deno.test(`ResourcePool refuses a state file that is ${what}, and leaves it`, async () => {
    using folder = new Folder();
    await make(folder.state);
    const before = picture(folder.state);
    await using pool = new ResourcePool({ path: folder.state });
    for (const use of USES) {
      const error = await use(pool).then(() => undefined, (error) => error);
      assert(error instanceof errorClass, `${use}: ${error}`);
      assertStringIncludes(error.message, folder.state);
    }
    assertEquals(picture(folder.state), before);
  });
}

const canSwitch = await canBecomeOthers();

for (
  const [what, mode, directoryMode] of [
    ["cannot be read", 0o600, 0o755],
    ["cannot be written", 0o644, 0o755],
    ["is in a folder that cannot be entered", 0o666, 0o700],
  ] as const
) {
  Deno.test({
    name: `ResourcePool says so where the state file ${what}` +
      (canSwitch ? "" : " (skipped: may not become other users)"),
    ignore: !canSwitch,
  }, async () => {
    using folder = new Folder();
    using shelter = await Shelter.open();
    Deno.writeTextFileSync(folder.state, EMPTY);
    Deno.chmodSync(folder.state, mode);
    Deno.chmodSync(folder.path, directoryMode);
    await using actor = await Actor.start(folder.state, shelter.as(0));
    const error = await actor.setResources({ slot: 1 })
      .then(() => undefined, (error) => error);
    assert(error instanceof ActorError);
    assertEquals(error.name, "StateAccessError");
    assertStringIncludes(error.message, folder.state);
    assertEquals(Deno.readTextFileSync(folder.state), EMPTY);
  });
}

Deno.test("ResourcePool.acquire() comes back in its old place when the state file is deleted", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1 });
  await using holder = await Actor.start(folder.state);
  await holder.acquire({ slot: 1 }, { listen: true });
  await using cast = await Cast.start(6, folder.state);
  const ranks = [0, 0, 5, 0, 0, 0];
  const waits: ActorWait[] = [];
  for (const [i, actor] of cast.actors.entries()) {
    waits.push(await actor.queue({ slot: 1 }, { priority: ranks[i] }));
  }
  const order = [2, 0, 1, 3, 4, 5];
  Deno.removeSync(folder.state);
  // Read without the pool, whose looks at the owners would wake those in front. The last
  // one looks by itself after half a minute: it is told by the first one that looks.
  await until("all are back", () => {
    try {
      const { queue } = JSON.parse(Deno.readTextFileSync(folder.state));
      return queue.length === waits.length;
    } catch {
      return false;
    }
  }, PATIENT_MS);
  const { queue } = await pool.status();
  assertEquals(queue.map(({ id }) => id), order.map((i) => waits[i].id));
  await holder.hears("lost");
  await pool.setResources({ slot: 1 });
  for (const i of order) {
    await within(`grant ${i}`, PROMPT_MS, waits[i].granted);
    await cast.actors[i].release();
  }
});

Deno.test("ResourcePool.acquire() goes on in a state file that was put in the place of its own", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1 });
  await using holder = await Actor.start(folder.state);
  await holder.acquire({ slot: 1 });
  await using waiter = await Actor.start(folder.state);
  const { granted } = await waiter.queue({ slot: 1 });
  // As an editor saves, or a backup is put back: another inode of the same name.
  Deno.copyFileSync(folder.state, `${folder.state}.other`);
  Deno.renameSync(`${folder.state}.other`, folder.state);
  await holder.release();
  await within("the grant", PATIENT_MS, granted);
  const { leases, queue } = await pool.status();
  assertEquals([leases.length, queue.length], [1, 0]);
  assertEquals(leases[0].pid, waiter.pid);
});

Deno.test("ResourcePool leaves a state file that was moved away, and tells those who held leases in it", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1 });
  await using holder = await Actor.start(folder.state);
  await holder.acquire({ slot: 1 }, { listen: true });
  await using waiter = await Actor.start(folder.state);
  const { granted } = await waiter.queue({ slot: 1 }, {
    waitForCapacity: true,
  });
  Deno.renameSync(folder.state, `${folder.state}.moved`);
  await pool.setResources({ slot: 1 });
  await holder.hears("lost");
  await within("the grant", PATIENT_MS, granted);
  assertEquals((await pool.status()).leases.map(({ pid }) => pid), [
    waiter.pid,
  ]);
});

Deno.test("ResourcePool.setResources() writes a journal where one was moved away", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  const write = (count: number) =>
    pool.setResources(
      Object.fromEntries(
        Array.from({ length: 400 }, (_, i) => [`resource${i}`, count]),
      ),
    );
  await write(1);
  const journal = `${folder.state}.journal`;
  const before = Deno.readFileSync(journal);
  Deno.renameSync(journal, `${journal}.moved`);
  await write(2);
  assertEquals(Deno.readFileSync(`${journal}.moved`), before);
  assert(Deno.statSync(journal).size > 0);
});

Deno.test("ResourcePool.acquire() comes back when the whole folder of the pool is removed", async () => {
  using folder = new Folder();
  const path = `${folder.path}/pool/state.json`;
  await using pool = new ResourcePool({ path });
  await pool.setResources({ slot: 1 });
  await using holder = await Actor.start(path);
  await holder.acquire({ slot: 1 }, { listen: true });
  await using waiter = await Actor.start(path);
  const { granted } = await waiter.queue({ slot: 1 }, {
    waitForCapacity: true,
  });
  Deno.removeSync(`${folder.path}/pool`, { recursive: true });
  await pool.setResources({ slot: 1 });
  await holder.hears("lost");
  await within("the grant", PATIENT_MS, granted);
  assertEquals((await pool.status()).leases.map(({ pid }) => pid), [
    waiter.pid,
  ]);
});

Deno.test("ResourcePool gives up a lock that a stopped program holds, and can go on after it", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({
    path: folder.state,
    lockTimeoutMs: 100,
  });
  await pool.setResources({ slot: 1 });
  const lease = await pool.acquire({ slot: 1 });
  {
    await using locker = await lockerOf(folder.state);
    locker.signal("SIGSTOP");
    await until("it is stopped", () => processState(locker.pid) === "T");
    for (const use of [() => pool.status(), () => lease.release()]) {
      const error = await use().then(() => undefined, (error) => error);
      assert(error instanceof LockTimeoutError, `${use}: ${error}`);
      assertStringIncludes(error.message, folder.state);
      assert(error.waitedMs >= 100);
      assertEquals(error.pid, locker.pid);
      assertStringIncludes(
        error.message,
        `as the process ${locker.pid} ("sleep 300") held it for`,
      );
      assertStringIncludes(error.message, `"kill -CONT ${locker.pid}"`);
    }
  }
  await lease.release();
  assertEquals((await pool.status()).leases, []);
});
