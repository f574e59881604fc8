/**
 * Programs of both packages clean up after the other's killed processes.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Actor } from "../support/actor.ts";
import { denoRunArgs, plainEnv, ROOT } from "../support/deno.ts";
import { processState, Program, until, works } from "../support/processes.ts";
import { interopTest, type Scene } from "./scene.ts";

/** Where only process ids can tell that somebody is dead. */
const GONE_MS = 2000;

interopTest(
  "acquire() is granted what a killed Python client held",
  async (scene) => {
    const pool = scene.pool();
    const python = scene.python();
    await pool.setResources({ slot: 1 });
    await python.acquire({ slot: 1 });
    const waiting = pool.acquire({ slot: 1 });
    await scene.queued(1);

    await python.kill();
    const killedAt = performance.now();
    await waiting;
    assert(performance.now() - killedAt < GONE_MS);
  },
);

interopTest(
  "tryAcquire() is granted what a killed Python client held",
  async (scene) => {
    const pool = scene.pool();
    const python = scene.python();
    await pool.setResources({ slot: 1 });
    await python.acquire({ slot: 1 });
    assertEquals(await pool.tryAcquire({ slot: 1 }), null);
    await python.kill();
    assert(await pool.tryAcquire({ slot: 1 }) !== null);
  },
);

interopTest(
  "acquire() waits for a killed Python client as long as it has its pid",
  async (scene) => {
    const pool = scene.pool();
    const python = scene.python();
    await pool.setResources({ slot: 1 });
    const child = await python.startChild({ slot: 1 });
    const waiting = pool.acquire({ slot: 1 });
    await scene.queued(1);

    Deno.kill(child, "SIGKILL");
    await until("it is a zombie", () => processState(child) === "Z");
    // Nobody can know by the pid alone.
    const { leases, queue } = await pool.status();
    assertEquals(leases.map(({ pid, owner }) => [pid, owner]), [[
      child,
      "alive",
    ]]);
    assertEquals(queue.length, 1);
    await python.reapChild(child);
    const reapedAt = performance.now();
    await waiting;
    assert(performance.now() - reapedAt < GONE_MS);
  },
);

interopTest(
  "acquire() passes a killed Python waiter, and removes it",
  async (scene) => {
    const pool = scene.pool();
    const python = scene.python();
    await pool.setResources({ slot: 1 });
    const lease = await pool.acquire({ slot: 1 });
    void python.acquire({ slot: 1, priority: 1 });
    await scene.queued(1);
    await python.kill();

    const waiting = pool.acquire({ slot: 1 });
    await lease.release();
    await waiting;
    // The first look at the pid proves nothing yet.
    const last = pool.acquire({ slot: 1 });
    await scene.queued(1);
    assertEquals((await pool.status()).queue.map(({ native }) => native), [
      true,
    ]);
    await (await waiting).release();
    await last;
  },
);

interopTest(
  "a Python client is granted what a killed process of ours held",
  async (scene) => {
    const actor = await scene.native();
    const python = scene.python();
    await actor.setResources({ slot: 1 });
    await actor.acquire({ slot: 1 });
    const waiting = python.acquire({ slot: 1 });
    await scene.queued(1);

    await actor.kill();
    await waiting;
  },
);

interopTest("a Python client passes a killed waiter of ours", async (scene) => {
  const actor = await scene.native();
  const python = scene.python();
  await python.setResources({ slot: 1 });
  await python.acquire({ slot: 1 }, "first");
  await actor.queue({ slot: 1 }, { priority: 1 });
  const waiting = python.acquire({ slot: 1 });
  await scene.queued(2);

  await actor.kill();
  await python.release("first");
  await waiting;
});

interopTest(
  "a Python client spares a lease whose killed `run` has left a child",
  async (scene) => {
    const pool = scene.pool();
    const python = scene.python();
    await pool.setResources({ slot: 1 });
    await using run = new Program(Deno.execPath(), {
      args: [
        ...[...denoRunArgs(), `${ROOT}cli.ts`, "run", "--state", scene.path],
        ...["--resource", "slot=1", "--", "sleep", "300"],
      ],
      env: plainEnv(),
    });
    const child = await namedChild(scene);
    await run.kill();

    const waiting = python.acquire({ slot: 1 });
    await scene.queued(1);
    await scene.written(2);
    const { leases } = await pool.status();
    assertEquals(leases.map(({ pids }) => pids), [[child]]);
    Deno.kill(child, "SIGKILL");
    await until("nothing of it is left", async () => {
      const { leases } = await pool.status();
      return leases.every(({ pids }) => pids.length === 0);
    });
    await waiting;
  },
);

/** The child that a lease names, once it does. */
async function namedChild(scene: Scene): Promise<number> {
  let pid: number | undefined;
  await until("the lease names the child", async () => {
    const { leases } = await scene.read();
    pid = leases.at(0)?.pids.at(0);
    return pid !== undefined;
  });
  return pid!;
}

const elsewhere = ["unshare", "-p", "-f", "--kill-child"];
const needs = {
  what: "a PID namespace of its own",
  isMet: await works(elsewhere[0], ...elsewhere.slice(1), "true"),
};

interopTest(
  "neither takes the other for dead that is in another PID namespace",
  async (scene) => {
    const python = scene.python();
    await python.setResources({ slot: 2 });
    const theirs = await python.acquire({ slot: 1 });
    await using actor = await Actor.start(scene.path, {
      through: elsewhere,
      env: { RESLOCK_PIDNS: "private" },
    });
    const ours = await actor.acquire({ slot: 1 });

    assertEquals(await python.tryAcquire({ slot: 1 }), null);
    assertEquals(await actor.tryAcquire({ slot: 1 }), null);
    const { leases } = await actor.status();
    assertEquals(leases.map(({ id }) => id), [theirs.id, ours.id]);
    // Whatever its pid means to others: the first process lives everywhere.
    assertEquals(leases.map(({ hostPid }) => hostPid), [null, 1]);
  },
  { needs },
);
