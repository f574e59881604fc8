/**
 * Leases on cards that other programs use as well; `FakeCards` stands for the driver.
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
import { AcquireTimeoutError, type PoolEvent } from "../../mod.ts";
import type { FakeTrouble } from "../os/data/fake_tools/scenario.ts";
import {
  A,
  B,
  CardScene,
  KEY_A,
  KEY_B,
  machine,
  STRANGER,
  TOTAL_MB,
  type Uses,
} from "../support/card_scene.ts";
import { setEnv } from "../support/fake_cards.ts";
import { within } from "../support/processes.ts";

/** Whether a promise is still open when everything else has had its turn. */
async function isOpen(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol();
  const turn = new Promise((resolve) => setTimeout(resolve, 0, open));
  return await Promise.race([promise, turn]) === open;
}

Deno.test("acquire() waits until a program without a lease has left the card", async () => {
  await using scene = await CardScene.of(machine({ [STRANGER]: 20_000 }));
  const pool = scene.pool();
  assertEquals(await pool.tryAcquire({ vram_mb: 8000 }), null);
  const waiting = pool.acquire({ vram_mb: 8000 });
  await scene.asked(2);
  assert(await isOpen(waiting));
  const { queue: [{ why }] } = await scene.pool().status();
  assertMatch(
    why!.sentence,
    /^needs 7.81 GB on one card; 4.46 GB free .*; held by pid 4242424 python outside/,
  );
  // What the stranger leaves is to be had.
  const small = await scene.pool().tryAcquire({ vram_mb: 4000 });
  assertEquals(small, null, "it must not go past the one who waits");
  await scene.cards.become(machine({ [STRANGER]: 10_000 }));
  const lease = await waiting;
  assertEquals({ ...lease.resources }, { [KEY_A]: 8000 });
  assertEquals(scene.warnings, []);
});

Deno.test("acquire() with waitForCapacity gets the card that is registered later", async () => {
  await using scene = await CardScene.of(machine(), {});
  const waiting = scene.pool().acquire({ vram_mb: 8000 }, {
    waitForCapacity: true,
  });
  await scene.queued();
  const pool = scene.pool();
  const { queue: [{ why }] } = await pool.status();
  assertEquals(why!.sentence, "needs a card, and none is registered");
  await pool.setResources({ [KEY_A]: TOTAL_MB });
  const lease = await within("the card", 20_000, waiting);
  assertEquals({ ...lease.resources }, { [KEY_A]: 8000 });
});

Deno.test("acquire() waits until a holder's memory is free after its lease", async () => {
  await using scene = await CardScene.of(machine());
  const holder = await scene.actor();
  await holder.acquire({ vram_mb: 16_000 });
  await scene.cards.become(machine({ [holder.pid]: 16_000 }));
  const waiting = scene.pool().acquire({ vram_mb: 16_000 });
  await scene.queued();
  scene.forgetReadings();
  await holder.release();
  await scene.asked(3);
  assert(await isOpen(waiting));
  await scene.cards.become(machine());
  await waiting;
});

Deno.test("tryAcquire() counts a holder's memory once, touched or not", async () => {
  await using scene = await CardScene.of(machine());
  const actor = await scene.actor();
  await actor.acquire({ vram_mb: 10_000 });
  const touching: [Uses, number, boolean][] = [
    [{}, 14_576, true],
    [{}, 14_577, false],
    [{ [actor.pid]: 9000 }, 14_576, true],
    [{ [actor.pid]: 9000 }, 14_577, false],
    // More than it has leased.
    [{ [actor.pid]: 12_000 }, 12_576, true],
    [{ [actor.pid]: 12_000 }, 12_577, false],
    [{ [actor.pid]: 9000, [STRANGER]: 5000 }, 9576, true],
    [{ [actor.pid]: 9000, [STRANGER]: 5000 }, 9577, false],
  ];
  for (const [uses, vram_mb, isFree] of touching) {
    await scene.cards.become(machine(uses));
    scene.forgetReadings();
    const lease = await scene.pool().tryAcquire({ vram_mb });
    assertEquals(lease !== null, isFree, `${vram_mb} ${Deno.inspect(uses)}`);
    await lease?.release();
  }
});

Deno.test("tryAcquire() takes what a holder's descendants use for the holder's", async () => {
  await using scene = await CardScene.of(machine());
  const actor = await scene.actor();
  await actor.acquire({ vram_mb: 10_000 });
  const grandchild = await actor.spawnSleeper();
  try {
    await scene.cards.become(machine({ [grandchild]: 10_000 }));
    const lease = await scene.pool().tryAcquire({ vram_mb: 14_576 });
    assert(lease !== null);
  } finally {
    Deno.kill(grandchild, "SIGKILL");
  }
});

Deno.test("tryAcquire() counts the larger of leased and used where ids mean nothing", async () => {
  await using scene = await CardScene.of(
    machine({}, { cards: [{ uuid: A, usedMb: 10_000 }] }),
  );
  using _namespace = setEnv({ RESLOCK_PIDNS: "private" });
  const pool = scene.pool();
  const first = await pool.acquire({ vram_mb: 10_000 });
  const rest = await pool.tryAcquire({ vram_mb: 14_576 });
  assert(rest !== null);
  await rest.release();
  await first.release();
  assertEquals(await scene.pool().tryAcquire({ vram_mb: 15_500 }), null);
});

