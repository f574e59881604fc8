/**
 * Processes that cannot see each other's pids, as in containers.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { ResourcePool } from "../../mod.ts";
import { encodeLease } from "../../lib/core/codec.ts";
import { Actor, type ActorOptions } from "../support/actor.ts";
import {
  canUnsharePids,
  PidNamespace,
  SLEEPY_INIT,
  UNSHARE_PIDS,
} from "../support/pid_namespace.ts";
import { Folder, within } from "../support/processes.ts";
import { leaseRecord } from "../support/records.ts";

const PROMPT_MS = 2000;
const INSIDE: ActorOptions = { through: UNSHARE_PIDS };
const ON_HOST: ActorOptions = { env: { RESLOCK_PIDNS: "host" } };

/** No process has it before four million others were started. */
const HIGHEST_PID = 2 ** 22 - 1;

const possible = await canUnsharePids();

function test(name: string, body: () => Promise<void>): void {
  const words = possible
    ? name
    : `${name} (skipped: may not unshare pids here)`;
  Deno.test(words, { ignore: !possible }, body);
}

/** Lets one side hold and the other wait, then kills the holder. */
async function handOver(
  holding: ActorOptions,
  waiting: ActorOptions,
): Promise<void> {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1 });
  await using holder = await Actor.start(folder.state, holding);
  const held = await holder.acquire({ slot: 1 });
  await using waiter = await Actor.start(folder.state, waiting);
  assertEquals(await waiter.tryAcquire({ slot: 1 }), null);
  const { granted } = await waiter.queue({ slot: 1 });
  // Its look at everybody removes the dead, and shows the others as they are.
  const { leases, queue } = await waiter.status();
  assertEquals(leases.map(({ id, owner }) => [id, owner]), [[
    held.id,
    "alive",
  ]]);
  assertEquals(queue.map(({ owner }) => owner), ["alive"]);
  await holder.kill();
  await within("the dead one's lease", PROMPT_MS, granted);
  const after = await pool.status();
  assertEquals(after.leases.map(({ pid }) => pid), [waiter.pid]);
}

test("ResourcePool.acquire() waits for a holder in another PID namespace until it dies", () =>
  handOver(INSIDE, ON_HOST));

test("ResourcePool.acquire() in a PID namespace waits for a holder outside until it dies", () =>
  handOver(ON_HOST, INSIDE));

test("ResourcePool.acquire() waits across two PID namespaces, where both have the same pid", () =>
  handOver(INSIDE, INSIDE));

test("ResourcePool.acquire() writes a host pid of 1 in a PID namespace, and none outside", async () => {
  using folder = new Folder();
  await using inside = await Actor.start(folder.state, INSIDE);
  await using outside = await Actor.start(folder.state, ON_HOST);
  await inside.setResources({ slot: 2 });
  const { id } = await inside.acquire({ slot: 1 });
  await outside.acquire({ slot: 1 });
  const { leases } = await outside.status();
  assertEquals(
    new Set(leases.map((lease) => [lease.id === id, lease.hostPid].join())),
    new Set(["true,1", "false,"]),
  );
});

/** Puts a lease of the Python package's kind into a pool with one slot. */
function writeForeignLease(folder: Folder, pid: number): void {
  const lease = leaseRecord({
    id: "0123456789ab",
    pid,
    resources: new Map([["slot", 1]]),
  });
  Deno.writeTextFileSync(
    folder.state,
    `{"version":5,"resources":{"slot":1},"leases":[${encodeLease(lease)}],` +
      `"queue":[]}`,
  );
}

test("ResourcePool.tryAcquire() in a PID namespace leaves a lease whose pid it does not know", async () => {
  using folder = new Folder();
  writeForeignLease(folder, HIGHEST_PID);
  await using inside = await Actor.start(folder.state, INSIDE);
  assertEquals(await inside.tryAcquire({ slot: 1 }), null);
  const { leases } = await inside.status();
  assertEquals(leases.map(({ owner }) => owner), ["unknown"]);
});

test("ResourcePool.tryAcquire() on the host takes what a pid held that nobody has", async () => {
  using folder = new Folder();
  writeForeignLease(folder, HIGHEST_PID);
  await using outside = await Actor.start(folder.state, ON_HOST);
  assert(await outside.tryAcquire({ slot: 1 }) !== null);
});

test("ResourcePool.tryAcquire() is not fooled by a process that has the dead holder's pid", async () => {
  using folder = new Folder();
  await using holder = await Actor.start(folder.state, {
    through: SLEEPY_INIT,
  });
  await holder.setResources({ slot: 1 });
  await holder.acquire({ slot: 1 });
  const namespace = new PidNamespace(holder.program.pid);
  await namespace.killProgram();
  await namespace.startHeir(holder.pid);
  const { enter } = namespace;
  await using waiter = await Actor.start(folder.state, { through: enter });
  assert(await waiter.tryAcquire({ slot: 1 }) !== null);
});
