/**
 * `run` on a machine that has no more files or processes to give: one line says so, and
 * nothing of the lease is left.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { ResourcePool } from "../../mod.ts";
import { denoRunArgs, plainEnv, ROOT } from "../support/deno.ts";
import {
  Folder,
  Program,
  runTool,
  until,
  watchesOf,
  works,
} from "../support/processes.ts";
import { canBecomeOthers, Shelter } from "../support/shelter.ts";
import { assertHelps, bundleCli, type Outcome, outcome } from "./support.ts";

const RUN = ["run", "--quiet", "--resource", "slot=1", "--", "true"];
/** Far more than Deno and a pool have open. */
const ENOUGH_FILES = 100;

async function assertNothingLeft(folder: Folder): Promise<void> {
  await using pool = new ResourcePool({ path: folder.state });
  // First what is there, then what a look at it would remove.
  const { leases, queue } = JSON.parse(Deno.readTextFileSync(folder.state));
  assertEquals([leases, queue], [[], []]);
  for (const side of ["owners", "bells"]) {
    assertEquals(folder.names(`state.json.${side}`), [], side);
  }
  assertEquals((await pool.status()).available.slot, 1);
}

function assertOneLine({ err }: Outcome): void {
  assertMatch(err, /^reslock: Cannot [^\n]*\n$/);
  assertHelps(err);
}

Deno.test("reslock run with too few files to open says so on one line, and leaves no lease", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1 });
  const codes: number[] = [];
  let code = -1;
  for (let files = 10; code !== 0; files++) {
    assert(files < ENOUGH_FILES, `It ends with ${code}, whatever it may open`);
    const ended = await outcome(
      new Program("sh", {
        args: [
          ...["-c", `ulimit -n ${files}; exec "$@"`, "sh", Deno.execPath()],
          ...[...denoRunArgs(), `${ROOT}cli.ts`, "--state", folder.state],
          ...RUN,
        ],
        env: plainEnv(),
      }),
    );
    ({ code } = ended);
    await assertNothingLeft(folder);
    // With fewer Deno does not start at all.
    if (code === 0 || !ended.err.startsWith("reslock: ")) continue;
    assertOneLine(ended);
    assertMatch(ended.err, /Too many open files.*"ulimit -[na]"/);
    codes.push(code);
  }
  assert(codes.length > 0, "Deno did not start, or it did not matter");
  // Not even the state file, the rest of the pool, or the command alone.
  assertEquals(codes.filter((one) => ![3, 125, 126].includes(one)), []);
});

const possible = await canBecomeOthers() && await works("prlimit", "--version");

Deno.test({
  name:
    "reslock run that can start no process says so on one line, and leaves no lease" +
    (possible ? "" : " (skipped: no prlimit, or may not become other users)"),
  ignore: !possible,
}, async () => {
  using folder = new Folder();
  using shelter = await Shelter.open();
  const { through, deno, root, env } = shelter.as(0);
  const cli = `${root}cli.js`;
  await bundleCli(cli);
  Deno.chmodSync(folder.path, 0o1777);
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1 });
  const lease = await pool.acquire({ slot: 1 });
  const [command, ...args] = [
    ...[...through!, deno!, "run", "--quiet", "--no-prompt", "--no-config"],
    ...["-A", cli, "--state", folder.state, ...RUN],
  ];
  const path = { PATH: Deno.env.get("PATH")! };
  const program = new Program(command, { args, env: { ...path, ...env } });
  const { pid } = program;
  const ended = outcome(program);
  // Where Deno cannot start a thread for a watch, it ends by itself.
  await until("it waits and watches", () => watchesOf(pid) === 2);
  // By that user itself: for another's process it takes a right of its own.
  const [become, ...words] = through!;
  await runTool(become, ...words, "prlimit", `--pid=${pid}`, "--nproc=1:");
  await lease.release();
  const { code, out, err } = await ended;
  assertEquals([code, out], [126, ""], err);
  assertOneLine({ code, out, err });
  assertMatch(err, /^reslock: Cannot run "true" .*os error 11.*"ulimit -u"/);
  await pool.close();
  await assertNothingLeft(folder);
});
