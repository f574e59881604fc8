/**
 * Where the system has no more of something: descriptors, processes, a clock that goes
 * forward. Watches are in `no_watch_test.ts`, full disks in `file_systems_test.ts`.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { encodeLease } from "../../lib/core/codec.ts";
import { ResourcePool } from "../../mod.ts";
import { Actor } from "../support/actor.ts";
import type { ExhaustedReport } from "../support/exhausted_program.ts";
import {
  Folder,
  Program,
  runTool,
  until,
  within,
  works,
} from "../support/processes.ts";
import { leaseRecord } from "../support/records.ts";
import { canBecomeOthers, Shelter } from "../support/shelter.ts";

const PROMPT_MS = 3000;
const FEW_DESCRIPTORS = ["sh", "-c", 'ulimit -n 100; exec "$@"', "sh"];

Deno.test("ResourcePool gives back and keeps what it has without a descriptor to be had", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 10 });
  await using other = await Actor.start(folder.state);
  await other.acquire({ slot: 1 }, { label: "other" });
  await using program = Program.start("exhausted_program.ts", [folder.state], {
    through: FEW_DESCRIPTORS,
  });
  const { short, again, after, leftOpen }: ExhaustedReport = JSON.parse(
    await program.expectLine(),
  );
  // Its file is open already, and to give back it takes no other.
  assertEquals(short.release, "done");
  assertMatch(short.another, /^StateAccessError: .*(os error 24)/);
  // Nobody can be asked whether he lives, so all are taken to.
  assertEquals(short.tryAcquire, "null");
  assertMatch(short.acquire, /^AcquireTimeoutError: /);
  // Deno ends a program that asks for a module now: what was not loaded is refused.
  assertMatch(short.status, /^StateAccessError: .*(os error 24)/);
  assertEquals(again.status, "done");
  assertMatch(after.acquire, /^AcquireTimeoutError: /);
  assertEquals(
    [after.tryAcquire, after.release, after.lost, after.close],
    ["done", "done", "done", "done"],
  );
  assertEquals(leftOpen, []);
  const { leases, queue } = await pool.status();
  assertEquals([leases.map(({ label }) => label), queue], [["other"], []]);
});

const canLimit = await canBecomeOthers() && await works("prlimit", "--version");

Deno.test({
  name:
    "ResourcePool.tryAcquire() takes nobody for dead where no process can be started" +
    (canLimit ? "" : " (skipped: no prlimit, or may not become other users)"),
  ignore: !canLimit,
}, async () => {
  using folder = new Folder();
  using shelter = await Shelter.open();
  const { env, ...as } = shelter.as(0);
  Deno.chmodSync(folder.path, 0o1777);
  const writeLeaseOf = (pid: number) => {
    const lease = leaseRecord({
      id: "0123456789ab",
      pid,
      resources: new Map([["slot", 2]]),
    });
    Deno.writeTextFileSync(
      folder.state,
      `{"version":5,"resources":{"slot":2},"leases":[${encodeLease(lease)}],` +
        `"queue":[]}`,
    );
  };
  writeLeaseOf(Deno.pid);
  Deno.chmodSync(folder.state, 0o666);
  await using actor = await Actor.start(folder.state, {
    ...as,
    env: { ...env, RESLOCK_PIDNS: "host" },
  });
  // It lives, and is seen to; and Deno has what it needs to start a child.
  assertEquals(await actor.tryAcquire({ slot: 1 }), null);
  writeLeaseOf(2 ** 22 - 1);
  // By that user itself: for another's process it takes a right of its own.
  const [command, ...words] = [...as.through!, "prlimit"];
  const prlimit = (...options: string[]) =>
    runTool(command, ...words, `--pid=${actor.pid}`, ...options);
  const usual = await prlimit("--nproc", "--output=SOFT", "--noheadings");
  const limit = (processes: string) => prlimit(`--nproc=${processes.trim()}:`);
  await limit("1");
  assertEquals(await actor.tryAcquire({ slot: 1 }), null);
  await limit(usual);
  const { leases } = JSON.parse(Deno.readTextFileSync(folder.state));
  assertEquals(leases.length, 1);
  await until(
    "the dead one's lease is taken",
    async () => await actor.tryAcquire({ slot: 1 }) !== null,
  );
});

/** The wall clock of this program, set this far from the right time. */
function setClock(hours: number): Disposable {
  const right = Date.now;
  Date.now = () => right() + hours * 3_600_000;
  return {
    [Symbol.dispose]() {
      Date.now = right;
    },
  };
}

for (const hours of [-5, 5, -24 * 400]) {
  Deno.test(`ResourcePool keeps its order and all leases when the clock is set by ${hours} hours`, async () => {
    using folder = new Folder();
    await using pool = new ResourcePool({ path: folder.state });
    await pool.setResources({ slot: 2, other: 1 });
    await using holder = await Actor.start(folder.state);
    await holder.acquire({ slot: 2 });
    await using child = await Actor.start(folder.state);
    await child.acquire({ other: 1 });
    const order: string[] = [];
    const waits: Promise<void>[] = [];
    const wait = async (name: string, timeoutMs = 60_000) => {
      const queued = Promise.withResolvers<void>();
      const asked = pool.acquire({ slot: 2 }, {
        timeoutMs,
        onQueued: () => queued.resolve(),
      });
      waits.push(asked.then(async (lease) => {
        order.push(name);
        await lease.release();
      }));
      await queued.promise;
    };
    await wait("before");
    {
      using _clock = setClock(hours);
      await wait("while");
      // What takes a minute by the monotonic clock has not passed by the wall's.
      await pool.status();
      await using late = new ResourcePool({ path: folder.state });
      assertEquals(await late.tryAcquire({ other: 1 }), null);
      assertEquals((await late.status()).leases.length, 2);
    }
    await wait("after");
    await holder.release();
    await within("all grants", PROMPT_MS, Promise.all(waits));
    assertEquals(order, ["before", "while", "after"]);
    const { leases } = await pool.status();
    assertEquals(leases.map(({ pid, owner }) => [pid, owner]), [[
      child.pid,
      "alive",
    ]]);
    assert(folder.names("state.json.owners").length >= 2);
  });
}
