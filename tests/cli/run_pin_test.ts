/**
 * `reslock run --pin`: the command on cores of its own.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { ResourcePool } from "../../mod.ts";
import { setEnv } from "../support/fake_cards.ts";
import { Folder, runTool, until, works } from "../support/processes.ts";
import { call, ok, type Outcome, scriptTo, start } from "./support.ts";

const AFFINITY = /^Cpus_allowed_list:\s*(\S+)$/m
  .exec(Deno.readTextFileSync("/proc/self/status"))?.[1] ?? "";
const hasCores = /[-,]/.test(AFFINITY) &&
  await works("taskset", "-c", AFFINITY, "true");

/** Prints the cores it may use, then waits until there is a file. */
function waiting(path: string): string {
  return scriptTo(
    path,
    'sed -n "s/^Cpus_allowed_list:\\s*//p" /proc/$$/status; ' +
      `echo "$OMP_NUM_THREADS"; while [ ! -e "${path}.go" ]; do sleep 0.02; done`,
  );
}

async function lines(path: string): Promise<string[]> {
  const read = () => {
    try {
      return Deno.readTextFileSync(path).split("\n");
    } catch {
      return [];
    }
  };
  await until("the command has printed", () => read().length > 2);
  return read();
}

Deno.test({
  name:
    "reslock run --pin keeps commands on cores of their own, until they end" +
    (hasCores ? "" : " (skipped: one core, or no taskset)"),
  ignore: !hasCores,
  async fn() {
    using folder = new Folder();
    const { state, path } = folder;
    await ok(state, "set", "cpu_cores", "2");
    const names = ["a", "b"].map((name) => `${path}/${name}`);
    const run = (name: string): Promise<Outcome> =>
      call(["run", "-s", state, "--cpu", "1", "--pin", waiting(name)]);
    // Killed with its command, it leaves its note.
    const killed = start(path, [
      ...["run", "-s", state, "--cpu", "1", "--pin", waiting(`${path}/x`)],
    ]);
    const [first] = await lines(`${path}/x`);
    await killed.kill();
    Deno.writeTextFileSync(`${path}/x.go`, "");
    await killed[Symbol.asyncDispose]();
    await using pool = new ResourcePool({ path: state });
    await until(
      "its lease is gone",
      async () => (await pool.status()).leases.length === 0,
    );

    const running = names.map(run);
    const shown = await Promise.all(names.map(lines));
    const cores = shown.map(([core]) => core);
    assertEquals(new Set(cores).size, 2, cores.join());
    assertEquals(cores.includes(first), true);
    assertEquals(shown.map(([, threads]) => threads), ["1", "1"]);
    for (const name of names) Deno.writeTextFileSync(`${name}.go`, "");
    for (const outcome of await Promise.all(running)) {
      assertEquals(outcome, { code: 0, out: "", err: "" });
    }
  },
});

Deno.test("reslock run --pin says what it cannot do, and runs the command", async () => {
  using folder = new Folder();
  const { state, path } = folder;
  const bin = `${path}/bin`;
  Deno.mkdirSync(bin);
  for (const tool of ["sh", "sed", "sleep", "flock", "env"]) {
    const place = (await runTool("sh", "-c", `command -v ${tool} || true`))
      .trim();
    if (place !== "") Deno.symlinkSync(place, `${bin}/${tool}`);
  }
  await ok(state, "set", "cpu_cores", "1000");
  Deno.writeTextFileSync(`${path}/log.go`, "");
  const script = waiting(`${path}/log`);
  {
    using _path = setEnv({ PATH: bin });
    const { code, err } = await call(
      ["run", "-s", state, "--cpu", "3", "--pin", script],
    );
    assertEquals(code, 0);
    assertMatch(err, /^reslock: cannot pin .* no taskset .*\n$/);
  }
  assertEquals(await lines(`${path}/log`), [AFFINITY, "3", ""]);
  if (!await works("taskset", "-c", AFFINITY, "true")) return;
  const { code, err } = await call(
    ["run", "-s", state, "--cpu", "1000", "--pin", "true"],
  );
  assertEquals(code, 0);
  assertMatch(err, /^reslock: pinned to \d+ of 1000 cores: .*\n$/);
});
