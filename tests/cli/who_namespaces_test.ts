/**
 * Who is shown behind a lease across PID namespaces, as of containers: whoever looks
 * sees other numbers for the same processes, and other processes for the same numbers.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { registryOf } from "../../lib/cli/who.ts";
import { ResourcePool } from "../../mod.ts";
import { Actor } from "../support/actor.ts";
import { denoRunArgs, ROOT } from "../support/deno.ts";
import {
  canUnsharePids,
  SLEEPY_INIT,
  UNSHARE_PIDS,
} from "../support/pid_namespace.ts";
import {
  childrenOf,
  Folder,
  processState,
  Program,
  programOf,
  runTool,
  until,
} from "../support/processes.ts";

const possible = await canUnsharePids();

function test(name: string, body: () => Promise<void>): void {
  const words = possible
    ? name
    : `${name} (skipped: may not unshare pids here)`;
  Deno.test(words, { ignore: !possible }, body);
}

/** The words of a command line of ours. */
function reslock(state: string, ...args: readonly string[]): string[] {
  return [
    ...[Deno.execPath(), ...denoRunArgs(), `${ROOT}cli.ts`],
    ...["--state", state, ...args],
  ];
}

/** The one lease of a pool, as it is shown in a namespace of its own. */
async function shownInside(state: string): Promise<string> {
  const [command, ...words] = [...UNSHARE_PIDS, ...reslock(state, "list")];
  return (await runTool(command, ...words)).split("\n")[1];
}

/** The id of the one lease's process, as it is seen from here. */
async function pidSeenFor(pool: ResourcePool): Promise<number | null> {
  const [lease] = (await pool.status()).leases;
  return registryOf(pool.path).whoIs(lease).pid;
}

test("reslock list shows a holder in a PID namespace by its number here", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1 });
  await using holder = await Actor.start(folder.state, {
    through: UNSHARE_PIDS,
  });
  await holder.acquire({ slot: 1 });
  assertEquals(holder.pid, 1);
  assertEquals(await pidSeenFor(pool), childrenOf(holder.program.pid)[0]);
});

test("reslock list shows in a PID namespace no number for a holder outside", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1 });
  await using _lease = await pool.acquire({ slot: 1 });
  assertMatch(await shownInside(folder.state), / -$/);
});

/** A `run` of a command that sleeps, in a PID namespace of its own. */
function sleepInside({ state }: Folder): Program {
  const [command, ...words] = [
    ...SLEEPY_INIT,
    ...reslock(state, "run", "--resource", "slot=1", "sleep", "300"),
  ];
  return new Program(command, { args: words, env: Deno.env.toObject() });
}

test("reslock list shows nobody in the place of a holder in another PID namespace", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1 });
  await using holder = await Actor.start(folder.state, {
    through: UNSHARE_PIDS,
  });
  await holder.acquire({ slot: 1 });
  // It has the same number there as the one who looks.
  assertMatch(await shownInside(folder.state), / -$/);
});

test("reslock list shows the command in a PID namespace that has outlived its run", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1 });
  await using _inside = sleepInside(folder);
  let run: number | null = null;
  await until("it runs", async () => {
    const [lease] = (await pool.status()).leases;
    if ((lease?.pids ?? []).length === 0) return false;
    run = registryOf(pool.path).whoIs(lease).pid;
    return true;
  });
  Deno.kill(run!, "SIGKILL");
  await until("the command is shown", async () => {
    const pid = await pidSeenFor(pool);
    return pid !== null && programOf(pid) === "sleep";
  });
});

test("reslock list shows that the command of a run in a PID namespace is stopped", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1 });
  await using _inside = sleepInside(folder);
  const shown = async () => {
    const [lease] = (await pool.status()).leases;
    return registryOf(pool.path).whoIs(lease);
  };
  let child = 0;
  await until("it runs", async () => {
    const [lease] = (await pool.status()).leases;
    if ((lease?.pids ?? []).length === 0) return false;
    const { pid } = await shown();
    child = childrenOf(pid!).find((one) => programOf(one) === "sleep") ?? 0;
    return child !== 0;
  });
  assertEquals((await shown()).continuedBy, null);
  Deno.kill(child, "SIGSTOP");
  await until("it is stopped", () => processState(child) === "T");
  const { continuedBy } = await shown();
  assertMatch(continuedBy ?? "", /^kill -s CONT /);
  await runTool("sh", "-c", continuedBy!);
  assertEquals((await shown()).continuedBy, null);
});
