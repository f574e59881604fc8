/**
 * `reslock doctor` on real pools with real troubles.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { diagnose, recover, ResourcePool, salvage } from "../../mod.ts";
import { assertFormat, call, outcome, start } from "../cli/support.ts";
import { Actor } from "../support/actor.ts";
import { canMount, onOverlay, readOnly } from "../support/mounts.ts";
import {
  Folder,
  processState,
  Program,
  runTool,
  until,
  works,
} from "../support/processes.ts";
import { canBecomeOthers, Shelter } from "../support/shelter.ts";

const canSwitch = await canBecomeOthers();
const canMountHere = await canMount();
const hasPython = await works("python3", "-c", "import venv");

function test(
  name: string,
  possible: boolean,
  body: () => Promise<void>,
): void {
  const words = possible ? name : `${name} (skipped: not possible here)`;
  Deno.test(words, { ignore: !possible }, body);
}

interface Said {
  readonly name: string;
  readonly level: string;
  readonly message: string;
  readonly advice: string;
}

/** What a check says of a pool. */
async function saidOf(
  state: string,
  name: string,
  ...args: readonly string[]
): Promise<Said[]> {
  const { out } = await call(["--state", state, "doctor", "--json", ...args]);
  const checks: Said[] = JSON.parse(out).checks;
  return checks.filter((check) => check.name === name);
}

function modeOf(path: string): string {
  return (Deno.lstatSync(path).mode! & 0o7777).toString(8);
}

Deno.test("reslock doctor finds nothing wrong with a new pool, and changes nothing", async () => {
  using folder = new Folder();
  const path = `${folder.path}/pool/state.json`;
  await using pool = new ResourcePool({ path });
  await pool.setResources({ slot: 1 });
  await using _lease = await pool.acquire({ slot: 1 });
  const before = Deno.readTextFileSync(path);
  const names = () =>
    [...Deno.readDirSync(`${folder.path}/pool`)]
      .map(({ name }) => name).sort();
  const there = names();
  const { code, out, err } = await call(["doctor", "--state", path]);
  assertEquals([code, err], [0, ""], out);
  assert(!out.includes("problem "), out);
  assertStringIncludes(out, "A lock keeps others out");
  assertStringIncludes(out, "1 capacity, 1 lease, 0 waiters");
  assertEquals(names(), there);
  assertEquals(Deno.readTextFileSync(path), before);
});

Deno.test("reslock doctor makes nothing where there is no pool", async () => {
  using folder = new Folder();
  const path = `${folder.path}/none/state.json`;
  const { code, out } = await call(["doctor", "--fix", "--state", path]);
  assertEquals(code, 0, out);
  assertEquals([...Deno.readDirSync(folder.path)], []);
});

Deno.test("reslock doctor --fix sets modes and buries the dead; without it all stays", async () => {
  using folder = new Folder();
  const { state } = folder;
  Deno.chmodSync(folder.path, 0o1777);
  await using pool = new ResourcePool({ path: state });
  await pool.setResources({ slot: 2 });
  await using _living = await pool.acquire({ slot: 1 });
  await using dead = await Actor.start(state);
  const { id } = await dead.acquire({ slot: 1 });
  await dead.kill();
  const ownerFile = `${state}.owners/${id.split("-")[0]}`;
  Deno.utimeSync(ownerFile, 0, 0);
  Deno.chmodSync(state, 0o644);
  const draft = `${state}.reslock-0123456789.new`;
  Deno.writeTextFileSync(draft, "half");
  Deno.utimeSync(draft, 0, 0);
  const first = await call(["doctor", "--json", "--state", state]);
  assertEquals(first.code, 1);
  assertStringIncludes(first.out, id);
  assertEquals(modeOf(state), "644");
  const { code, out } = await call(["doctor", "--fix", "--state", state]);
  assertEquals(code, 0, out);
  assertStringIncludes(out, "Put right");
  assertEquals(modeOf(state), "666");
  assertEquals(folder.names("").filter((name) => name.endsWith(".new")), []);
  assert(
    !folder.names("state.json.owners").includes(ownerFile.split("/").at(-1)!),
  );
  const { leases } = await pool.status();
  assertEquals(leases.map(({ pid }) => pid), [Deno.pid]);
});

Deno.test("reslock doctor --fix follows no link to a file of others", async () => {
  using folder = new Folder();
  Deno.chmodSync(folder.path, 0o1777);
  const precious = `${folder.path}/precious`;
  Deno.writeTextFileSync(precious, "precious", { mode: 0o600 });
  Deno.symlinkSync(precious, folder.state);
  const { code } = await call(["doctor", "--fix", "--state", folder.state]);
  assertEquals(code, 1);
  assertEquals(modeOf(precious), "600");
  Deno.removeSync(folder.state);
  // Another name of it is a file like any other to the eye.
  Deno.linkSync(precious, folder.state);
  await call(["doctor", "--fix", "--state", folder.state]);
  assertEquals([modeOf(precious), Deno.readTextFileSync(precious)], [
    "600",
    "precious",
  ]);
});

