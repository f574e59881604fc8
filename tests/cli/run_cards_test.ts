/**
 * `reslock run` on a machine with cards: what the command sees of them.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { ResourcePool } from "../../mod.ts";
import { renderScenario } from "../os/data/fake_tools/scenario.ts";
import { FakeCards, setEnv } from "../support/fake_cards.ts";
import { until } from "../support/processes.ts";
import { assertFormat, call, ok, scriptTo } from "./support.ts";

const CARDS = [
  "GPU-aaaaaaaa-0c3e-4f7a-9d21-6a0e8c4b7f10",
  "GPU-bbbbbbbb-8a56-41b2-b7f0-1d2e3f4a5b6c",
];
const MACHINE = { cards: CARDS.map((uuid) => ({ uuid })) };
const [A, B] = CARDS;

const SHOW =
  'echo "${CUDA_VISIBLE_DEVICES-unset} ${CUDA_DEVICE_ORDER-unset} $RESLOCK_GPUS"';

Deno.test("reslock run --visible names the cards as the command takes them", async () => {
  using machine = await FakeCards.of(MACHINE);
  const { state, path } = machine.folder;
  const show = scriptTo(`${path}/log`, SHOW);
  await ok(state, "init");
  const both = ["--vram", "20G", "--gpus", "2"];
  await ok(state, "run", ...both, show);
  await ok(state, "run", ...both, "--visible", "uuid", show);
  await ok(state, "run", ...both, "--visible=index", show);
  const lines = Deno.readTextFileSync(`${path}/log`).trim().split("\n");
  const named = (line: string) =>
    line.split(" ").map((word) => word.split(",").sort().join());
  assertEquals(lines.map(named), [
    [`${A},${B}`, "unset", `${A},${B}`],
    [`${A},${B}`, "unset", `${A},${B}`],
    ["0,1", "PCI_BUS_ID", `${A},${B}`],
  ]);
});

Deno.test("reslock run gets the cards that the mask leaves it, and no others", async () => {
  using machine = await FakeCards.of(MACHINE);
  using _mask = setEnv({ CUDA_VISIBLE_DEVICES: "1" });
  const { state, path } = machine.folder;
  const show = scriptTo(`${path}/log`, SHOW);
  for (const size of ["20G", "1G"]) {
    assertEquals(
      (await call(["run", "-qs", state, "--vram", size, show])).code,
      0,
    );
  }
  assertEquals(
    Deno.readTextFileSync(`${path}/log`),
    `${B} unset ${B}\n`.repeat(2),
  );
  const both = await call(
    ["run", "-s", state, "--vram", "1G", "--gpus", "2", show],
  );
  assertEquals(both.code, 125);
  assertMatch(both.err, new RegExp(B));
  // Who names a card himself is told that it is hidden.
  const named = await call(
    ["run", "-s", state, "--vram", "1G", "--gpu", "0", show],
  );
  assertEquals(named.code, 125);
  assertMatch(named.err, /^reslock: Cannot get .*CUDA_VISIBLE_DEVICES=1/);
});

Deno.test("reslock why gives the answer that run would give within a mask", async () => {
  using machine = await FakeCards.of(MACHINE);
  using _mask = setEnv({ CUDA_VISIBLE_DEVICES: "1" });
  const { state } = machine.folder;
  await ok(state, "init");
  await using pool = new ResourcePool({ path: state });
  await using lease = await pool.acquire({ vram_mb: 20_480 }, { cards: [B] });
  const answers: (readonly string[])[] = [];
  const cases: [words: string[], why: number, run: number][] = [
    [["20G"], 75, 75],
    [["4G"], 0, 0],
    [["4G", "--gpu", "0"], 69, 125],
    [["4G", "--gpu", "1"], 0, 0],
    // The model means both, and one of them is hidden and free.
    [["20G", "--gpu", "Fake"], 75, 75],
    [["4G", "--gpu", "Fake"], 0, 0],
    [["4G", "--gpu", "0", "--gpu", "1", "--gpus", "2"], 69, 125],
  ];
  for (const [words, expected, inRun] of cases) {
    const asked = ["-s", state, "--vram", ...words, "--no-wait", "true"];
    const why = await call(["why", ...asked]);
    const run = await call(["run", ...asked]);
    assertEquals([why.code, run.code], [expected, inRun], words.join(" "));
    answers.push([why.out.split("\n")[0], why.err, run.err]);
  }
  const [[waits, , refused], , [hidden, , failed]] = answers;
  const reason = "needs 20 GB on gpu 1; 4 GB free; held by " + lease.id;
  assertEquals(waits, `Not now: ${reason}`);
  assertEquals(
    refused,
    `reslock: Cannot have vram 20 GB now: ${reason}: see "reslock status"\n`,
  );
  assertMatch(hidden, /^No: Cannot get .*CUDA_VISIBLE_DEVICES=1/);
  assertEquals(failed, `reslock: ${hidden.slice("No: ".length)}\n`);
  const { out } = await call(
    ["why", "-s", state, "--vram", "4G", "--gpu", "0", "--json"],
  );
  assertFormat("why", out);
});

Deno.test("reslock run starts nothing that would see no card", async () => {
  using machine = await FakeCards.of(MACHINE);
  using _mask = setEnv({ CUDA_VISIBLE_DEVICES: "NoDevFiles" });
  const { state, path } = machine.folder;
  const show = scriptTo(`${path}/log`, SHOW);
  await ok(state, "init");
  const { code, err } = await call(["run", "-s", state, "--vram", "1G", show]);
  assertEquals(code, 125);
  assertMatch(err, /^reslock: Cannot get .*CUDA_VISIBLE_DEVICES=NoDevFiles/);
  assertEquals(machine.folder.names("").includes("log"), false);
  await using pool = new ResourcePool({ path: state });
  assertEquals((await pool.status()).leases, []);
});

Deno.test("reslock why counts what run would register first, and registers nothing", async () => {
  using machine = await FakeCards.of(MACHINE);
  const { state } = machine.folder;
  const cases: [words: string[], mask: string | undefined, code: number][] = [
    [["--cpu", "1", "--vram", "20G"], undefined, 0],
    [["--vram", "20G", "--gpus", "2"], undefined, 0],
    [["--vram", "20G", "--gpu", "1"], undefined, 0],
    [["--vram", "20G"], "1", 0],
    [["--vram", "20G", "--gpus", "2"], "1", 69],
    [["--vram", "25G"], undefined, 69],
    [["--resource", "odd=1"], undefined, 69],
    [["--wait-for-capacity", "--vram", "1G"], undefined, 75],
  ];
  for (const [words, mask, code] of cases) {
    using _mask = setEnv({ CUDA_VISIBLE_DEVICES: mask });
    const why = await call(["why", "-s", state, ...words]);
    assertEquals(why.code, code, words.join(" "));
    const registers = !/odd|wait/.test(words.join());
    assertEquals(why.out.includes("registered on first use"), registers);
  }
  const { out } = await call(["why", "-s", state, "--vram", "1G", "--json"]);
  assertFormat("why", out);
  assertEquals(
    JSON.parse(out).registers,
    Object.fromEntries(CARDS.map((uuid) => [`gpu_${uuid}_vram_mb`, 24_576])),
  );
  await using pool = new ResourcePool({ path: state });
  assertEquals((await pool.status()).resources, {});
  // What others use of a card counts as well.
  await machine.become({ cards: [{ uuid: A, usedMb: 20_000 }] });
  Deno.removeSync(`${state}.gpus`);
  const used = await call(["why", "-s", state, "--vram", "20G"]);
  assertEquals(used.code, 75, used.out);
});

Deno.test("reslock run places its amounts on the cards of a mask as they fit", async () => {
  using machine = await FakeCards.of({
    cards: [...CARDS, "GPU-cccccccc-1"].map((uuid) => ({ uuid })),
  });
  using _mask = setEnv({ CUDA_VISIBLE_DEVICES: "0,1" });
  const { state, path } = machine.folder;
  const show = scriptTo(`${path}/log`, 'echo "$RESLOCK_GPUS $RESLOCK_VRAM_MB"');
  await ok(state, "init");
  await using pool = new ResourcePool({ path: state });
  await using _lease = await pool.acquire({ vram_mb: 14_000 }, { cards: [A] });
  for (const sizes of [["22G", "8G"], ["8G", "22G"]]) {
    const amounts = sizes.flatMap((size) => ["--vram", size]);
    await ok(state, "why", ...amounts);
    await ok(state, "run", "--no-wait", ...amounts, show);
    await ok(state, "run", ...amounts, show);
  }
  const lines = Deno.readTextFileSync(`${path}/log`).trim().split("\n");
  const placed = lines.map((line) => {
    const [cards, sizes] = line.split(" ").map((word) => word.split(","));
    return Object.fromEntries(cards.map((card, at) => [card, sizes[at]]));
  });
  assertEquals(placed, Array(4).fill({ [A]: "8192", [B]: "22528" }));
});

Deno.test("reslock names the mask that leaves too few cards", async () => {
  using machine = await FakeCards.of(MACHINE);
  const { state } = machine.folder;
  await ok(state, "init");
  const cases = [
    [
      "1",
      "2",
      `Cannot get 2 cards as "CUDA_VISIBLE_DEVICES=1" in the environment leaves ${B} alone`,
    ],
    [
      "7",
      "1",
      `Cannot get a card as "CUDA_VISIBLE_DEVICES=7" in the environment leaves out ${A}, ${B}`,
    ],
  ];
  for (const [mask, count, reason] of cases) {
    using _mask = setEnv({ CUDA_VISIBLE_DEVICES: mask });
    const asked = ["-s", state, "--gpus", count, "--vram", "2G"];
    const sentence = `${reason}: name others there, or unset it`;
    const run = await call(["run", ...asked, "true"]);
    assertEquals(run, { code: 125, out: "", err: `reslock: ${sentence}\n` });
    const why = await call(["why", ...asked]);
    assertEquals(why, { code: 69, out: `No: ${sentence}\n`, err: "" });
    const json = await call(["why", ...asked, "--json"]);
    assertEquals(json.code, 69);
    const explanation = JSON.parse(json.out);
    assertEquals([explanation.verdict, explanation.sentence], [
      "impossible",
      sentence,
    ]);
  }
});

Deno.test("reslock run goes by accounting within a mask that a broken driver cannot tell", async () => {
  using machine = await FakeCards.of(MACHINE);
  const { state, path } = machine.folder;
  const show = scriptTo(`${path}/log`, SHOW);
  await ok(state, "init");
  await machine.become({
    ...MACHINE,
    // Longer than an answer is young.
    trouble: [{ tool: "nvidia-smi", sleep: 0.3, code: 9 }],
  });
  const run = async (mask: string) => {
    using _mask = setEnv({ CUDA_VISIBLE_DEVICES: mask });
    const asked = ["-s", state, "--vram", "1G"];
    const { code, err } = await call(["run", ...asked, show]);
    assertEquals(code, 0, err);
    return err;
  };
  Deno.removeSync(`${state}.gpus`);
  const before = await machine.readings();
  assertEquals((await run(B)).includes("stays as it is"), false);
  // A slow one is waited for once.
  assertEquals(await machine.readings() - before, 1);
  assertMatch(
    await run("0,1"),
    /"CUDA_VISIBLE_DEVICES=0,1" .* stays as it is, as no driver tells/,
  );
  assertMatch(
    Deno.readTextFileSync(`${path}/log`),
    new RegExp(`^${B} unset ${B}\n0,1 unset GPU-\\S+\n$`),
  );
});

Deno.test("reslock run asks no tool for what it knows", async () => {
  using machine = await FakeCards.of(MACHINE);
  const { state } = machine.folder;
  await ok(state, "init");
  const before = await machine.calls();
  await ok(state, "run", "--no-driver-check", "--vram", "1G", "true");
  {
    using _mask = setEnv({ CUDA_VISIBLE_DEVICES: "0" });
    await ok(state, "run", "--visible", "index", "--ram", "1", "true");
  }
  {
    using _mask = setEnv({ CUDA_VISIBLE_DEVICES: B });
    await ok(state, "run", "--no-driver-check", "--vram", "1G", "true");
  }
  assertEquals(await machine.calls() - before, 0);
});

Deno.test("ResourcePool.status() leaves the driver alone where it is told to", async () => {
  using machine = await FakeCards.of(MACHINE);
  const { state } = machine.folder;
  await ok(state, "init");
  await using pool = new ResourcePool({ path: state });
  const before = await machine.calls();
  const untold = await pool.status({ driver: false });
  assertEquals(untold.cards.map(({ name }) => name), [null, null]);
  assertEquals(await machine.calls(), before);
  const told = await pool.status();
  assertEquals(told.cards.length, CARDS.length);
  assert(told.cards.every(({ name }) => name !== null));
});

Deno.test("reslock run shows AMD's cards to AMD's programs", async () => {
  const serials = ["0x4b0a1cd4d1b0e5f3", "0x21e6f80b94c57a3d"];
  using machine = await FakeCards.of({
    amd: serials.map((serial) => ({ serial })),
  });
  const { state, path } = machine.folder;
  const show = scriptTo(
    `${path}/log`,
    'echo "${ROCR_VISIBLE_DEVICES-unset} $HIP_VISIBLE_DEVICES ${CUDA_VISIBLE_DEVICES-unset}"',
  );
  await ok(state, "init");
  using _mask = setEnv({ HIP_VISIBLE_DEVICES: "1" });
  const run = ["run", "-q", "--vram", "24G"];
  await ok(state, ...run, show);
  await ok(state, ...run, "--visible", "index", show);
  assertEquals(
    Deno.readTextFileSync(`${path}/log`),
    "GPU-21e6f80b94c57a3d 0 unset\nunset 1 unset\n",
  );
});

Deno.test("reslock run shows no cards of another maker than those of the lease", async () => {
  using machine = await FakeCards.of({
    ...MACHINE,
    amd: [{ serial: "0x4b0a1cd4d1b0e5f3" }],
  });
  const { state, path } = machine.folder;
  const show = scriptTo(
    `${path}/log`,
    'echo "${CUDA_VISIBLE_DEVICES-unset} ${ROCR_VISIBLE_DEVICES-unset} ${HIP_VISIBLE_DEVICES-unset}"',
  );
  await ok(state, "init");
  const run = ["run", "-q", "--vram", "8G", "--gpu"];
  await ok(state, ...run, "4090", show);
  await ok(state, ...run, "4090", "--visible", "index", show);
  await ok(state, ...run, "7900", show);
  await ok(state, "run", "-q", "--ram", "1", show);
  assertEquals(Deno.readTextFileSync(`${path}/log`).split("\n"), [
    `${A}  -1`,
    "0 unset -1",
    " GPU-4b0a1cd4d1b0e5f3 0",
    "unset unset unset",
    "",
  ]);
});

Deno.test("reslock set and init keep GPU memory as one quantity from being mixed with cards", async () => {
  using machine = await FakeCards.of(MACHINE);
  const { state, path } = machine.folder;
  const show = scriptTo(`${path}/log`, SHOW);
  await ok(state, "set", "vram_mb", "24000");
  const init = await call(["init", "-s", state]);
  assertEquals(init.code, 1);
  assertMatch(
    init.err,
    /cards were not.*reslock unset vram_mb && reslock init/,
  );
  assertStringIncludes(init.out, "cpu_cores");
  await ok(state, "unset", "vram_mb");
  await ok(state, "init");
  const set = await call(["set", "vram_mb", "24000", "-s", state]);
  assertEquals(set.code, 1);
  assertStringIncludes(set.err, "beside cards");
  await ok(state, "run", "--vram", "20G", show);
  assertMatch(Deno.readTextFileSync(`${path}/log`), /^GPU-/);
});

Deno.test("reslock books the memory of a card that is RAM once", async () => {
  using machine = await FakeCards.of({
    cards: [{ uuid: A, name: "NVIDIA GB10", totalMb: "[N/A]" }],
  });
  const { state } = machine.folder;
  const run = await call(["run", "-s", state, "--vram", "1G", "true"]);
  assertEquals(run.code, 125);
  assertMatch(run.err, /^reslock: Cannot get .*"NVIDIA GB10" is RAM.*--ram/);
  const init = await call(["init", "-s", state]);
  assertMatch(init.out, /gpus: memory that is RAM .* with --ram/);
  const why = await call(["why", "-s", state, "--vram", "1G"]);
  assertEquals(why.code, 69);
  assertStringIncludes(why.out, "asked for with --ram");
  const machineCheck = async () =>
    (await call(["doctor", "-s", state])).out.split("\n")
      .find((line) => /^\w+ +machine/.test(line)) ?? "";
  assertMatch(await machineCheck(), /^ok/);
  await ok(state, "set", "vram_mb", "24G");
  assertMatch(await machineCheck(), /^warning .*"vram_mb" \(24 GB\)/);
});

Deno.test("Lease.gpuIndices() numbers the cards as their tool does", async () => {
  using machine = await FakeCards.of(MACHINE);
  await using pool = new ResourcePool({ path: machine.folder.state });
  await pool.setResources({ slots: 1, [`gpu_${B}_vram_mb`]: 1000 });
  const lease = await pool.acquire({ vram_mb: 1000 });
  assertEquals(await lease.gpuIndices(), [1]);
  await machine.become({ cards: [{ uuid: B }] });
  assertEquals(await lease.gpuIndices(), [0]);
  await machine.become({ cards: [{ uuid: A }] });
  await assertRejects(() => lease.gpuIndices(), RangeError, B);
  const before = await machine.calls();
  const other = await pool.acquire({ slots: 1 });
  assertEquals(await other.gpuIndices(), []);
  assertEquals(await machine.calls(), before);
});

Deno.test("reslock run --gpu gets the cards that are named, also on first use", async () => {
  using machine = await FakeCards.of(MACHINE);
  const { state, path } = machine.folder;
  const show = scriptTo(`${path}/log`, 'echo "$RESLOCK_GPUS"');
  const run = (...words: string[]) =>
    call(["run", "-s", state, "--vram", "20G", ...words, show]);
  const first = await run("--gpu", "1");
  assertEquals(first.code, 0);
  assertMatch(first.err, /^reslock: registered .*first use/);
  for (const words of [["--gpu", "bbbb"], ["--gpu", "fake", "--gpus", "2"]]) {
    assertEquals(await run(...words), { code: 0, out: "", err: "" });
  }
  const lines = Deno.readTextFileSync(`${path}/log`).trim().split("\n");
  assertEquals(lines, [B, B, `${A},${B}`]);
  const { code, err } = await run("--gpu", "7");
  assertEquals(code, 125);
  assertMatch(err, /^reslock: Cannot use card "7" as no card .*0 \(GPU-aaaa/);
  const tooFew = await run("--gpu", "0", "--gpus", "2");
  assertEquals(tooFew.code, 125);
  assertMatch(tooFew.err, /2 of the cards "0" as these are 1/);
});

Deno.test("reslock status tells who uses a card without a lease", async () => {
  const processes = [{ uuid: A, pid: 4_242_424, usedMb: 9216 }];
  const cards = [{ uuid: A, usedMb: 9216 }, { uuid: B }];
  using machine = await FakeCards.of({ cards, processes });
  using _namespace = setEnv({ RESLOCK_PIDNS: "host" });
  const { state } = machine.folder;
  await ok(state, "init");
  assertMatch(
    await ok(state, "status"),
    /\n\ngpu 0: 9 GB held by pid 4242424 python, outside reslock\n/,
  );
  const { cards: [first] } = JSON.parse(await ok(state, "status", "--json"));
  assertEquals([first.used_mb, first.grantable_mb], [9216, 24_576 - 9216]);
  assertEquals(first.outside, [
    { pid: 4_242_424, name: "python", used_mb: 9216 },
  ]);
  const run = ["run", "-s", state, "--vram", "24G", "--gpu", "0"];
  const refused = await call([...run, "--no-wait", "true"]);
  assertEquals(refused.code, 75);
  const blind = await call([...run, "--no-driver-check", "--no-wait", "true"]);
  assertEquals(blind, { code: 0, out: "", err: "" });
});

Deno.test("reslock run starts no program before another one's memory is free", async () => {
  using machine = await FakeCards.of({ cards: [{ uuid: A }] });
  using _namespace = setEnv({ RESLOCK_PIDNS: "host" });
  const { state, path } = machine.folder;
  const log = `${path}/log`;
  // Takes 16 GB of the card, and leaves them in use when it ends.
  const inUse = renderScenario({
    cards: [{ uuid: A, usedMb: 16_384 }],
    processes: [{ uuid: A, pid: 0, usedMb: 16_384 }],
  }).trim().replace(`${A}|0|1`, () => `${A}|$$|1`);
  const program = scriptTo(
    log,
    [
      'echo "$1 starts"',
      `echo "${inUse}" >"${path}/$1.new"`,
      `mv "${path}/$1.new" "$RESLOCK_FAKE_GPU"`,
      `while [ ! -e "${path}/go" ]; do sleep 0.02; done`,
      'echo "$1 ends"',
    ].join("\n"),
  );
  await ok(state, "init");
  const run = (name: string) =>
    call(["run", "-s", state, "--vram", "16G", program, name]);
  const logged = () => {
    try {
      return Deno.readTextFileSync(log);
    } catch {
      return "";
    }
  };
  const first = run("first");
  await until("the first one runs", () => logged() !== "");
  const second = run("second");
  const pool = new ResourcePool({ path: state, driverCheck: false });
  await using _pool = pool;
  await until("the second one waits", async () => {
    return (await pool.status()).queue.length === 1;
  });
  // What was read before the first one took its memory is too old soon.
  Deno.removeSync(`${state}.gpus`);
  Deno.writeTextFileSync(`${path}/go`, "");
  assertEquals((await first).code, 0);
  const before = await machine.readings();
  await until("the driver is asked again", async () => {
    return await machine.readings() >= before + 3;
  });
  assertEquals(logged(), "first starts\nfirst ends\n");
  await machine.become({ cards: [{ uuid: A }] });
  assertEquals((await second).code, 0);
  assertEquals(
    logged(),
    "first starts\nfirst ends\nsecond starts\nsecond ends\n",
  );
});
