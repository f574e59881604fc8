/**
 * Programs that use cards without a lease, as the commands tell of them, on cards that
 * are made up.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { FakeScenario } from "../os/data/fake_tools/scenario.ts";
import {
  A,
  B,
  CardScene,
  KEY_A,
  KEY_B,
  STRANGER,
  TOTAL_MB,
} from "../support/card_scene.ts";
import { assertFormat, call, ok } from "./support.ts";

const CAPACITIES = { [KEY_A]: TOTAL_MB, [KEY_B]: TOTAL_MB };

/** Two cards, of which a program has so much of the second one. */
function machine(usedMb: number): FakeScenario {
  return {
    cards: [{ uuid: A }, { uuid: B, usedMb }],
    processes: [{ uuid: B, pid: STRANGER, usedMb, name: "py\x1b[2J" }],
  };
}

Deno.test("reslock why names who uses a card without a lease, and cards by number", async () => {
  await using scene = await CardScene.of(machine(20_480), CAPACITIES);
  const { state } = scene.cards.folder;
  await using lease = await scene.pool().acquire({ vram_mb: 20_480 }, {
    cards: [A],
    label: "llama",
  });
  const why = (...words: string[]) =>
    call(["why", "-s", state, "--vram", "20G", ...words]);
  assertEquals(await why(), {
    code: 75,
    out: "Not now: needs 20 GB on one card; 4 GB free on the best; held by " +
      `llama and pid ${STRANGER} py\\u001b[2J outside reslock

Held by
LEASE         LABEL      PID  PROGRAM      HOLDS
${lease.id}  llama                        gpu 0 20 GB
                     4242424  py\\u001b[2J  gpu 1 20 GB
`,
    err: "",
  });
  const { out } = await why("--gpu", "1");
  assertEquals(
    out.split("\n")[0],
    "Not now: needs 20 GB on gpu 1; 4 GB free; held by pid " +
      `${STRANGER} py\\u001b[2J outside reslock`,
  );
  const json = (await why("--json")).out;
  assertFormat("why", json);
  const [{ outside, outside_count }] = JSON.parse(json).short;
  assertEquals([outside, outside_count], [
    [{ pid: STRANGER, name: "py\x1b[2J", used_mb: 20_480, resource: KEY_B }],
    1,
  ]);
});

Deno.test("reslock status has nothing free that others use, and names them as the reason", async () => {
  await using scene = await CardScene.of(machine(20_480), {
    ...CAPACITIES,
    [KEY_A]: 8192,
  });
  const { state } = scene.cards.folder;
  const row = async () =>
    (await ok(state, "status")).split("\n")
      .find((line) => line.startsWith("gpu 1"))!;
  assertMatch(await row(), / ▓+░+ +0 MB +4 GB +24 GB +20 GB$/);
  const waiting = scene.pool().acquire({ vram_mb: 20_480 });
  await scene.queued();
  // What is kept for the one who waits is no more than there is.
  assertMatch(await row(), / ▓+▒+ +0 MB +4 GB +0 MB +24 GB +20 GB$/);
  assertMatch(
    await ok(state, "status"),
    /^ +needs 20 GB on one card; 8 GB free on the best; held by pid 4242424 py/m,
  );
  assertFormat("status", await ok(state, "status", "--json"));
  await scene.cards.become(machine(0));
  await (await waiting).release();
});

Deno.test("reslock status tells that the driver is broken, where there are cards", async () => {
  await using scene = await CardScene.of(machine(20_480), CAPACITIES);
  const { state } = scene.cards.folder;
  const silence = /^What others use of the cards is not known, .*nvidia-smi/m;
  const json = async () => JSON.parse(await ok(state, "status", "--json"));
  assertEquals((await json()).driver_silence, null);
  const says = "NVIDIA-SMI has failed because";
  await scene.cards.become({
    ...machine(20_480),
    trouble: [{ tool: "nvidia-smi", code: 9, says }],
  });
  scene.forgetReadings();
  for (const words of [["status"], ["status", "--short"], []]) {
    assertMatch(await ok(state, ...words), silence);
  }
  const broken = await ok(state, "status", "--json");
  assertFormat("status", broken);
  assertStringIncludes(JSON.parse(broken).driver_silence, says);
  await using blind = scene.pool({ driverCheck: false });
  assertEquals((await blind.status()).driverSilence, null);
  // Without cards it is nobody's business.
  await ok(state, "unset", KEY_A, KEY_B);
  assertEquals(silence.test(await ok(state, "status")), false);
  assertEquals((await json()).driver_silence, null);
});

Deno.test("reslock run says in a log at once who keeps it waiting", async () => {
  await using scene = await CardScene.of(machine(20_480), CAPACITIES);
  const { state } = scene.cards.folder;
  const said = Promise.withResolvers<string>();
  const running = call(
    ["run", "-s", state, "--vram", "20G", "--gpu", "1", "true"],
    { onError: said.resolve },
  );
  assertEquals(
    await said.promise,
    "reslock: waiting for vram 20 GB (position 1 in the queue): needs 20 GB " +
      `on gpu 1; 4 GB free; held by pid ${STRANGER} py\\u001b[2J outside ` +
      "reslock\n",
  );
  await scene.cards.become(machine(0));
  assertEquals(await running, { code: 0, out: "", err: await said.promise });
});

Deno.test("reslock run that gives up names programs without a lease", async () => {
  await using scene = await CardScene.of(machine(20_480), CAPACITIES);
  const { state } = scene.cards.folder;
  const run = (...words: string[]) =>
    call(["run", "-qs", state, "--vram", "20G", "--gpu", "1", ...words]);
  const held = "needs 20 GB on gpu 1; 4 GB free; held by pid " +
    `${STRANGER} py\\u001b[2J outside reslock`;
  assertEquals(await run("--timeout", "300ms", "true"), {
    code: 124,
    out: "",
    err: `reslock: Gave up on vram 20 GB after 300 ms: ${held}: see ` +
      '"reslock status", or wait longer\n',
  });
  const { err } = await call(["run", "-s", state, "--vram", "30G", "true"]);
  assertEquals(
    err,
    "reslock: Cannot acquire a card of 30 GB or more as no card is that large, " +
      "the largest has 24 GB: ask for less, or see what each has in " +
      '"reslock status"\n',
  );
});

Deno.test("reslock release, reclaim and cancel say cards by their numbers", async () => {
  await using scene = await CardScene.of(machine(0), CAPACITIES);
  const { state } = scene.cards.folder;
  const pool = scene.pool();
  const [cards, label] = [[B], "llama"];
  const lease = await pool.acquire({ vram_mb: 20_480 }, {
    cards,
    label,
    reclaimable: true,
  });
  const waiting = pool.acquire({ vram_mb: 20_480 }, { cards, label: "next" });
  const cancelled = waiting.catch((error) => error.name);
  await scene.queued();
  const shown = async (...words: string[]) =>
    (await ok(state, ...words)).replaceAll(/[0-9a-z]{10}-\d+/g, "ID");
  assertEquals(
    await shown("cancel", "--label", "next"),
    "Cancelled ID (next): gpu 1 20 GB\n",
  );
  assertEquals(await cancelled, "AcquireCancelledError");
  assertEquals(
    await shown("reclaim", lease.id),
    "Asked back ID (llama): gpu 1 20 GB\n",
  );
  assertEquals(
    await shown("release", lease.id),
    "Released ID (llama): gpu 1 20 GB\n",
  );
});