Deno.test("reslock doctor names the stopped process that holds the lock", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1 });
  await using locker = new Program("flock", {
    args: ["-F", folder.state, "sh", "-c", "echo locked; exec sleep 300"],
  });
  assertEquals(await locker.expectLine(), "locked");
  locker.signal("SIGSTOP");
  await until("it is stopped", () => processState(locker.pid) === "T");
  const [locks] = await saidOf(folder.state, "locks");
  assertEquals(locks.level, "problem");
  assertStringIncludes(locks.message, `Process ${locker.pid}`);
  assertStringIncludes(locks.advice, `kill -CONT ${locker.pid}`);
});

test(
  "reslock doctor tells one user what another one's modes keep from them",
  canSwitch,
  async () => {
    using folder = new Folder();
    using shelter = await Shelter.open();
    Deno.chmodSync(folder.path, 0o755);
    await using pool = new ResourcePool({ path: folder.state });
    await pool.setResources({ slot: 1 });
    Deno.chmodSync(folder.state, 0o644);
    await using program = Program.start(
      "diagnose_program.ts",
      [folder.state],
      shelter.as(0),
    );
    const checks: Said[] = JSON.parse(await program.expectLine()).checks;
    const messages = checks.filter(({ level }) => level === "problem")
      .map(({ message }) => message);
    assert(
      messages.some((text) => text.includes("who can only look")),
      messages.join("\n"),
    );
  },
);

test(
  "reslock doctor finds a Python package that is too old",
  hasPython,
  async () => {
    using folder = new Folder();
    const environment = `${folder.path}/python`;
    await runTool("python3", "-m", "venv", "--without-pip", environment);
    const packages = await runTool(
      `${environment}/bin/python`,
      ...["-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"],
    );
    const metadata = `${packages.trim()}/reslock-0.11.4.dist-info`;
    Deno.mkdirSync(metadata);
    Deno.writeTextFileSync(
      `${metadata}/METADATA`,
      "Metadata-Version: 2.1\nName: reslock\nVersion: 0.11.4\n",
    );
    const { code, out } = await outcome(
      start(folder.path, ["doctor", "--json"], {
        RESLOCK_DIR: `${folder.path}/pool`,
        PATH: `${environment}/bin:/usr/bin:/bin`,
      }),
    );
    assertEquals(code, 1, out);
    const checks: Said[] = JSON.parse(out).checks;
    const [said] = checks.filter(({ name }) => name === "python");
    assertEquals(said.level, "problem");
    assertStringIncludes(said.message, "0.11.4");
  },
);

test(
  "reslock doctor warns of a pool in a layer of a container",
  canMountHere,
  async () => {
    using folder = new Folder();
    await using program = Program.start("diagnose_program.ts", [folder.state], {
      through: onOverlay(folder.path),
    });
    const checks: Said[] = JSON.parse(await program.expectLine()).checks;
    const [said] = checks.filter(({ name }) => name === "file system");
    assertEquals(said.level, "warning");
    assertStringIncludes(said.message, "layer of this container (overlay)");
  },
);

test(
  "reslock doctor tells a disk that is mounted read-only from modes that are wrong",
  canMountHere,
  async () => {
    using folder = new Folder();
    await using pool = new ResourcePool({ path: folder.state });
    await pool.setResources({ slot: 1 });
    await using program = Program.start("diagnose_program.ts", [folder.state], {
      through: readOnly(folder.path),
    });
    const checks: Said[] = JSON.parse(await program.expectLine()).checks;
    const [files, disk] = checks.filter(({ level }) => level === "problem");
    assertEquals([files.name, disk.name], ["files", "file system"]);
    assert(!files.advice.includes("chmod"), files.advice);
    assertStringIncludes(disk.message, "mounted read-only");
  },
);

Deno.test("reslock doctor has nothing against a pool that nobody has used yet", async () => {
  using folder = new Folder();
  Deno.chmodSync(folder.path, 0o755);
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1 });
  const files = await saidOf(folder.state, "files");
  assertEquals(files.map(({ level }) => level), ["ok"]);
});

// ---------------------------------------------------------------- recovery

const LABEL = "x".repeat(200);

