import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { confine } from "../../lib/core/card_choice.ts";
import type { SeenCard } from "../../lib/core/cards.ts";
import { ImpossibleRequestError } from "../../lib/core/errors.ts";
import { gpuKey } from "../../lib/core/model.ts";
import {
  askOf,
  parseRequest,
  type ResourceRequest,
} from "../../lib/core/request.ts";
import { PoolState } from "../../lib/core/state.ts";

const UUIDS = ["GPU-5b1f-a", "GPU-5b2c-b", "MIG-c94e-c"];
const SEEN: SeenCard[] = [
  ...["NVIDIA GeForce RTX 3090", "NVIDIA GeForce RTX 3090", "NVIDIA H100 MIG"]
    .map((name, index) => ({
      uuid: UUIDS[index],
      index,
      name,
      usedMb: 0,
      freeMb: 8000,
    })),
  { uuid: "GPU-new", index: 7, name: "NVIDIA T4", usedMb: 0, freeMb: 1 },
];

function pool(plain = false): PoolState {
  const state = new PoolState();
  for (const uuid of UUIDS) state.setResource(gpuKey(uuid), 8000);
  if (plain) state.setResource("vram_mb", 8000);
  return state;
}

/** What comes of a request that is confined to cards of these names. */
function confined(
  names: readonly string[],
  request: ResourceRequest = { vram_mb: 4000 },
  seen: readonly SeenCard[] = SEEN,
  state: PoolState = pool(),
) {
  const asked = askOf(parseRequest(request), state);
  const { ask, only } = confine(asked, names, state, seen);
  return only === undefined
    ? Object.fromEntries(ask.resources)
    : { only: [...only], slots: ask.vram_mb ?? ask.num_gpus };
}

for (
  const [name, uuid] of [
    ["0", UUIDS[0]],
    ["1", UUIDS[1]],
    ["2", UUIDS[2]],
    ["GPU-5b1f-a", UUIDS[0]],
    ["GPU-5b2", UUIDS[1]],
    ["gpu-5B2C", UUIDS[1]],
    ["5b2", UUIDS[1]],
    ["mig-c", UUIDS[2]],
    ["c94e", UUIDS[2]],
    ["h100", UUIDS[2]],
  ]
) {
  Deno.test(`confine() takes ${name} for ${uuid}`, () => {
    assertEquals(confined([name]), { [gpuKey(uuid)]: 4000 });
  });
}

Deno.test("confine() leaves a choice where a name means more cards than are wanted", () => {
  const both = { only: UUIDS.slice(0, 2), slots: [4000] };
  assertEquals(confined(["3090"]), both);
  assertEquals(confined(["0", "1"]), both);
  assertEquals(confined(["0", "0", "5b2c"]), both);
  const request = { vram_mb_each: 4000, num_gpus: 2 };
  assertEquals(confined(["3090", "2"], request), { only: UUIDS, slots: 2 });
});

Deno.test("confine() binds no amount to a card where any order will do", () => {
  const confinedTo = (amounts: number[]) => {
    const asked = askOf(parseRequest({ vram_mb: amounts }), pool());
    return confine(asked, ["2", "0"], pool(), SEEN, { anyOrder: true });
  };
  assertEquals(confinedTo([1000, 4000]).only, new Set([UUIDS[2], UUIDS[0]]));
  assertEquals(confinedTo([4000, 4000]).only, undefined);
});

Deno.test("confine() refuses what none of the cards could ever serve", () => {
  const state = pool();
  state.setResource(gpuKey("GPU-large"), 24_000);
  const { message, slot, capacity } = assertThrows(
    () => confined(["3090"], { vram_mb: 9000 }, SEEN, state),
    ImpossibleRequestError,
  );
  assertStringIncludes(message, "no card is that large");
  assertEquals([slot, capacity], [0, 8000]);
});

Deno.test("confine() binds the first amount to the first card", () => {
  const request = { vram_mb: [1000, 4000], ram_mb: 5 };
  assertEquals(confined(["2", "0"], request), {
    ram_mb: 5,
    [gpuKey(UUIDS[2])]: 1000,
    [gpuKey(UUIDS[0])]: 4000,
  });
  const each = { vram_mb_each: 3000, num_gpus: 2 };
  assertEquals(confined(["3090"], each), {
    [gpuKey(UUIDS[0])]: 3000,
    [gpuKey(UUIDS[1])]: 3000,
  });
});

Deno.test("confine() needs no driver for UUIDs", () => {
  const alone = (name: string) => confined([name], { vram_mb: 1 }, []);
  assertEquals(alone("5b1"), { [gpuKey(UUIDS[0])]: 1 });
  for (const name of ["0", "3090"]) {
    const { message } = assertThrows(() => alone(name), RangeError);
    assertStringIncludes(message, "no driver tells numbers and names here");
    assertStringIncludes(message, UUIDS[2]);
  }
});

for (
  const [names, request, problem] of [
    [["9"], { vram_mb: 1 }, "no card has this number, UUID or name"],
    [["GPU-ffff"], { vram_mb: 1 }, "0 (GPU-5b1f-a, NVIDIA GeForce RTX 3090)"],
    [["7"], { vram_mb: 1 }, "it has no capacity in this pool"],
    [["T4"], { vram_mb: 1 }, "no card has this"],
    [["GPU-5b"], { vram_mb: 1 }, "2 cards begin with it"],
    [["GPU-"], { vram_mb: 1 }, "no card has this"],
    [[""], { vram_mb: 1 }, "no card has this"],
    [["0"], { vram_mb: [1, 1] }, "as these are 1"],
    [["0", "0"], { vram_mb_each: 1, num_gpus: 2 }, "as these are 1"],
    [["0"], { ram_mb: 1 }, "without GPU memory"],
    [["\u001b[2J"], { vram_mb: 1 }, "\\u001b[2J"],
  ] as const
) {
  Deno.test(`confine() refuses ${JSON.stringify(names)} for ${JSON.stringify(request)}`, () => {
    const { message } = assertThrows(
      () => confined(names, request),
      RangeError,
    );
    assertStringIncludes(message, problem);
  });
}

Deno.test("confine() refuses cards where vram_mb is a plain quantity", () => {
  assertThrows(
    () => confined(["0"], { vram_mb: 1 }, SEEN, pool(true)),
    RangeError,
    "plain quantity",
  );
});

Deno.test("confine() leaves it to others to say that no card is registered", () => {
  const state = new PoolState();
  assertEquals(confined(["0"], { vram_mb: 1 }, SEEN, state), { vram_mb: 1 });
});

Deno.test("confine() refuses names of cards that are to come, which would be forgotten by then", () => {
  const wishes = { waitForCapacity: true };
  const state = new PoolState();
  const asked = askOf(parseRequest({ vram_mb: 1 }), state, wishes);
  assertThrows(
    () => confine(asked, ["0"], state, SEEN, wishes),
    RangeError,
    'Cannot wait for the cards "0" as none is registered yet',
  );
});
