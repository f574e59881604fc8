import { assertEquals, assertThrows } from "@std/assert";
import {
  askOf,
  disksOf,
  mayAskForCards,
  parseRequest,
  type ResourceRequest,
} from "../../lib/core/request.ts";
import { PoolState } from "../../lib/core/state.ts";

function ask(request: ResourceRequest, resources: Record<string, number>) {
  const state = new PoolState();
  for (const [name, capacity] of Object.entries(resources)) {
    state.setResource(name, capacity);
  }
  const { resources: counters, ...gpu } = askOf(parseRequest(request), state);
  return { ...gpu, counters: Object.fromEntries(counters) };
}

const NO_GPU = { vram_mb: null, vram_mb_each: null, num_gpus: 0 };

Deno.test("askOf() takes vram_mb for one card where cards are registered", () => {
  assertEquals(
    ask({ vram_mb: 5, ram_mb: 1 }, { gpu_a_vram_mb: 9 }),
    { ...NO_GPU, vram_mb: [5], counters: { ram_mb: 1 } },
  );
});

Deno.test("askOf() takes vram_mb for the plain quantity where that is registered, or no card", () => {
  for (const resources of [{ vram_mb: 9, gpu_a_vram_mb: 9 }, {}]) {
    assertEquals(
      ask({ vram_mb: 5 }, resources as Record<string, number>),
      { ...NO_GPU, counters: { vram_mb: 5 } },
    );
  }
});

Deno.test("askOf() takes vram_mb for a card to come where capacities are waited for", () => {
  const asked = (resources: Record<string, number>) => {
    const state = new PoolState();
    for (const [name, capacity] of Object.entries(resources)) {
      state.setResource(name, capacity);
    }
    const wishes = { waitForCapacity: true };
    return askOf(parseRequest({ vram_mb: 5 }), state, wishes);
  };
  assertEquals(asked({ ram_mb: 1 }).vram_mb, [5]);
  assertEquals(asked({ vram_mb: 9 }).resources, new Map([["vram_mb", 5]]));
});

Deno.test("askOf() keeps a list and the two-part form as they are", () => {
  assertEquals(ask({ vram_mb: [1, 2] }, {}), {
    ...NO_GPU,
    vram_mb: [1, 2],
    counters: {},
  });
  assertEquals(ask({ vram_mb_each: 5, num_gpus: 2 }, {}), {
    vram_mb: null,
    vram_mb_each: 5,
    num_gpus: 2,
    counters: {},
  });
});

Deno.test("disksOf() and mayAskForCards() tell what has to be looked up outside", () => {
  const told = (request: ResourceRequest) => {
    const parsed = parseRequest(request);
    return [disksOf(parsed), mayAskForCards(parsed)];
  };
  assertEquals(told({ ram_mb: 1, cpu_cores: 2 }), [[], false]);
  assertEquals(told({ "disk_mb@/": 1, a: 1 }), [["disk_mb@/"], false]);
  assertEquals(told({ vram_mb: 1 }), [[], true]);
  assertEquals(told({ vram_mb: [1, 2] }), [[], true]);
  assertEquals(told({ vram_mb_each: 1, num_gpus: 2 }), [[], true]);
});

for (
  const [request, kind, problem] of [
    [{}, RangeError, "Cannot acquire nothing"],
    [{ a: 0 }, RangeError, "current value is 0"],
    [{ a: -1 }, RangeError, "current value is -1"],
    [{ a: 1.5 }, RangeError, "current value is 1.5"],
    [{ a: NaN }, RangeError, "current value is NaN"],
    [{ a: 2 ** 53 }, RangeError, "current value is 9007199254740992"],
    [{ a: "4G" as unknown as number }, TypeError, 'current value is "4G"'],
    [{ a: [1] }, TypeError, "must be a number"],
    [{ "": 1 }, RangeError, "resource name"],
    [{ "a\u001b[2J": 1 }, SyntaxError, "control character"],
    [JSON.parse('{"__proto__": 1}'), RangeError, "__proto__"],
    [{ gpu_x_vram_mb: 1 }, TypeError, "the pool chooses the card"],
    [{ vram_mb: [] }, RangeError, "current length is 0"],
    [{ vram_mb: [1, 0] }, RangeError, "current value is 0"],
    [{ vram_mb: 1, num_gpus: 1 }, TypeError, "one of the two ways"],
    [{ num_gpus: 1 }, TypeError, "name both"],
    [{ vram_mb_each: 1 }, TypeError, "name both"],
    [{ vram_mb_each: 1, num_gpus: 5000 }, RangeError, "1024 is the most"],
  ] as const
) {
  Deno.test(`parseRequest() refuses ${JSON.stringify(request)} (${problem})`, () => {
    assertThrows(() => parseRequest(request), kind, problem);
  });
}
