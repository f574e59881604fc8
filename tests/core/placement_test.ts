import { assert, assertEquals } from "@std/assert";
import {
  type Card,
  obstacleTo,
  place,
  policyFor,
  registeredCards,
} from "../../lib/core/placement.ts";
import { arrangements } from "../sim/model.ts";
import { randomSeed, seededRandom } from "../support/random.ts";

function cards(free: Record<string, number>): Card[] {
  return Object.entries(free).map(([uuid, freeMb]) => ({ uuid, freeMb }));
}

function placed(
  slots: number[],
  free: Record<string, number>,
  policy: "spread" | "pack",
): Record<string, number> | undefined {
  const found = place(slots, cards(free), policy);
  return found && Object.fromEntries(found);
}

Deno.test("place() puts every slot on a card of its own", () => {
  assertEquals(placed([4, 4], { A: 8 }, "spread"), undefined);
  assertEquals(placed([4, 4], { A: 8, B: 4 }, "spread"), { A: 4, B: 4 });
});

Deno.test("place() takes the freest cards when it spreads", () => {
  const free = { A: 10, B: 30, C: 20 };
  assertEquals(placed([10, 5], free, "spread"), { B: 10, C: 5 });
});

Deno.test("place() takes the fullest sufficient cards when it packs", () => {
  const free = { A: 10, B: 30, C: 20 };
  assertEquals(placed([8], free, "pack"), { A: 8 });
  assertEquals(placed([15], free, "pack"), { C: 15 });
  assertEquals(placed([15, 8], free, "pack"), { C: 15, A: 8 });
});

Deno.test("place() takes equal cards in the order of their uuids", () => {
  for (const policy of ["spread", "pack"] as const) {
    assertEquals(placed([5], { C: 10, A: 10, B: 10 }, policy), { A: 5 });
  }
});

Deno.test("place() leaves cards out that lack room, whatever the accounting", () => {
  assertEquals(placed([1], { A: 0, B: -5 }, "spread"), undefined);
  assertEquals(placed([1], {}, "pack"), undefined);
});

Deno.test("place() needs no card for no slot", () => {
  assertEquals(placed([], {}, "spread"), {});
});

const seed = randomSeed();
Deno.test(`place() finds an assignment whenever there is one (RESLOCK_SEED=${seed})`, () => {
  const random = seededRandom(seed);
  const below = (limit: number) => random(limit);
  let possible = 0;
  for (let round = 0; round < 2000; round++) {
    const free = Array.from({ length: below(6) }, (_, at) => ({
      uuid: String(at),
      freeMb: below(6),
    }));
    const slots = Array.from({ length: below(5) }, () => 1 + below(5))
      .sort((a, b) => b - a);
    const exists = arrangements(free, slots.length).some((choice) =>
      choice.every((card, at) => card.freeMb >= slots[at])
    );
    if (exists) possible++;
    for (const policy of ["spread", "pack"] as const) {
      const found = place(slots, free, policy);
      const what = `${Deno.inspect({ slots, free, policy, found })}`;
      assertEquals(found !== undefined, exists, what);
      if (found === undefined) continue;
      assertEquals([...found.values()].sort((a, b) => b - a), slots, what);
      for (const [uuid, amount] of found) {
        assert(free[Number(uuid)].freeMb >= amount, what);
      }
    }
  }
  assert(possible > 200 && possible < 1800, `${possible} of 2000 possible`);
});

Deno.test("policyFor() packs a single card and spreads several", () => {
  assertEquals(policyFor([8]), "pack");
  assertEquals(policyFor([8, 8]), "spread");
});

const RESOURCES = new Map([
  ["ram_mb", 1000],
  ["gpu_A_vram_mb", 16],
  ["gpu_B_vram_mb", 24],
]);

Deno.test("registeredCards() lists the cards, largest first", () => {
  assertEquals(registeredCards(RESOURCES), [
    { uuid: "B", key: "gpu_B_vram_mb", capacityMb: 24 },
    { uuid: "A", key: "gpu_A_vram_mb", capacityMb: 16 },
  ]);
});

const IMPOSSIBLE: [Record<string, number>, number[], unknown][] = [
  [{}, [], undefined],
  [{ ram_mb: 1000 }, [24, 16], undefined],
  [{ ram_mb: 1001 }, [], {
    resource: "ram_mb",
    requested: 1001,
    capacity: 1000,
  }],
  [{ ram_mb: -1 }, [], { resource: "ram_mb", requested: -1, capacity: 1000 }],
  [{ tokens: 1 }, [], {
    resource: "tokens",
    requested: 1,
    capacity: undefined,
  }],
  [{ "disk_mb@/data": 1e9 }, [], undefined],
  [{ "disk_mb@/data": -1 }, [], {
    resource: "disk_mb@/data",
    requested: -1,
    capacity: undefined,
  }],
  [{}, [25], { resource: "vram_mb", requested: 25, capacity: 24, slot: 0 }],
  [{}, [20, 20], { resource: "vram_mb", requested: 20, capacity: 16, slot: 1 }],
  [{}, [1, 1, 1], {
    resource: "vram_mb",
    requested: 1,
    capacity: undefined,
    slot: 2,
  }],
];

for (const [counters, slots, obstacle] of IMPOSSIBLE) {
  const asked = `${JSON.stringify(counters)} and cards ${slots}`;
  Deno.test(`obstacleTo() tells what is in the way of ${asked}`, () => {
    const demand = { counters: new Map(Object.entries(counters)), slots };
    const cards = registeredCards(RESOURCES);
    assertEquals(obstacleTo(demand, RESOURCES, cards), obstacle);
  });
}
