import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { Detection } from "../../../mod.ts";
import { ExitError } from "../../../lib/cli/failure.ts";
import { capacitiesFor, lackOf } from "../../../lib/cli/run/first_use.ts";

const CARD = "gpu_GPU-1_vram_mb";
const MACHINE: Detection = {
  resources: { ram_mb: 64000, [CARD]: 24000 },
  limits: { cpu_cores: 2 },
  gpus: [],
  failures: [],
  sources: [],
};

Deno.test("lackOf() names what has no capacity", () => {
  assertEquals(
    lackOf({ cpu_cores: 1, ram_mb: 5, slots: 1 }, { ram_mb: 8 }),
    { names: ["cpu_cores", "slots"], cards: false },
  );
});

Deno.test("lackOf() needs no capacity for free space on a disk", () => {
  assertEquals(lackOf({ "disk_mb@/": 5 }, {}), { names: [], cards: false });
});

Deno.test("lackOf() lacks cards only where no GPU memory is registered at all", () => {
  for (
    const request of [
      { vram_mb: 5 },
      { vram_mb: [5, 5] },
      { vram_mb_each: 5, num_gpus: 2 },
    ]
  ) {
    assertEquals(lackOf(request, {}), { names: [], cards: true });
    assertEquals(lackOf(request, { [CARD]: 1 }).cards, false);
    assertEquals(lackOf(request, { vram_mb: 1 }).cards, false);
  }
});

Deno.test("capacitiesFor() takes only what is lacking", () => {
  const found = (lack: { names: string[]; cards: boolean }) =>
    capacitiesFor(lack, MACHINE, []);
  assertEquals(found({ names: ["ram_mb"], cards: false }), { ram_mb: 64000 });
  assertEquals(found({ names: [], cards: true }), { [CARD]: 24000 });
});

Deno.test("capacitiesFor() takes a container's limit only in a new pool", () => {
  const lack = { names: ["cpu_cores"], cards: false };
  assertEquals(capacitiesFor(lack, MACHINE, []), { cpu_cores: 2 });
  const { message } = assertThrows(
    () => capacitiesFor(lack, MACHINE, ["slots"]),
    ExitError,
  );
  assertStringIncludes(message, "reslock set");
});

Deno.test("capacitiesFor() registers nothing if anything is not to be found", () => {
  const error = assertThrows(
    () =>
      capacitiesFor(
        { names: ["ram_mb", "slots"], cards: false },
        MACHINE,
        [],
      ),
    ExitError,
  );
  assertEquals(error.exitCode, 125);
  assertStringIncludes(error.message, '"slots"');
  const noCards = { ...MACHINE, resources: {} };
  assertThrows(
    () => capacitiesFor({ names: [], cards: true }, noCards, []),
    ExitError,
    "no GPU was found",
  );
});

Deno.test("capacitiesFor() sends those to --ram who ask for memory that is RAM", () => {
  const gpus = [
    { name: "NVIDIA GB10", unified: true },
  ] as unknown as Detection["gpus"];
  const { message } = assertThrows(
    () =>
      capacitiesFor(
        { names: [], cards: true },
        { ...MACHINE, resources: { ram_mb: 64000 }, gpus },
        [],
      ),
    ExitError,
  );
  assertStringIncludes(message, 'that of "NVIDIA GB10" is RAM');
  assertStringIncludes(message, "with --ram");
});

Deno.test("capacitiesFor() asks whether another name was meant", () => {
  assertThrows(
    () => capacitiesFor({ names: ["slost"], cards: false }, MACHINE, ["slots"]),
    ExitError,
    'did you mean "slots"?',
  );
});