/** A pool of several pages with leases of the living and of a dead one. */
async function populate(folder: Folder, pool: ResourcePool): Promise<Actor> {
  await pool.setResources({ slot: 100 });
  const dead = await Actor.start(folder.state);
  await dead.acquire({ slot: 1 }, { label: "of the dead" });
  for (let i = 0; i < 20; i++) {
    await pool.acquire({ slot: 1 }, { label: LABEL });
  }
  await dead.kill();
  return dead;
}

Deno.test("reslock doctor --recover keeps what can be read of the living, after asking", async () => {
  using folder = new Folder();
  const { state } = folder;
  await using pool = new ResourcePool({ path: state });
  await using _dead = await populate(folder, pool);
  // The disk lost a page in the middle, and the first one with the capacities.
  const damaged = Deno.readFileSync(state);
  damaged.fill(0, 8192, 12288).fill(0, 0, 200);
  Deno.writeFileSync(state, damaged);
  const told = await call(["status", "--state", state]);
  assertEquals(told.code, 3);
  assertStringIncludes(told.err, "reslock doctor --recover");
  const [said] = await saidOf(state, "state");
  assertEquals(said.level, "problem");

  const unasked = await call(["doctor", "--recover", "--state", state]);
  assertEquals(unasked.code, 1);
  assertStringIncludes(unasked.err, "--force");
  const refused = await call(["doctor", "--recover", "--state", state], {
    answer: "n",
  });
  assertEquals(refused.code, 1);
  assertStringIncludes(refused.err, "This is lost");
  assertEquals(Deno.readFileSync(state), damaged);

  const { code, out } = await call(["doctor", "--recover", "--state", state], {
    answer: "y",
  });
  assertEquals(code, 0, out);
  const { resources, leases } = await pool.status();
  assertEquals(resources.slot, 100);
  assert(leases.length > 5 && leases.length < 20, String(leases.length));
  assert(leases.every(({ label }) => label === LABEL));
  const copy = /kept as (.*)/.exec(out)![1];
  assertEquals(Deno.readFileSync(copy), damaged);
  const again = await call(["doctor", "--recover", "--state", state]);
  assertStringIncludes(again.out, "Nothing to recover");
});

Deno.test("reslock doctor --save writes what can be read, and leaves the rest alone", async () => {
  using folder = new Folder();
  const { state } = folder;
  const file = `${folder.path}/saved.json`;
  await using pool = new ResourcePool({ path: state });
  await pool.setResources({ slot: 3 });
  await using _lease = await pool.acquire({ slot: 1 }, { label: "kept" });
  const sound = await call(["doctor", "--save", file, "--state", state]);
  assertEquals(sound.code, 1);
  assertStringIncludes(sound.err, "not damaged");
  const text = Deno.readTextFileSync(state).trimEnd();
  Deno.writeTextFileSync(state, text.slice(0, -1));
  const { code, out } = await call([
    "doctor",
    "--save",
    file,
    "--state",
    state,
  ]);
  assertEquals(code, 0, out);
  const saved = JSON.parse(Deno.readTextFileSync(file));
  assertEquals(saved.resources, { slot: 3 });
  assertEquals(saved.resources_from, "state");
  assertEquals(saved.leases[0].label, "kept");
  assertEquals(Deno.readTextFileSync(state), text.slice(0, -1));
  const twice = await call(["doctor", "--save", file, "--state", state]);
  assertEquals(twice.code, 1);
  assertStringIncludes(twice.err, "it is there already");
  Deno.writeTextFileSync(state, text);
});

Deno.test("recover() takes capacities from their copy where a file is empty, and names those who live", async () => {
  using folder = new Folder();
  const { state } = folder;
  await using pool = new ResourcePool({ path: state });
  await pool.setResources({ slot: 3 });
  await using holder = await Actor.start(state);
  await holder.acquire({ slot: 1 }, { listen: true });
  Deno.truncateSync(state);
  const found = await salvage({ path: state });
  assertEquals(found!.capacitiesFrom, "copy");
  assertStringIncludes(found!.lost.join(), `process ${holder.pid}`);
  assertEquals(await recover({ path: state }), null);
  assertEquals(Deno.readTextFileSync(state), "");
  const recovered = await recover({ path: state, agree: () => true });
  assertEquals(recovered!.pool.resources.slot, 3);
  await holder.hears("lost");
  assertEquals((await pool.status()).available, { slot: 3 });
});

