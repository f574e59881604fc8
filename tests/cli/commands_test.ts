import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import metadata from "../../deno.json" with { type: "json" };
import { ResourcePool } from "../../mod.ts";
import { COMMAND_NAMES, loadCommand } from "../../lib/cli/commands.ts";
import { Folder } from "../support/processes.ts";
import { assertFormat, call, ok } from "./support.ts";

Deno.test("reslock shows the pool in short, and how to go on", async () => {
  using folder = new Folder();
  const out = await ok(folder.state);
  assertStringIncludes(out, folder.state);
  assertStringIncludes(out, "reslock --help");
});

Deno.test("reslock says so where there is no pool, and makes none by looking", async () => {
  using folder = new Folder();
  const state = `${folder.path}/none/state.json`;
  const first = `Pool in ${state} (not there: it is made on first use)\n`;
  for (const words of [[], ["status"], ["status", "--short"]]) {
    const out = await ok(state, ...words);
    assertEquals(out.slice(0, first.length), first);
  }
  assertEquals(
    await ok(state, "list"),
    `No leases: there is no pool in ${state}\n`,
  );
  assertEquals(folder.names(""), []);
});

Deno.test("reslock --version names the version, wherever it stands before a command", async () => {
  const line = `reslock ${metadata.version}\n`;
  for (const args of [["--version"], ["-V"], ["--version", "status"]]) {
    assertEquals(await call(args), { code: 0, out: line, err: "" });
  }
});

Deno.test("reslock takes --state before and after the command, in all its forms", async () => {
  using folder = new Folder();
  const { state } = folder;
  await ok(state, "set", "slots", "3");
  const forms = [
    ["--state", state, "status"],
    [`--state=${state}`, "status"],
    ["-s", state, "status"],
    ["status", "--state", state],
    ["status", "-s", state, "--json"],
  ];
  for (const args of forms) {
    const { code, out } = await call(args);
    assertEquals(code, 0);
    assertStringIncludes(out, "slots");
  }
});

Deno.test("reslock status shows the same whoever reads its words", async () => {
  using folder = new Folder();
  const { state } = folder;
  await ok(state, "set", "slots", "3");
  for (const flags of [[], ["--short"], ["--wide"], ["--json"]]) {
    const plain = await call(["status", ...flags, "--state", state]);
    // The end of the options is left to cliffy.
    const read = await call(["status", ...flags, "--state", state, "--"]);
    assertEquals(read, plain);
    assertEquals(plain.code, 0);
  }
});

Deno.test("reslock set takes sizes for what is counted in MB, and counts", async () => {
  using folder = new Folder();
  const { state } = folder;
  assertEquals(
    await ok(state, "set", "vram_mb", "24G"),
    "Set vram_mb = 24576 (24 GB)\n",
  );
  assertEquals(await ok(state, "set", "gpu_slots", "2"), "Set gpu_slots = 2\n");
  assertEquals(
    await ok(state, "set", "gpu_slots", "2"),
    "Already set: gpu_slots = 2\n",
  );
  assertEquals(await ok(state, "set", "gpu_slots", "0"), "Set gpu_slots = 0\n");
  const json = await ok(state, "set", "ram_mb", "64G", "--json");
  assertFormat("set", json);
  await using pool = new ResourcePool({ path: state });
  const { resources } = await pool.status();
  assertEquals({ ...resources }, {
    vram_mb: 24576,
    gpu_slots: 0,
    ram_mb: 65536,
  });
});

