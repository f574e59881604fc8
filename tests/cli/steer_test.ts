/**
 * The commands that tell why one waits, and those that steer others.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { AcquireCancelledError, type Lease, ResourcePool } from "../../mod.ts";
import { Folder } from "../support/processes.ts";
import { assertFormat, call, ok } from "./support.ts";

/** A pool with two slots that are taken, and one that waits for both. */
class Scene implements AsyncDisposable {
  readonly #folder = new Folder();
  readonly pool = new ResourcePool({ path: this.#folder.state });
  readonly state = this.#folder.state;
  lease!: Lease;
  waiting!: Promise<Lease>;
  waiterId = "";

  static async make(): Promise<Scene> {
    const scene = new Scene();
    const { pool } = scene;
    await pool.setResources({ slots: 2 });
    scene.lease = await pool.acquire({ slots: 2 }, {
      label: "llama",
      priority: 5,
      reclaimable: true,
    });
    const queued = Promise.withResolvers<string>();
    scene.waiting = pool.acquire({ slots: 1 }, {
      label: "train",
      onQueued: ({ id }) => queued.resolve(id),
    });
    scene.waiting.catch(() => {});
    scene.waiterId = await queued.promise;
    return scene;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.close();
    this.#folder[Symbol.dispose]();
  }
}

Deno.test("reslock why tells by its exit code whether it would be granted", async () => {
  await using scene = await Scene.make();
  const { state } = scene;
  const why = (...args: string[]) => call(["why", ...args, "-s", state]);
  const waits = await why("--resource", "slots=1");
  assertEquals([waits.code, waits.err], [75, ""]);
  assertMatch(waits.out, /^Not now: needs 1 of slots; none free; behind train/);
  assertStringIncludes(waits.out, scene.lease.id);
  assertEquals((await why("--resource", "slots=3")).code, 69);
  const misspelt = await why("--resource", "slot=1");
  assertEquals(misspelt.code, 69);
  assertStringIncludes(misspelt.out, 'Did you mean "slots"?');
  await scene.pool.setResources({ cores: 4 });
  const yes = await why("--resource", "cores=4");
  assertEquals(yes.code, 0);
  assertEquals(yes.out, "Yes: cores 4 can be granted now\n");
  assertEquals((await why()).code, 2);
});

Deno.test("reslock why takes a line of run as it is, and minds what counts", async () => {
  await using scene = await Scene.make();
  const { state } = scene;
  const why = async (...args: string[]) => {
    const { code, out, err } = await call(["why", "-s", state, ...args]);
    assertEquals(err, "");
    return [code, out.split("\n")[0]];
  };
  const slot = ["--resource", "slots=1"];
  const [code, text] = await why(...slot);
  assertEquals(code, 75);
  const lines = [
    ["-q", "-l", "job", "--timeout", "10m", "--", "make", "-j", "4", "--json"],
    [
      "--no-wait",
      "--reclaimable",
      "--reclaim-signal",
      "INT",
      "make",
      "-s",
      "x",
    ],
    ["--estimated-seconds", "90", "true"],
  ];
  for (const line of lines) {
    assertEquals(await why(...slot, ...line), [75, text]);
    assertEquals(await why("run", ...slot, ...line), [75, text]);
    assertEquals(await why("reslock", "run", ...slot, ...line), [75, text]);
  }
  // Behind the dashes stands a program of that name.
  assertEquals(await why(...slot, "--", "run", "--unknown"), [75, text]);
  const odd = ["--resource", "odd=1"];
  assertEquals(await why(...odd, "make"), [
    69,
    "No: can never start here: no capacity is set for odd",
  ]);
  assertEquals(await why(...odd, "--wait-for-capacity", "make"), [
    75,
    "Not now: needs a capacity of odd, and none is set",
  ]);
  const wrong = ["--no-wait", "--timeout", "3s"];
  for (const command of ["run", "why"]) {
    const { err } = await call([command, ...slot, ...wrong, "--", "make"]);
    assertMatch(err, /^reslock: Cannot use --no-wait with --timeout/);
  }
});

Deno.test("reslock why --json is of its format, whatever the verdict", async () => {
  await using scene = await Scene.make();
  for (const need of ["slots=1", "slots=9", "odd=1"]) {
    const { out } = await call([
      ...["why", "--json", "--priority", "9", "--resource", need],
      ...["-s", scene.state],
    ]);
    assertFormat("why", out);
  }
  assertFormat("status", await ok(scene.state, "status", "--json"));
});

Deno.test("reslock cancel takes a request out of the queue, by id and by label", async () => {
  for (const byLabel of [false, true]) {
    await using scene = await Scene.make();
    const { state, waiterId } = scene;
    const words = byLabel
      ? ["--label", "train"]
      : [waiterId.slice(0, waiterId.length - 1)];
    const out = await ok(state, "cancel", ...words);
    assertEquals(out, `Cancelled ${waiterId} (train): slots 1\n`);
    await assertRejects(() => scene.waiting, AcquireCancelledError);
  }
});

Deno.test("reslock cancel --json tells what waited, and a lease is no waiter", async () => {
  await using scene = await Scene.make();
  const { state, lease } = scene;
  const mistaken = await call(["cancel", lease.id, "-s", state]);
  assertEquals(mistaken.code, 1);
  assertStringIncludes(mistaken.err, "reslock release");
  const json = await ok(state, "cancel", "--label", "train", "--json");
  assertFormat("cancel", json);
  assertEquals(JSON.parse(json).cancelled[0].label, "train");
});

Deno.test("reslock priority changes that of a waiter and of a lease, also below 0", async () => {
  await using scene = await Scene.make();
  const { state, waiterId, lease } = scene;
  assertEquals(
    await ok(state, "priority", waiterId, "-3"),
    `Priority of ${waiterId} (train): 0 -> -3\n`,
  );
  assertEquals(
    await ok(state, "priority", waiterId, "-3"),
    `Priority of ${waiterId} (train): is -3 already\n`,
  );
  const json = await ok(state, "priority", lease.id, "7", "--json");
  assertFormat("priority", json);
  const { leases, queue } = await scene.pool.status();
  assertEquals([leases[0].priority, queue[0].priority], [7, -3]);
  assertEquals((await call(["priority", lease.id, "-s", state])).code, 2);
  assertEquals((await call(["priority", lease.id, "x", "-s", state])).code, 2);
});

Deno.test("reslock priority --label changes all requests and leases of a label", async () => {
  await using scene = await Scene.make();
  const { state, pool, lease, waiterId } = scene;
  await pool.setResources({ other: 1 });
  await using more = await pool.acquire({ other: 1 }, { label: "train" });
  assertEquals(
    await ok(state, "priority", "-l", "train", "-3"),
    `Priority of ${waiterId} (train): 0 -> -3\n` +
      `Priority of ${more.id} (train): 0 -> -3\n`,
  );
  const json = await ok(state, "priority", "--label", "train", "2", "--json");
  assertFormat("priority", json);
  const { id, changes } = JSON.parse(json);
  assertEquals(id, waiterId);
  assertEquals(changes.map((one: { id: string }) => one.id), [id, more.id]);
  assertEquals((await pool.status()).leases[0].priority, lease.priority);
  for (const words of [["x", "5", "--label", "train"], ["--label", "train"]]) {
    assertEquals((await call(["priority", ...words, "-s", state])).code, 2);
  }
  const byLabel = await call(["priority", "train", "5", "-s", state]);
  assertEquals(byLabel.code, 1);
  assertStringIncludes(byLabel.err, "--label");
});

Deno.test("reslock reclaim --label asks all holders that may be asked, and names the others", async () => {
  await using scene = await Scene.make();
  const { state, pool, lease } = scene;
  await pool.setResources({ other: 1 });
  await using busy = await pool.acquire({ other: 1 }, {
    label: "llama",
    reclaimable: true,
    estimatedSeconds: 60,
  });
  const { code, out, err } = await call([
    ...["reclaim", "--label", "llama", "-s", state],
  ]);
  assertEquals(out, `Asked back ${lease.id} (llama): slots 2\n`);
  assertEquals(code, 1);
  assertStringIncludes(err, `"${busy.id}" as work is in progress`);
  await busy.work!.complete();
  const json = await ok(state, "reclaim", "--label", "llama", "--json");
  assertFormat("reclaim", json);
  assertEquals(JSON.parse(json).asked.length, 2);
});

Deno.test("reslock reclaim asks a holder, and tells why it may not", async () => {
  await using scene = await Scene.make();
  const { state, lease } = scene;
  const json = await ok(state, "reclaim", lease.id, "--json");
  assertFormat("reclaim", json);
  // The pool hears of it with its next look.
  await scene.pool.status();
  assert(lease.reclaimRequested);
  assertEquals(
    await ok(state, "reclaim", lease.id),
    `Asked back ${lease.id} (llama): slots 2\n`,
  );
  await scene.pool.setResources({ slots: 4 });
  const kept = await scene.waiting;
  const refused = await call(["reclaim", kept.id, "-s", state]);
  assertEquals(refused.code, 1);
  assertStringIncludes(refused.err, "not reclaimable");
});
