/**
 * Who uses cards, and who has no lease of them: real processes on made-up cards.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { FORMATS } from "../../lib/cli/formats.ts";
import { renderOrphans } from "../../lib/cli/render_orphans.ts";
import { jsonSchema } from "../../lib/cli/schema_view.ts";
import { measureUsage, ResourcePool } from "../../mod.ts";
import { FakeCards, setEnv } from "../support/fake_cards.ts";
import { until } from "../support/processes.ts";
import { schemaFaults } from "./schema_check.ts";
import { SAMPLE_POOL } from "./sample_pool.ts";
import { assertGolden, call, ok, scriptTo } from "./support.ts";

const CARDS = [
  "GPU-aaaaaaaa-0c3e-4f7a-9d21-6a0e8c4b7f10",
  "GPU-bbbbbbbb-8a56-41b2-b7f0-1d2e3f4a5b6c",
];
const [A, B] = CARDS;
const cards = CARDS.map((uuid) => ({ uuid }));

/** A process that is nobody's. */
function stranger(): { readonly pid: number } & AsyncDisposable {
  const child = new Deno.Command("sleep", { args: ["600"] }).spawn();
  return {
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}

Deno.test("reslock orphans finds who is on a card without a lease, and no one else", async () => {
  using machine = await FakeCards.of({ cards });
  using _host = setEnv({ RESLOCK_PIDNS: "host", RESLOCK_LEASE_ID: undefined });
  const { state, path } = machine.folder;
  await ok(state, "init");
  const none = await call(["orphans", "-s", state]);
  assertEquals(none, {
    code: 0,
    out: "No process holds GPU memory without a lease\n",
    err: "",
  });
  // A child of the command's, which the lease does not name.
  const command = scriptTo(
    `${path}/log`,
    `sleep 600 & echo $!; while [ ! -e "${path}/go" ]; do sleep 0.02; done; kill $!`,
  );
  const running = call(["run", "-s", state, "--vram", "8G", command]);
  await until("the child has a child", () => readQuietly(`${path}/log`) !== "");
  const grandchild = Number(readQuietly(`${path}/log`));
  await using other = stranger();
  await machine.become({
    cards,
    processes: [
      { uuid: A, pid: grandchild, usedMb: 4096 },
      { uuid: B, pid: other.pid, usedMb: 9216, name: "python train.py" },
    ],
  });
  // Of all that runs here, this process holds the lease: the stranger is its child.
  const own = await call(["orphans", "-s", state, "--json"]);
  assertEquals([own.code, own.err], [0, ""]);
  Deno.writeTextFileSync(`${path}/go`, "");
  assertEquals((await running).code, 0);

  const { code, out, err } = await call(["orphans", "-s", state, "--json"]);
  assertEquals([code, err], [4, ""]);
  assertEquals(schemaFaults(jsonSchema(FORMATS.orphans), JSON.parse(out)), []);
  assertEquals(JSON.parse(out).orphans, [
    {
      pid: other.pid,
      name: "python train.py",
      gpus: [{ uuid: B, used_mb: 9216 }],
      maybe_of: [],
    },
    {
      pid: grandchild,
      name: "python",
      gpus: [{ uuid: A, used_mb: 4096 }],
      maybe_of: [],
    },
  ]);
  const text = await call(["orphans", "-s", state]);
  assertEquals(text.code, 4);
  assertMatch(text.out, /^ *\d+ +python train\.py +gpu 1 9 GB$/m);
});

Deno.test("reslock orphans fails where it cannot know", async () => {
  using machine = await FakeCards.of({ cards });
  const { state } = machine.folder;
  const cases: [
    env: string,
    scenario: Parameters<typeof machine.become>[0],
    words: string,
  ][] = [
    ["private", { cards }, "look on the host"],
    ["host", {}, "no GPU was found"],
    [
      "host",
      {
        cards,
        trouble: [{ tool: "nvidia-smi", code: 9, says: "has failed" }],
      },
      "has failed",
    ],
  ];
  for (const [RESLOCK_PIDNS, scenario, words] of cases) {
    using _env = setEnv({ RESLOCK_PIDNS });
    await machine.become(scenario);
    const { code, out, err } = await call(["orphans", "-s", state]);
    assertEquals([code, out], [1, ""], words);
    assertStringIncludes(err, words);
  }
});

Deno.test("reslock init registers the rest where a driver is broken, and fails", async () => {
  using machine = await FakeCards.of({
    trouble: [{ tool: "nvidia-smi", code: 18, says: "version mismatch" }],
  });
  const { state } = machine.folder;
  const { code, out, err } = await call(["init", "-s", state]);
  assertEquals(code, 1);
  assertMatch(out, /^ {2}ram_mb = /m);
  // There may well be one.
  assert(!out.includes("No GPU"));
  assertMatch(err, /^reslock: .* nvidia-smi fails: "version mismatch"/);
});

/** What was told a moment ago would do for a second. */
function forgetReadings(state: string): void {
  Deno.removeSync(`${state}.gpus`);
}

Deno.test("reslock status asks the driver once, not again within a second, and never without cards", async () => {
  using machine = await FakeCards.of({ cards: [{ uuid: A }] });
  using _host = setEnv({ RESLOCK_PIDNS: "host" });
  const { state } = machine.folder;
  await using pool = new ResourcePool({ path: state });
  await pool.setResources({ ram_mb: 1000 });
  await using _ram = await pool.acquire({ ram_mb: 1000 });
  await ok(state, "status");
  assertEquals(await machine.calls(), 0);
  await pool.setResources({ [`gpu_${A}_vram_mb`]: 24_576 });
  await using _card = await pool.acquire({ vram_mb: 4096 });
  forgetReadings(state);
  const before = await machine.readings();
  await ok(state, "status");
  assertEquals(await machine.readings(), before + 1);
  // As if it had been told just now, however slow this machine is.
  const notes = `${state}.gpus`;
  const [note] = JSON.parse(await Deno.readTextFile(notes));
  const fresh = { ...note, atMs: Date.now() + 900 };
  await until("the note is of the past", async () => {
    await Deno.writeTextFile(notes, JSON.stringify([fresh]));
    return Date.now() >= fresh.atMs;
  });
  await ok(state, "status", "--json");
  assertEquals(await machine.readings(), before + 1);
});

Deno.test("reslock status marks a lease that uses more than it holds", async () => {
  using machine = await FakeCards.of({ cards: [{ uuid: A }] });
  using _host = setEnv({ RESLOCK_PIDNS: "host" });
  const { state } = machine.folder;
  await using pool = new ResourcePool({ path: state });
  await pool.setResources({ [`gpu_${A}_vram_mb`]: 24_576 });
  await using lease = await pool.acquire({ vram_mb: 4096 });
  const use = async (usedMb: number) => {
    await machine.become({
      cards: [{ uuid: A, usedMb }],
      processes: [{ uuid: A, pid: Deno.pid, usedMb }],
    });
    forgetReadings(state);
  };
  const overuse = async () =>
    JSON.parse(await ok(state, "status", "--json")).leases[0].overuse;
  await use(4096);
  assertMatch(await ok(state, "status"), / uses gpu 0 4 GB$/m);
  assertEquals(await overuse(), []);
  await use(5120);
  assertMatch(await ok(state, "status"), / uses too much: gpu 0 5 GB$/m);
  assertEquals(await overuse(), [
    { resource: `gpu_${A}_vram_mb`, leased_mb: 4096, used_mb: 5120 },
  ]);
  const usage = (await measureUsage((await pool.status()).leases)).leases;
  assertEquals(usage.get(lease.id)?.resources, { [`gpu_${A}_vram_mb`]: 5120 });
  // A driver that is broken is no reason to show nothing.
  forgetReadings(state);
  await machine.become({
    cards: [{ uuid: A }],
    trouble: [{ tool: "nvidia-smi", code: 9, says: "has failed" }],
  });
  assertStringIncludes(await ok(state, "status"), "1 lease\n");
});

Deno.test("Lease.measure() writes what is used into the lease", async () => {
  using machine = await FakeCards.of({ cards: [{ uuid: A }] });
  using _host = setEnv({ RESLOCK_PIDNS: "host" });
  await using pool = new ResourcePool({ path: machine.folder.state });
  await pool.setResources({ [`gpu_${A}_vram_mb`]: 24_576 });
  await using lease = await pool.acquire({ vram_mb: 4096 });
  await using child = stranger();
  await machine.become({
    cards: [{ uuid: A }],
    processes: [
      { uuid: A, pid: Deno.pid, usedMb: 1000 },
      { uuid: A, pid: child.pid, usedMb: 2000 },
    ],
  });
  const usage = await lease.measure();
  assertEquals(usage.resources[`gpu_${A}_vram_mb`], 3000);
  assert(usage.resources.ram_mb > 10, `${usage.resources.ram_mb}`);
  assert(usage.cpuSeconds! > 0);
  const [shown] = (await pool.status()).leases;
  assertEquals({ ...shown.actualResources }, usage.resources);
  assertEquals(shown.cpuSeconds, usage.cpuSeconds);
});

for (const columns of [60, 100]) {
  Deno.test(`renderOrphans() fits ${columns} columns`, () => {
    const orphans = [
      {
        pid: 4242,
        name: "/opt/venv/bin/python3 train.py --with many words",
        gpus: { [A]: 9216, [B]: 512 },
        maybeOf: [],
      },
      {
        pid: 7,
        name: "\x1b[2J",
        gpus: { [B]: null },
        maybeOf: ["k3v9x0q7ta-4"],
      },
    ];
    const view = { columns, color: false, nowMs: 0 };
    // Of the cards one is known by its number, the other is not in the pool.
    const pool = {
      resources: { [`gpu_${A}_vram_mb`]: 24_576 },
      cards: [{ ...SAMPLE_POOL.cards[0], uuid: A, index: 3 }],
    };
    assertGolden(`orphans_${columns}`, renderOrphans(orphans, pool, view));
  });
}

function readQuietly(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