Deno.test("acquire() of RAM asks no driver", async () => {
  await using scene = await CardScene.of(machine({ [STRANGER]: 20_000 }));
  const pool = scene.pool();
  await (await pool.acquire({ ram_mb: 1000 })).release();
  await (await pool.tryAcquire({ ram_mb: 1000 }))!.release();
  assertEquals(await scene.cards.calls(), 0);
});

Deno.test("ResourcePool without driverCheck leases by accounting alone", async () => {
  await using scene = await CardScene.of(machine({ [STRANGER]: 20_000 }));
  const pool = scene.pool({ driverCheck: false });
  const lease = await pool.acquire({ vram_mb: TOTAL_MB });
  assertEquals((await pool.status()).cards[0].usedMb, null);
  await lease.release();
  assertEquals(await scene.cards.calls(), 0);
});

Deno.test("twenty waiters ask the driver ten times a second together after a release", async () => {
  await using scene = await CardScene.of(machine({ [STRANGER]: 24_000 }));
  const held = await scene.pool({ driverCheck: false })
    .acquire({ vram_mb: TOTAL_MB });
  const actors = await Promise.all(
    Array.from({ length: 5 }, () => scene.actor()),
  );
  const waiting = actors.flatMap((actor) =>
    [1, 2, 3, 4].map((n) => actor.acquire({ vram_mb: 1000 }, {}, String(n)))
  );
  await scene.queued(20);
  const since = performance.now();
  const before = await scene.cards.readings();
  await held.release();
  await scene.asked(8);
  const readings = await scene.cards.readings() - before;
  const seconds = (performance.now() - since) / 1000;
  assert(
    readings <= Math.ceil(10 * seconds) + 1,
    `${readings} readings in ${seconds} s`,
  );
  await scene.cards.become(machine());
  await Promise.all(waiting);
});

Deno.test("twenty waiters ask the driver once a second together", async () => {
  await using scene = await CardScene.of(machine({ [STRANGER]: 24_000 }));
  const actors = await Promise.all(
    Array.from({ length: 5 }, () => scene.actor()),
  );
  const waiting = actors.flatMap((actor) =>
    [1, 2, 3, 4].map((n) => actor.acquire({ vram_mb: 1000 }, {}, String(n)))
  );
  await scene.queued(20);
  // A new request does with nothing that is older than it by much.
  await scene.asked(2);
  const since = performance.now();
  const before = await scene.cards.readings();
  await scene.asked(5);
  const readings = await scene.cards.readings() - before;
  const seconds = (performance.now() - since) / 1000;
  assert(
    readings <= Math.ceil(seconds) + 1,
    `${readings} readings in ${seconds} s`,
  );
  await scene.cards.become(machine());
  await Promise.all(waiting);
});

const TROUBLES: readonly [
  what: string,
  trouble: Omit<FakeTrouble, "tool">,
  words: string,
][] = [
  ["garbage", { says: "Segmentation fault" }, "Segmentation fault"],
  ["half a line", { says: "0, GPU-aaaa" }, "not understood"],
  [
    "a driver of another version",
    { code: 18, says: "Driver/library version mismatch" },
    "version mismatch",
  ],
  ["no card", { code: 6, says: "No devices were found" }, "No devices"],
];
for (const [what, trouble, words] of TROUBLES) {
  Deno.test(`acquire() leases by accounting alone, and says so once, with ${what}`, async () => {
    await using scene = await CardScene.of(
      machine({}, { trouble: [{ tool: "nvidia-smi", ...trouble }] }),
    );
    const pool = scene.pool();
    for (let n = 0; n < 3; n++) await pool.acquire({ vram_mb: 8000 });
    assertEquals(await pool.tryAcquire({ vram_mb: 8000 }), null);
    assertEquals(scene.warnings.length, 1, scene.warnings.join("\n"));
    assertMatch(scene.warnings[0], /^GPU memory is leased by accounting alone/);
    assertStringIncludes(scene.warnings[0], words);
  });
}

Deno.test("acquire() leases by accounting alone, and says so once, without a tool", async () => {
  await using scene = await CardScene.of(machine());
  using _path = setEnv({ PATH: "/nowhere" });
  const pool = scene.pool();
  for (let n = 0; n < 3; n++) await pool.acquire({ vram_mb: 8000 });
  assertEquals(await pool.tryAcquire({ vram_mb: 8000 }), null);
  assertEquals(scene.warnings.length, 1);
  assertStringIncludes(scene.warnings[0], "nvidia-smi is not installed");
});