Deno.test("reslock doctor --recover makes a state file that is gone anew, with the capacities", async () => {
  using folder = new Folder();
  const { state } = folder;
  await using pool = new ResourcePool({ path: state });
  await pool.setResources({ slot: 3 });
  await using holder = await Actor.start(state);
  await holder.acquire({ slot: 1 });
  Deno.removeSync(state);
  const [said] = await saidOf(state, "state");
  assertEquals(said.level, "problem");
  assertStringIncludes(said.message, "a copy of 1 capacity");

  const recover = ["doctor", "--recover", "--state", state];
  const unasked = await call(recover);
  assertEquals(unasked.code, 1);
  assertStringIncludes(unasked.err, `process ${holder.pid}`);
  const { code, out } = await call(recover, { answer: "y" });
  assertEquals(code, 0);
  assertEquals(
    out,
    `Recovered ${state}, in which nothing was left: slot = 3\n`,
  );
  assertEquals(modeOf(state), "666");
  assertEquals((await pool.status()).available, { slot: 3 });
  assertStringIncludes((await call(recover)).out, "Nothing to recover");
});

Deno.test("what is left of a state file that was removed is told, and brought back after others came", async () => {
  using folder = new Folder();
  const { state } = folder;
  await using pool = new ResourcePool({ path: state });
  await pool.setResources({ slot: 3 });
  Deno.removeSync(state);
  const at = (...args: string[]) => call([...args, "--state", state]);
  const ways = [["status"], ["list"], ["status", "--short"], []];
  const tellsAll = async () => {
    for (const way of ways) {
      const { out } = await at(...way);
      assertStringIncludes(
        out.replaceAll("\n", " "),
        "doctor --recover",
        way[0],
      );
    }
  };
  await tellsAll();
  assertStringIncludes((await at("status")).out, "somebody removed it");
  // Whoever comes first makes an empty one.
  const run = await call([
    ...["run", "--state", state, "--resource", "slot=1", "--cpu", "1"],
    "true",
  ]);
  assertEquals(run.code, 125);
  assertStringIncludes(run.err, "reslock doctor --recover");
  assertEquals((await pool.status()).resources, {});
  await tellsAll();
  assertStringIncludes((await at("doctor")).out, "a copy of 1 capacity");
  const { code, out } = await at("doctor", "--recover");
  assertEquals(code, 0, out);
  assertEquals((await pool.status()).resources, { slot: 3 });
  // What was dropped on purpose is not brought back.
  await at("reset");
  assertEquals((await at("doctor", "--recover")).code, 0);
  assertEquals((await pool.status()).resources, {});
  assertStringIncludes((await at("status")).out, "reslock init");
});

Deno.test("reslock init tells which capacities of a state file that is gone it does not take over", async () => {
  using folder = new Folder();
  const { state } = folder;
  await using pool = new ResourcePool({ path: state });
  await pool.setResources({ slot: 3 });
  Deno.removeSync(state);
  const { out } = await call(["init", "--json", "--state", state]);
  assertFormat("init", out);
  assertEquals(JSON.parse(out).forgotten, { slot: 3 });
  const again = await call(["init", "--json", "--state", state]);
  assertEquals(JSON.parse(again.out).forgotten, {});
});

Deno.test("recover() puts those who wait back and grants what is free", async () => {
  using folder = new Folder();
  const { state } = folder;
  await using pool = new ResourcePool({ path: state });
  await pool.setResources({ slot: 1 });
  await using holder = await Actor.start(state);
  await holder.acquire({ slot: 1 });
  await using waiter = await Actor.start(state);
  const { granted } = await waiter.queue({ slot: 1 });
  Deno.truncateSync(state);
  await recover({ path: state, agree: () => true });
  await granted;
  assertEquals((await pool.status()).leases.map(({ pid }) => pid), [
    waiter.pid,
  ]);
});

Deno.test("recover() leaves a file of another version alone, and one that is too large", async () => {
  using folder = new Folder();
  const { state } = folder;
  const texts = [
    '{"version":6,"resources":{},"leases":[],"queue":[]}',
    '{"version":6,"resources":{},"leases":[',
    " ".repeat(17 * 2 ** 20),
  ];
  for (const text of texts) {
    Deno.writeTextFileSync(state, text);
    const error = await recover({ path: state, agree: () => true })
      .then(() => undefined, (error) => error);
    assert(error instanceof Error, text.slice(0, 50));
    assertEquals(Deno.statSync(state).size, text.length);
  }
});

Deno.test("reslock doctor refuses options that do not go together", async () => {
  for (
    const args of [
      ["--fix", "--recover"],
      ["--save", "x", "--recover"],
      ["--force"],
      ["--json", "--recover"],
      ["--save", ""],
    ]
  ) {
    const { code, err } = await call(["doctor", ...args]);
    assertEquals(code, 2, args.join(" "));
    assertStringIncludes(err, "reslock doctor --help");
  }
});

Deno.test("diagnose() tells a program the same", async () => {
  using folder = new Folder();
  const { path, checks, fixed } = await diagnose({ path: folder.state });
  assertEquals(path, folder.state);
  assert(checks.length >= 10);
  assertEquals(fixed, []);
});
