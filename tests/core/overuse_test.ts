import { assertEquals } from "@std/assert";
import { gpuKey } from "../../lib/core/model.ts";
import { overuseOf } from "../../lib/core/overuse.ts";

const A = gpuKey("GPU-A");
const B = gpuKey("GPU-B");

Deno.test("overuseOf() goes by what was measured, else by what the holder says", () => {
  const held = { resources: { ram_mb: 100, [A]: 50, [B]: 50, slots: 1 } };
  const names = (
    actualResources: Record<string, number>,
    measured?: Record<string, number>,
  ) =>
    overuseOf(
      { ...held, actualResources },
      measured && { pids: [], resources: measured, cpuSeconds: null },
    ).map(({ resource, leasedMb, usedMb }) => [resource, leasedMb, usedMb]);
  assertEquals(names({}), []);
  assertEquals(names({ ram_mb: 100, [A]: 50 }), []);
  assertEquals(names({ ram_mb: 101 }), [["ram_mb", 100, 101]]);
  assertEquals(names({ ram_mb: 101 }, { ram_mb: 90 }), []);
  assertEquals(names({}, { [A]: 51 }), [[A, 50, 51]]);
  // So the Python package tells of all cards together.
  assertEquals(names({ vram_mb: 100 }), []);
  assertEquals(names({ vram_mb: 101 }), [["vram_mb", 100, 101]]);
  // Nobody was promised what it did not ask for.
  assertEquals(names({ other_mb: 9, slots: 5 }), []);
});
