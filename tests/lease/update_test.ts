import { assertEquals, assertThrows } from "@std/assert";
import {
  amountsOf,
  type LeaseUpdate,
  updatedFields,
} from "../../lib/lease/update.ts";

/** Amounts of so many resources. */
function amountsOfMany(count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [i, 1]));
}

Deno.test("amountsOf() takes whole numbers from 0", () => {
  const amounts = { none: 0, some: 3, most: Number.MAX_SAFE_INTEGER };
  assertEquals(Object.fromEntries(amountsOf(amounts)), amounts);
});

for (const amount of [-1, 0.5, NaN, Infinity, 2 ** 53, "1", null, undefined]) {
  Deno.test(`amountsOf() refuses ${Deno.inspect(amount)}`, () => {
    const amounts = { slot: amount } as Record<string, number>;
    assertThrows(() => amountsOf(amounts), RangeError, 'Cannot set "slot"');
  });
}

Deno.test("updatedFields() has what is said, and nothing else", () => {
  assertEquals(updatedFields({ resources: { slot: 1 } }), {});
  assertEquals(
    updatedFields({ pids: [], cpuSeconds: 0, actualResources: {} }),
    {
      pids: [],
      cpu_seconds: 0,
      actual_resources: new Map(),
    },
  );
  const pids = Array.from({ length: 1024 }, (_, at) => at + 1);
  assertEquals(updatedFields({ pids }), { pids });
  const actualResources = amountsOfMany(1024);
  assertEquals(updatedFields({ actualResources }).actual_resources?.size, 1024);
  // It is more than is held, perhaps: that is what is to be seen.
  const used = updatedFields({
    actualResources: { any: 1e9 },
    cpuSeconds: 0.5,
  });
  assertEquals([...used.actual_resources!], [["any", 1e9]]);
  assertEquals(used.cpu_seconds, 0.5);
});

for (
  const [update, type] of [
    [{ pids: [0] }, RangeError],
    [{ pids: [-1] }, RangeError],
    [{ pids: [1.5] }, RangeError],
    [{ pids: [NaN] }, RangeError],
    [{ pids: ["7"] }, RangeError],
    [{ pids: [undefined] }, RangeError],
    [{ pids: { length: 1 } }, TypeError],
    [{ pids: new Array(1025).fill(7) }, RangeError],
    [{ cpuSeconds: -0.1 }, RangeError],
    [{ cpuSeconds: NaN }, RangeError],
    [{ cpuSeconds: Infinity }, RangeError],
    [{ cpuSeconds: null }, RangeError],
    [{ actualResources: { slot: -1 } }, RangeError],
    [{ actualResources: { "": 1 } }, RangeError],
    [{ actualResources: { "a\n": 1 } }, SyntaxError],
    [{ actualResources: { ["x".repeat(201)]: 1 } }, RangeError],
    [{ actualResources: amountsOfMany(1025) }, RangeError],
    [{ actualResources: "slot" }, TypeError],
  ] as const
) {
  const shown = Deno.inspect(update, { iterableLimit: 2, compact: true })
    .replaceAll(/\s+/g, " ").slice(0, 60);
  Deno.test(`updatedFields() refuses ${shown}`, () => {
    assertThrows(
      () => updatedFields(update as unknown as LeaseUpdate),
      type,
      "Cannot",
    );
  });
}
