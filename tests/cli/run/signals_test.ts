import { assertEquals } from "@std/assert";
import { isInFront } from "../../../lib/cli/run/signals.ts";
import { ResourcePool } from "../../../mod.ts";
import { denoRunArgs, ROOT } from "../../support/deno.ts";
import { Folder, Program, until } from "../../support/processes.ts";
import { outcome, scriptTo } from "../support.ts";

Deno.test("isInFront() compares the group with the terminal's, whatever the name", () => {
  for (const name of ["deno", "a b", "x) S 1 7 7 0 7 ("]) {
    assertEquals(isInFront(`42 (${name}) S 1 42 40 34816 42 0 0\n`), true);
    assertEquals(isInFront(`42 (${name}) S 1 42 40 34816 43 0 0\n`), false);
    assertEquals(isInFront(`42 (${name}) S 1 42 40 0 -1 0 0\n`), false);
  }
});

Deno.test("reslock run --reclaimable reaches its child with a signal that was ignored at its start", async () => {
  using folder = new Folder();
  const { state, path } = folder;
  await using pool = new ResourcePool({ path: state });
  await pool.setResources({ slots: 1 });
  const log = `${path}/log`;
  // A shell cannot trap what was ignored at its start.
  const child = scriptTo(
    log,
    'trap "echo TERM; exit 7" TERM; echo ready; while :; do sleep 0.02; done',
  );
  await using program = new Program("sh", {
    args: [
      ...["-c", 'trap "" HUP TERM; exec "$@"', "sh"],
      ...[Deno.execPath(), ...denoRunArgs(), `${ROOT}cli.ts`],
      ...["run", "-s", state, "--resource", "slots=1"],
      ...["--reclaimable", "--reclaim-grace", "10s", child],
    ],
    env: Deno.env.toObject(),
  });
  const read = () => Deno.readTextFileSync(log);
  await until(
    "the child is ready",
    () => folder.names("").includes("log") && read() === "ready\n",
  );
  await using _lease = await pool.acquire({ slots: 1 }, { priority: 1 });
  assertEquals((await outcome(program)).code, 7);
  assertEquals(read(), "ready\nTERM\n");
});
