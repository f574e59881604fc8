import { assertEquals } from "@std/assert";
import { waiterOf } from "../../lib/core/state.ts";
import { wantsAny } from "../../lib/core/wants.ts";
import { entryRecord } from "../support/records.ts";

Deno.test("wantsAny() tells whether any of the names is asked for", () => {
  const waiter = waiterOf(
    entryRecord({ resources: new Map([["slot", 1], ["none", 0]]) }),
  );
  assertEquals(wantsAny(waiter, ["cpu_cores", "slot"]), true);
  assertEquals(wantsAny(waiter, ["cpu_cores", "none", "gpu_a_vram_mb"]), false);
  assertEquals(wantsAny(waiter, []), false);
});

Deno.test("wantsAny() takes any card for one that is wanted where memory of cards is", () => {
  const waiter = waiterOf(entryRecord({ num_gpus: 1, vram_mb_each: 10 }));
  assertEquals(wantsAny(waiter, ["gpu_a_vram_mb"]), true);
  assertEquals(wantsAny(waiter, ["slot"]), false);
});