Deno.test("reslock unset removes what is there and names what is not", async () => {
  using folder = new Folder();
  const { state } = folder;
  await ok(state, "set", "a", "1");
  await ok(state, "set", "b", "1");
  assertEquals(await ok(state, "unset", "a"), "Unset a\n");
  const { code, out, err } = await call(["unset", "b", "c", "-s", state]);
  assertEquals({ code, out }, { code: 1, out: "Unset b\n" });
  assertMatch(err, /^reslock: .*"c".*reslock status"?\n$/);
});

Deno.test("reslock status and list show who holds what, and who waits", async () => {
  using folder = new Folder();
  const { state } = folder;
  await using pool = new ResourcePool({ path: state });
  await pool.setResources({ slots: 1, ram_mb: 2048 });
  await using lease = await pool.acquire({ slots: 1, ram_mb: 1024 }, {
    label: "llama",
  });
  const abort = new AbortController();
  const waits = Promise.withResolvers<void>();
  const waiting = pool.acquire({ slots: 1 }, {
    label: "whisper",
    signal: abort.signal,
    onQueued: () => waits.resolve(),
  }).catch(() => {});
  await waits.promise;

  for (
    const part of [lease.id, "llama", "ram_mb 1 GB", "whisper", "1 waiting"]
  ) {
    assertStringIncludes(await ok(state, "status"), part);
  }
  assertStringIncludes(await ok(state, "list"), lease.id);
  const status = await ok(state, "status", "--json");
  assertFormat("status", status);
  const shown = JSON.parse(status);
  assertEquals(shown.available, { slots: 0, ram_mb: 1024 });
  assertEquals(shown.leases[0].owner, "alive");
  assertEquals(shown.queue[0].label, "whisper");
  assertFormat("list", await ok(state, "list", "--json"));
  assertFormat("state", Deno.readTextFileSync(state).trimEnd());
  abort.abort();
  await waiting;
});

Deno.test("reslock release takes a lease by id, by the start of it, and by label", async () => {
  using folder = new Folder();
  const { state } = folder;
  await using pool = new ResourcePool({ path: state });
  await pool.setResources({ slots: 4 });
  const take = (label: string) => pool.acquire({ slots: 1 }, { label });
  const byId = await take("a");
  assertStringIncludes(await ok(state, "release", byId.id), "slots 1");
  const byStart = await take("b");
  await ok(state, "release", byStart.id.slice(0, 6));
  await take("c");
  await take("c");
  const json = await ok(state, "release", "--label", "c", "--json");
  assertFormat("release", json);
  assertEquals(JSON.parse(json).released.length, 2);
  assertEquals((await pool.status()).leases, []);
});

Deno.test("reslock reset asks before it drops what is live", async () => {
  using folder = new Folder();
  const { state } = folder;
  await using pool = new ResourcePool({ path: state });
  await pool.setResources({ slots: 1 });
  await using _lease = await pool.acquire({ slots: 1 });
  const args = ["reset", "--state", state];

  const alone = await call(args);
  assertEquals(alone.code, 1);
  assertMatch(alone.err, /^reslock: .*1 lease and 0 waiters.*--force.*\n$/);
  assertEquals((await call(args, { answer: "n" })).code, 1);
  assertEquals((await call(args, { answer: "" })).code, 1);
  assertEquals((await pool.status()).leases.length, 1);
  const { code, err } = await call(args, { answer: "y" });
  assertEquals(code, 0);
  assertStringIncludes(err, "[y/N]");
  const { leases, resources } = await pool.status();
  assertEquals([leases.length, Object.keys(resources).length], [0, 0]);
});

Deno.test("reslock reset needs no answer where nothing is lost, nor with --force", async () => {
  using folder = new Folder();
  const { state } = folder;
  await ok(state, "set", "slots", "1");
  await ok(state, "reset");
  Deno.writeTextFileSync(state, '{"damaged"');
  assertEquals((await call(["reset", "-s", state])).code, 3);
  await ok(state, "reset", "--force");
  assertEquals(JSON.parse(await ok(state, "status", "--json")).resources, {});
});

Deno.test("reslock init registers what it finds and leaves alone what is set", async () => {
  using folder = new Folder();
  const { state } = folder;
  await ok(state, "set", "ram_mb", "1G");
  const json = await ok(state, "init", "--json", "--ram-reserve", "1G");
  assertFormat("init", json);
  const { kept, registered } = JSON.parse(json);
  assertEquals(kept, { ram_mb: 1024 });
  assert(!("ram_mb" in registered));
  assertStringIncludes(await ok(state, "init"), "ram_mb = 1024 (1 GB)");
});

Deno.test("reslock init keeps RAM in reserve", async () => {
  using folder = new Folder();
  const ram = async (name: string, ...args: string[]) => {
    const state = `${folder.path}/${name}.json`;
    const json = await ok(state, "init", "--json", ...args);
    const { registered, limits } = JSON.parse(json);
    return limits.ram_mb === undefined ? registered.ram_mb : undefined;
  };
  const all = await ram("all");
  const less = await ram("less", "--ram-reserve", "1G");
  // In a container with a limit of its own no RAM is registered.
  assertEquals(less, all === undefined ? undefined : all - 1024);
});

Deno.test("reslock detect tells where was looked, and changes nothing", async () => {
  using folder = new Folder();
  assertFormat("detect", await ok(folder.state, "detect", "--json"));
  assertStringIncludes(await ok(folder.state, "detect"), "nvidia-smi");
  assertEquals([...Deno.readDirSync(folder.path)].length, 0);
});

Deno.test("reslock schema is read by people and by programs", async () => {
  using folder = new Folder();
  assertStringIncludes(await ok(folder.state, "schema"), "reclaim_requested");
  const schemas = JSON.parse(await ok(folder.state, "schema", "--json"));
  assertEquals(schemas.schema_version, 5);
  assertEquals(schemas.status.type, "object");
});

Deno.test("reslock COMMAND --help has two examples that begin with reslock", async () => {
  const context = { io: {} as never, exitCode: 0 };
  for (const name of COMMAND_NAMES) {
    const { command } = await loadCommand(name);
    const help = (await command(context)).name(name).getHelp({ colors: false });
    const examples = help.slice(help.indexOf("Examples:"));
    const count = examples.match(new RegExp(`reslock ${name}`, "g"))?.length;
    assert((count ?? 0) >= 2, `${name}: ${examples}`);
  }
});
