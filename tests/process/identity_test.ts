/**
 * Who is taken for dead, and who never is, however odd its life.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { encodeLease } from "../../lib/core/codec.ts";
import { Actor } from "../support/actor.ts";
import {
  childrenOf,
  Folder,
  processState,
  Program,
  programOf,
  stopBeside,
  until,
  within,
  works,
} from "../support/processes.ts";
import { leaseRecord } from "../support/records.ts";

const PROMPT_MS = 2000;
/** The end of a guarded command is not heard of, but looked for every second. */
const PATIENT_MS = 10_000;
/** Process ids here are the machine's: those of the other package can be asked about. */
const ON_HOST = { env: { RESLOCK_PIDNS: "host" } };

/** A lease of the Python package's kind, for a process that the test has started. */
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

Deno.test("ResourcePool.tryAcquire() leaves a lease to a process that has become another program", async () => {
  using folder = new Folder();
  await using holder = new Program("sh", {
    args: ["-c", "echo begun; read word; exec sleep 300"],
  });
  await holder.expectLine();
  writeForeignLease(folder, holder.pid);
  await using other = await Actor.start(folder.state, ON_HOST);
  assertEquals(await other.tryAcquire({ slot: 1 }), null);
  await holder.say("go on");
  await until("it is another", () => programOf(holder.pid) === "sleep");
  assertEquals(await other.tryAcquire({ slot: 1 }), null);
  await holder.kill();
  assert(await other.tryAcquire({ slot: 1 }) !== null);
});

Deno.test("Lease.guard() keeps a lease for a program that has left its parents behind", async () => {
  using folder = new Folder();
  const pidFile = `${folder.path}/pid`;
  await using holder = await Actor.start(folder.state);
  await holder.setResources({ slot: 1 });
  await holder.acquire({ slot: 1 });
  // As a daemon does: fork, a session of its own, fork again, end of both parents.
  const daemon = `sleep 300 <&- >&- 2>&- & echo $! > ${pidFile}`;
  const leave = `setsid sh -c '${daemon}' <&- >&- 2>&- &`;
  await holder.guard(["sh", "-c", leave]);
  await until("the daemon runs", () => {
    try {
      return Deno.readTextFileSync(pidFile).endsWith("\n");
    } catch {
      return false;
    }
  });
  const pid = Number(Deno.readTextFileSync(pidFile));
  try {
    await holder.kill();
    await using other = await Actor.start(folder.state);
    assertEquals(await other.tryAcquire({ slot: 1 }), null);
    const { leases } = await other.status();
    assertEquals(leases.map(({ owner }) => owner), ["alive"]);
    const { granted } = await other.queue({ slot: 1 });
    Deno.kill(pid, "SIGKILL");
    await within("the daemon's lease", PATIENT_MS, granted);
  } finally {
    if (processState(pid) !== "") Deno.kill(pid, "SIGKILL");
  }
});

const canTrace = await works("strace", "-o", "/dev/null", "true");

Deno.test({
  name: "ResourcePool.tryAcquire() leaves a lease to a process that is traced" +
    (canTrace ? "" : " (skipped: no strace, or it may not trace here)"),
  ignore: !canTrace,
}, async () => {
  using folder = new Folder();
  await using holder = await Actor.start(folder.state, {
    through: ["strace", "-f", "-o", `${folder.path}/trace`],
  });
  await holder.setResources({ slot: 1 });
  await holder.acquire({ slot: 1 });
  await using other = await Actor.start(folder.state, ON_HOST);
  const [traced] = childrenOf(holder.program.pid);
  // Stopped under its tracer, it is in a state of its own.
  await stopBeside(traced, folder.state);
  assertEquals(await other.tryAcquire({ slot: 1 }), null);
  const { leases } = await other.status();
  assertEquals(leases.map(({ owner }) => owner), ["alive"]);
  Deno.kill(traced, "SIGCONT");
  await holder.release();
  assert(await other.tryAcquire({ slot: 1 }) !== null);
});

Deno.test("ResourcePool.acquire() waits on when all were suspended, and nobody lost anything", async () => {
  using folder = new Folder();
  await using holder = await Actor.start(folder.state);
  await using waiter = await Actor.start(folder.state);
  await holder.setResources({ slot: 1 });
  const held = await holder.acquire({ slot: 1 });
  const { granted } = await waiter.queue({ slot: 1 });
  const pids = [holder.pid, waiter.pid];
  for (const pid of pids) await stopBeside(pid, folder.state);
  await using third = await Actor.start(folder.state);
  assertEquals(await third.tryAcquire({ slot: 1 }), null);
  const { leases, queue } = await third.status();
  assertEquals(leases.map(({ id, owner }) => [id, owner]), [[
    held.id,
    "alive",
  ]]);
  assertEquals(queue.map(({ owner }) => owner), ["alive"]);
  for (const pid of pids) Deno.kill(pid, "SIGCONT");
  await holder.release();
  await within("the waiter's grant", PROMPT_MS, granted);
});
