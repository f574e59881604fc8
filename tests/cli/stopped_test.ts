/**
 * Jobs that were stopped as by Ctrl-Z: they hold what they have, or their place in the
 * queue, and are shown with what continues them.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { withStopped } from "../../lib/cli/run/standing.ts";
import { ResourcePool } from "../../mod.ts";
import { denoRunArgs, plainEnv, ROOT } from "../support/deno.ts";
import {
  Folder,
  processState,
  Program,
  runTool,
  until,
} from "../support/processes.ts";
import { SAMPLE_POOL, SAMPLE_REGISTRY } from "./sample_pool.ts";
import { call, ok } from "./support.ts";

/** Starts `run` in a process group of its own, as a shell does. */
function startJob(state: string): Program {
  return new Program("setsid", {
    args: [
      ...[Deno.execPath(), ...denoRunArgs(), `${ROOT}cli.ts`],
      ...["--state", state, "run", "-q", "--resource", "slot=1"],
      // Nobody waits for the end of its output should its starter be killed.
      ...["sh", "-c", "exec sleep 300 <&- >&- 2>&-"],
    ],
    env: plainEnv(),
  });
}

/** Stops a process, or with a minus its group. */
async function stop(pid: number): Promise<void> {
  await runTool("kill", "-s", "STOP", "--", String(pid));
  await until("it is stopped", () => processState(Math.abs(pid)) === "T");
}

/** Does what is said to help; returns what is shown then. */
async function help(state: string, shown: string): Promise<string> {
  const [advice] = shown.match(/kill -s CONT -- -\d+/) ?? [];
  assert(advice !== undefined, shown);
  await runTool("sh", "-c", advice);
  return await ok(state, "status");
}

Deno.test("reslock status shows a stopped holder, and what continues it", async () => {
  using folder = new Folder();
  const { state } = folder;
  await using pool = new ResourcePool({ path: state });
  await pool.setResources({ slot: 1 });
  await using job = startJob(state);
  let child = 0;
  await until("it runs", async () => {
    [child = 0] = (await pool.status()).leases[0]?.pids ?? [];
    return child !== 0;
  });
  await stop(-job.pid);
  const all = await ok(state, "status");
  assertStringIncludes(
    all,
    `stopped: kill -s CONT -- -${job.pid} continues it`,
  );
  const json = await ok(state, "list", "--json");
  const { pid, command, stopped } = JSON.parse(json).leases[0].process;
  assertEquals([pid, command, stopped], [
    job.pid,
    "sh -c exec sleep 300 <&- >&- 2>&-",
    true,
  ]);
  assertEquals((await help(state, all)).includes("stopped"), false);
  assertEquals([job.pid, child].map(processState).includes("T"), false);
  // Its command alone holds the lease up just as well.
  await stop(child);
  const alone = await ok(state, "list");
  assertStringIncludes(alone, "stopped: ");
  assertEquals((await help(state, alone)).includes("stopped"), false);
  job.signal("SIGTERM");
  await job.exited;
});

Deno.test("reslock status shows a stopped waiter, and what continues it", async () => {
  using folder = new Folder();
  const { state } = folder;
  await using pool = new ResourcePool({ path: state });
  await pool.setResources({ slot: 1 });
  await using _lease = await pool.acquire({ slot: 1 });
  await using job = startJob(state);
  await until("it waits", async () => (await pool.status()).queue.length === 1);
  await stop(job.pid);
  const shown = await ok(state, "status");
  assertStringIncludes(
    shown,
    `its program is stopped: kill -s CONT -- -${job.pid} continues it; needs 1`,
  );
  assertEquals((await help(state, shown)).includes("stopped"), false);
});

Deno.test("reslock run says that the holder is stopped, and what continues it", async () => {
  using folder = new Folder();
  const { state } = folder;
  await using pool = new ResourcePool({ path: state });
  await pool.setResources({ slot: 1 });
  await using job = startJob(state);
  await until("it runs", async () => {
    const [lease] = (await pool.status()).leases;
    return (lease?.pids ?? []).length > 0;
  });
  await stop(-job.pid);
  const { code, err } = await call([
    ...["--state", state, "run", "--resource", "slot=1"],
    ...["--timeout", "500ms", "true"],
  ]);
  assertEquals(code, 124);
  const stopped = ` is stopped: kill -s CONT -- -${job.pid} continues it`;
  const [waiting, gaveUp] = err.split("\n");
  assertStringIncludes(waiting, stopped);
  assertStringIncludes(gaveUp, `${stopped}: see "reslock status"`);
});

Deno.test("withStopped() says whose a stopped holder is, if it is another's", () => {
  const [entry] = SAMPLE_POOL.queue;
  const [, training] = SAMPLE_POOL.leases;
  const holder = { id: training.id, label: null, resource: "slot", amount: 1 };
  const short = [{ ...entry.why!.short[0], holders: [holder] }];
  const why = { ...entry.why!, short };
  const ofGrace = withStopped(why, SAMPLE_POOL, SAMPLE_REGISTRY).sentence;
  assertMatch(ofGrace, / \(of grace\) is stopped: kill -s CONT -- -777 cont/);
  const nobody = { ...SAMPLE_POOL, leases: [] };
  assertEquals(withStopped(why, nobody, SAMPLE_REGISTRY), why);
});
