import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { ResourcePool } from "../../mod.ts";
import { denoRunArgs, ROOT } from "../support/deno.ts";
import { setEnv } from "../support/fake_cards.ts";
import { Folder, until } from "../support/processes.ts";
import { call, ok, type Outcome, scriptTo } from "./support.ts";

/** A pool with one slot, and a call of `run` that needs it. */
class OneSlot implements AsyncDisposable {
  readonly folder = new Folder();
  readonly pool = new ResourcePool({ path: this.folder.state });

  static async open(): Promise<OneSlot> {
    const scene = new OneSlot();
    await scene.pool.setResources({ slots: 1 });
    return scene;
  }

  run(...words: readonly string[]): Promise<Outcome> {
    return this.runTelling(undefined, ...words);
  }

  runTelling(
    onError: ((text: string) => void) | undefined,
    ...words: readonly string[]
  ): Promise<Outcome> {
    const { state } = this.folder;
    return call(
      ["--state", state, "run", "--resource", "slots=1", ...words],
      { onError },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.close();
    this.folder[Symbol.dispose]();
  }
}

Deno.test("reslock run hands the child its words untouched, with and without --", async () => {
  await using scene = await OneSlot.open();
  const log = `${scene.folder.path}/log`;
  const echo = scriptTo(log, 'for word; do printf "<%s>" "$word"; done');
  const cases: [words: string[], child: string][] = [
    [[echo], ""],
    [["--", echo], ""],
    [[echo, "-l"], "<-l>"],
    [["--", echo, "-l"], "<-l>"],
    [[echo, "--", "-l"], "<--><-l>"],
    [["--", echo, "--", "-l"], "<--><-l>"],
    [["sh", "-c", `"${echo}" "$@"`, "--", "y"], "<y>"],
    [["-p", "5", echo, "--help"], "<--help>"],
    [["-q", echo, "-q", "--version"], "<-q><--version>"],
    [[echo, "--ram", "5", "--state", "x"], "<--ram><5><--state><x>"],
    [[echo, "", " ", "a b", "*", "$HOME", "ü\n"], "<>< ><a b><*><$HOME><ü\n>"],
    [["--label=a=b", "--", echo, "--label="], "<--label=>"],
  ];
  for (const [words, child] of cases) {
    Deno.writeTextFileSync(log, "");
    assertEquals(await scene.run(...words), { code: 0, out: "", err: "" });
    assertEquals(Deno.readTextFileSync(log), child, words.join(" "));
  }
});

Deno.test("reslock run ends with the code of its child, or 128 and its signal", async () => {
  await using scene = await OneSlot.open();
  const cases: [script: string, code: number][] = [
    ["exit 0", 0],
    ["exit 3", 3],
    ["exit 255", 255],
    ["kill -TERM $$", 143],
    ["kill -KILL $$", 137],
    ["kill -INT $$", 130],
  ];
  for (const [script, code] of cases) {
    assertEquals((await scene.run("sh", "-c", script)).code, code, script);
  }
  assertEquals((await scene.pool.status()).leases, []);
});

Deno.test("reslock run ends as its child did, whatever fails after that", async () => {
  using folder = new Folder();
  const { state } = folder;
  await ok(state, "set", "slots", "1");
  const { code, err } = await call([
    ...["run", "--state", state, "--resource", "slots=1"],
    ...["sh", "-c", `echo damaged >"${state}"; exit 4`],
  ]);
  assertEquals(code, 4);
  assertMatch(err, /^reslock: .*state\.json.*\n$/s);
  assertEquals(Deno.readTextFileSync(state), "damaged\n");
});

Deno.test("reslock run holds what it asked for while its child runs", async () => {
  await using scene = await OneSlot.open();
  const { folder, pool } = scene;
  const go = `${folder.path}/go`;
  const waits = `while [ ! -e "${go}" ]; do sleep 0.02; done`;
  const running = scene.run("-l", "holder", "-p", "7", "sh", "-c", waits);
  await until(
    "the lease is there",
    async () =>
      (await pool.status()).leases.some(({ pids }) => pids.length === 1),
  );
  const [lease] = (await pool.status()).leases;
  assertEquals({ ...lease.resources }, { slots: 1 });
  assertEquals([lease.label, lease.priority, lease.owner], [
    "holder",
    7,
    "alive",
  ]);
  Deno.writeTextFileSync(go, "");
  assertEquals((await running).code, 0);
  assertEquals((await pool.status()).leases, []);
});

Deno.test("reslock run tells its child of the lease, the file and its cards", async () => {
  using folder = new Folder();
  const { state, path } = folder;
  const log = `${path}/log`;
  const show = scriptTo(
    log,
    'echo "$RESLOCK_LEASE_ID $RESLOCK_STATE ${CUDA_VISIBLE_DEVICES-none}"',
  );
  await ok(state, "set", "gpu_GPU-aa_vram_mb", "8G");
  await ok(state, "set", "gpu_GPU-bb_vram_mb", "4G");
  await ok(state, "set", "slots", "1");
  // No driver knows these cards.
  const run = (...words: string[]) =>
    ok(state, "run", "--no-driver-check", ...words, show);
  await run("--vram", "6G");
  await run("--vram", "4G", "--gpus", "2");
  await run("--vram-mb-each", "4G", "--num-gpus", "2");
  await run("--vram", "6G", "--vram", "2G");
  await ok(state, "run", "--resource", "slots=1", show);
  const lines = Deno.readTextFileSync(log).trim().split("\n");
  const shown = lines.map((line) => line.split(" "));
  for (const [id, file] of shown) {
    assertMatch(id, /^[0-9a-z]{10}-\d+$/);
    assertEquals(file, state);
  }
  const cards = shown.map(([, , uuids]) => uuids.split(",").sort().join());
  const inherited = Deno.env.get("CUDA_VISIBLE_DEVICES") ?? "none";
  const both = "GPU-aa,GPU-bb";
  assertEquals(cards, ["GPU-aa", both, both, both, inherited]);
});

Deno.test("reslock run notes what it had in the history, but for RESLOCK_HISTORY=off", async () => {
  await using scene = await OneSlot.open();
  const labels = () => scene.pool.history().map(({ label }) => label);
  {
    using _env = setEnv({ RESLOCK_HISTORY: "off" });
    await scene.run("-l", "unnoted", "true");
  }
  assert(!scene.folder.names("").includes("state.json.history"));
  await scene.run("-l", "noted", "true");
  assertEquals(labels(), ["noted"]);
});

Deno.test("reslock run --no-wait ends with 75 if it is not free now", async () => {
  await using scene = await OneSlot.open();
  await using lease = await scene.pool.acquire({ slots: 1 });
  const { code, err } = await scene.run("--no-wait", "true");
  assertEquals(code, 75);
  assertEquals(
    err,
    "reslock: Cannot have slots 1 now: needs 1 of slots; none free; held by " +
      `${lease.id}: see "reslock status"\n`,
  );
  const quiet = await scene.run("--no-wait", "-q", "true");
  assertEquals(quiet, { code: 75, out: "", err: "" });
  assertEquals((await scene.pool.status()).queue, []);
  await lease.release();
  assertEquals((await scene.run("--no-wait", "true")).code, 0);
});

Deno.test("reslock run --timeout ends with 124, and says what it waited for", async () => {
  await using scene = await OneSlot.open();
  await using lease = await scene.pool.acquire({ slots: 1 });
  const { code, err } = await scene.run("--timeout", "600ms", "true");
  assertEquals(code, 124);
  const [waiting, gaveUp] = err.split("\n");
  assertEquals(
    waiting,
    "reslock: waiting for slots 1 (position 1 in the queue): needs 1 of slots; " +
      `none free; held by ${lease.id}`,
  );
  assertEquals(
    gaveUp,
    "reslock: Gave up on slots 1 after 600 ms: needs 1 of slots; none free; " +
      `held by ${lease.id}: see "reslock status", or wait longer`,
  );
  assertEquals((await scene.pool.status()).queue, []);
});

Deno.test("reslock run --timeout tells what it lacked, not who came after it", async () => {
  await using scene = await OneSlot.open();
  await using lease = await scene.pool.acquire({ slots: 1 });
  const timed = scene.run("-q", "--timeout", "2s", "true");
  const queued = async () => (await scene.pool.status()).queue.length === 1;
  await until("it waits", queued);
  const stop = new AbortController();
  const { signal } = stop;
  const behind = scene.pool.acquire({ slots: 1 }, { signal }).catch(() => {});
  const { err } = await timed;
  stop.abort();
  await behind;
  assertMatch(err, new RegExp(`; none free; held by ${lease.id}: see`));
});

Deno.test("reslock run --timeout tells that nobody has set the capacity", async () => {
  using folder = new Folder();
  const { code, err } = await call([
    ...["run", "-qs", folder.state, "--wait-for-capacity", "--timeout"],
    ...["100ms", "--resource", "later=1", "true"],
  ]);
  assertEquals(code, 124);
  assertEquals(
    err,
    "reslock: Gave up on later 1 after 100 ms: needs a capacity of later, and " +
      'none is set: see "reslock status", or wait longer\n',
  );
});

Deno.test("reslock run says that it waits for the lease that it runs inside of", async () => {
  await using scene = await OneSlot.open();
  const { folder } = scene;
  const log = `${folder.path}/log`;
  const reslock = [Deno.execPath(), ...denoRunArgs(), `${ROOT}cli.ts`]
    .map((word) => `'${word}'`).join(" ");
  const slot = `-s '${folder.state}' --resource slots=1`;
  const run = `${reslock} run ${slot}`;
  const nested = scriptTo(
    log,
    [
      `${run} --timeout 3s true 2>&1`,
      `${run} --no-wait true 2>&1`,
      `${reslock} why ${slot}`,
      "exit 0",
    ].join("\n"),
  );
  assertEquals((await scene.run("-l", "n1", nested)).code, 0);
  const itself =
    "needs 1 of slots; none free; held by n1; this runs inside of " +
    "n1 and waits for itself: run it outside, or ask for it in the run around it";
  const lines = Deno.readTextFileSync(log).split("\n");
  assertEquals(lines.slice(0, 4), [
    `reslock: waiting for slots 1 (position 1 in the queue): ${itself}`,
    `reslock: Gave up on slots 1 after 3s: ${itself}`,
    `reslock: Cannot have slots 1 now: ${itself}`,
    `Not now: ${itself}`,
  ]);
});

Deno.test("reslock run is silent about a short wait", async () => {
  await using scene = await OneSlot.open();
  const lease = await scene.pool.acquire({ slots: 1 });
  const running = scene.run("true");
  await until(
    "it waits",
    async () => (await scene.pool.status()).queue.length === 1,
  );
  await lease.release();
  assertEquals(await running, { code: 0, out: "", err: "" });
});

Deno.test("reslock run --wait-for-capacity waits until somebody registers it", async () => {
  await using scene = await OneSlot.open();
  const running = scene.run(
    ...["--wait-for-capacity", "--resource", "later=1", "true"],
  );
  await until(
    "it waits",
    async () => (await scene.pool.status()).queue.length === 1,
  );
  await scene.pool.setResources({ later: 1 });
  assertEquals((await running).code, 0);
});

Deno.test("reslock run registers what nobody has set, once, and says so", async () => {
  using folder = new Folder();
  const { state } = folder;
  const args = ["run", "--state", state, "--cpu", "1", "true"];
  const first = await call(args);
  assertEquals(first.code, 0);
  assertMatch(
    first.err,
    /^reslock: registered cpu_cores = \d+ \(first use of .*state\.json\)\n$/,
  );
  assertEquals(await call(args), { code: 0, out: "", err: "" });
  await ok(state, "set", "cpu_cores", "1");
  assertEquals((await call(args)).code, 0);
  const { resources } = JSON.parse(await ok(state, "status", "--json"));
  assertEquals(resources, { cpu_cores: 1 });
});

Deno.test("reslock run registers nothing for a request that cannot be met", async () => {
  using folder = new Folder();
  const { state } = folder;
  const { code, err } = await call(
    ["run", "-s", state, "--cpu", "1", "--resource", "none=1", "true"],
  );
  assertEquals(code, 125);
  assertStringIncludes(err, 'reslock set "none" VALUE');
  assertEquals(JSON.parse(await ok(state, "status", "--json")).resources, {});
});

Deno.test("reslock run --reclaimable sends the signal, then KILL after the grace", async () => {
  await using scene = await OneSlot.open();
  const log = `${scene.folder.path}/log`;
  const stubborn = scriptTo(
    log,
    'trap "echo usr1" USR1; echo ready; while :; do sleep 0.02; done',
  );
  const running = scene.run(
    ...["--reclaimable", "--reclaim-signal", "USR1", "--reclaim-grace"],
    ...["500ms", stubborn],
  );
  await until("the child is ready", () => exists(log));
  await using _lease = await scene.pool.acquire({ slots: 1 }, { priority: 1 });
  const { code, err } = await running;
  assertEquals(code, 137);
  assertEquals(Deno.readTextFileSync(log), "ready\nusr1\n");
  assertStringIncludes(err, "sending SIGUSR1");
  assertStringIncludes(err, "sending SIGKILL");
});

Deno.test("reslock run --reclaimable leaves a child in peace that ends when asked", async () => {
  await using scene = await OneSlot.open();
  const log = `${scene.folder.path}/log`;
  const polite = scriptTo(
    log,
    'trap "echo bye; exit 5" TERM; echo ready; while :; do sleep 0.02; done',
  );
  const running = scene.run("--reclaimable", polite);
  await until("the child is ready", () => exists(log));
  await using _lease = await scene.pool.acquire({ slots: 1 }, { priority: 1 });
  const { code, err } = await running;
  assertEquals(code, 5);
  assertEquals(Deno.readTextFileSync(log), "ready\nbye\n");
  assert(!err.includes("SIGKILL to") && !err.includes("still runs"), err);
});

Deno.test("reslock run lets its child run on when an operator takes the lease", async () => {
  await using scene = await OneSlot.open();
  const { folder, pool } = scene;
  const done = `${folder.path}/done`;
  const running = scene.runTelling(
    () => Deno.writeTextFileSync(done, ""),
    ...["sh", "-c", `while [ ! -e "${done}" ]; do sleep 0.02; done; exit 4`],
  );
  await until(
    "it holds",
    async () => (await pool.status()).leases.length === 1,
  );
  const [{ id }] = (await pool.status()).leases;
  await pool.release(id);
  await using _next = await pool.acquire({ slots: 1 });
  const { code, err } = await running;
  assertEquals(code, 4);
  assertMatch(err, new RegExp(`^reslock: lease ${id} was taken away: .*\\n$`));
  assertEquals((await pool.status()).leases.length, 1);
});

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).size > 0;
  } catch {
    return false;
  }
}
