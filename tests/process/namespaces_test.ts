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
  childrenOf,
  Folder,
  runTool,
  until,
  within,
  works,
} from "../support/processes.ts";
import { leaseRecord } from "../support/records.ts";

const PROMPT_MS = 2000;
const UNSHARE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
const INSIDE: ActorOptions = { through: UNSHARE };
const ON_HOST: ActorOptions = { env: { RESLOCK_PIDNS: "host" } };

/** No process has it before four million others were started. */
const HIGHEST_PID = 2 ** 22 - 1;

const possible = await works(UNSHARE[0], ...UNSHARE.slice(1), "true");

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

/** The first process asks how its child ended, then sleeps in its place. */
const SLEEPY_INIT = [
  ...UNSHARE,
  ...["sh", "-c", 'exec 3<&0; "$@" <&3 & wait; exec sleep 300', "sh"],
];

test("ResourcePool.tryAcquire() is not fooled by a process that has the dead holder's pid", async () => {
  using folder = new Folder();
  await using holder = await Actor.start(folder.state, {
    through: SLEEPY_INIT,
  });
  await holder.setResources({ slot: 1 });
  await holder.acquire({ slot: 1 });
  const [init] = childrenOf(holder.program.pid);
  for (const pid of childrenOf(init)) Deno.kill(pid, "SIGKILL");
  await until("the pid is free", () => childrenOf(init).length === 0);
  const enter = ["nsenter", "--target", String(init), "--pid", "--mount"];
  const heir = await runTool(
    ...enter as [string],
    "sh",
    "-c",
    `echo ${holder.pid - 1} > /proc/sys/kernel/ns_last_pid
    sleep 300 <&- >&- 2>&- & echo $!`,
  );
  assertEquals(Number(heir), holder.pid);
  await using waiter = await Actor.start(folder.state, { through: enter });
  assert(await waiter.tryAcquire({ slot: 1 }) !== null);
});