Deno.test("a slow driver holds up nobody who does not need it, nor beyond a timeout", async () => {
  const slow = { tool: "nvidia-smi", sleep: 60 } as const;
  await using scene = await CardScene.of(machine({}, { trouble: [slow] }));
  const pool = scene.pool();
  const waiting = pool.acquire({ vram_mb: 8000 });
  const refused = assertRejects(() => waiting, Error, "closed");
  await scene.asked(1);
  await within("RAM", 5000, pool.acquire({ ram_mb: 10 }));
  await within(
    "the end of a wait",
    5000,
    assertRejects(
      () => scene.pool().acquire({ vram_mb: 8000 }, { timeoutMs: 100 }),
      AcquireTimeoutError,
    ),
  );
  // Nor does it keep a program from ending.
  await within("the end of the pool", 5000, pool.close());
  await refused;
  assertEquals(scene.warnings, []);
});

Deno.test("a program that is killed while it asks the driver leaves it to the others", async () => {
  const slow = { tool: "nvidia-smi", sleep: 60 } as const;
  await using scene = await CardScene.of(machine({}, { trouble: [slow] }));
  const actor = await scene.actor();
  actor.acquire({ vram_mb: 8000 }).catch(() => {});
  await scene.asked(1);
  await scene.cards.become(machine());
  const waiting = scene.pool().acquire({ vram_mb: 8000 });
  await scene.queued(2);
  await actor.kill();
  await within("the lease", 8000, waiting);
});

/** What is asked back and called off, in a word each, until the events end. */
async function asksIn(events: AsyncIterable<PoolEvent>): Promise<string[]> {
  const found: string[] = [];
  for await (const { type } of events) {
    if (type.startsWith("reclaim-")) found.push(type);
  }
  return found;
}

Deno.test("acquire() asks a lease back where a program without one uses the other card", async () => {
  const cards = [{ uuid: A, usedMb: 20_000 }, { uuid: B, usedMb: 0 }];
  await using scene = await CardScene.of(
    machine({ [STRANGER]: 20_000 }, { cards }),
    { [KEY_A]: TOTAL_MB, [KEY_B]: TOTAL_MB },
  );
  const holder = scene.pool();
  const offered = { cards: [B], reclaimable: true, label: "model" };
  const model = await holder.acquire({ vram_mb: 20_000 }, offered);
  const end = new AbortController();
  const events = holder.watch({ signal: end.signal });
  assertEquals((await events.next()).value.type, "state");
  const asks = asksIn(events);
  const asked = new Promise((resolve) =>
    model.reclaim.addEventListener("abort", resolve)
  );

  const low = scene.pool().acquire({ vram_mb: 20_000 }, { priority: 1 });
  await scene.queued();
  const high = scene.pool().acquire({ vram_mb: 20_000 }, { priority: 9 });
  await within("the request", 5000, asked);
  await scene.queued(2);
  const { queue: [{ why }] } = await scene.pool().status();
  assertEquals(why?.reclaims.map(({ label }) => label), ["model"]);
  // Others, who cannot know why it is asked for, do not call it off; and it looks on.
  const other = scene.pool();
  const before = await scene.cards.readings();
  while (await scene.cards.readings() < before + 4) {
    await (await other.acquire({ ram_mb: 1 })).release();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await model.release();
  assertEquals((await within("the card", 5000, high)).gpuUuids, [B]);
  assert(await isOpen(low));
  end.abort();
  assertEquals(await asks, ["reclaim-requested"]);
});

Deno.test("a card that vanishes keeps its leases and gets no more", async () => {
  const both = { cards: [{ uuid: A }, { uuid: B }] };
  await using scene = await CardScene.of(both, {
    [KEY_A]: TOTAL_MB,
    [KEY_B]: TOTAL_MB,
  });
  const pool = scene.pool();
  const first = await pool.acquire({ vram_mb: 2000 });
  assertEquals(first.gpuUuids, [A]);
  await scene.cards.become({ cards: [{ uuid: B }] });
  scene.forgetReadings();
  // By accounting the fuller one would have been taken.
  const second = await pool.acquire({ vram_mb: 2000 });
  assertEquals(second.gpuUuids, [B]);
  const { cards, leases } = await pool.status();
  assertEquals(leases.length, 2);
  assertEquals(
    cards.map(({ uuid, index, grantableMb }) => [uuid, index, grantableMb]),
    [[B, 0, TOTAL_MB - 2000], [A, null, 0]],
  );
  await first.release();
  const waiting = pool.acquire({ vram_mb: TOTAL_MB }, { cards: [A] });
  await scene.queued();
  await scene.cards.become(both);
  assertEquals((await waiting).gpuUuids, [A]);
});

Deno.test("status() tells what the driver sees, and of whom", async () => {
  await using scene = await CardScene.of(
    machine({ [STRANGER]: 9000, [Deno.pid]: 3000 }),
  );
  const pool = scene.pool();
  const lease = await pool.acquire({ vram_mb: 5000 });
  const { cards } = await pool.status();
  assertEquals(cards, [{
    uuid: A,
    index: 0,
    name: "NVIDIA Fake 4090",
    capacityMb: TOTAL_MB,
    leasedMb: 5000,
    usedMb: 12_000,
    freeMb: TOTAL_MB - 12_000,
    grantableMb: TOTAL_MB - 14_000,
    outside: [{ pid: STRANGER, name: "python", usedMb: 9000 }],
  }]);
  await lease.release();
});
