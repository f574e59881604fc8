import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkMachine } from "../../lib/doctor/machine.ts";
import { type Detection, GpuDetectionError } from "../../mod.ts";
import { pool, said, system } from "./made_up_system.ts";

const CARD = "gpu_GPU-1_vram_mb";

function detection(changes: Partial<Detection> = {}): Detection {
  const gpus = [{ uuid: "GPU-1" }] as unknown as Detection["gpus"];
  return {
    resources: { cpu_cores: 8, ram_mb: 65536, [CARD]: 24576 },
    limits: {},
    gpus,
    failures: [],
    sources: [],
    ...changes,
  };
}

function check(
  resources: Readonly<Record<string, number>>,
  found: Detection = detection(),
) {
  return checkMachine(system({
    status: () => Promise.resolve(pool({ resources })),
    detect: () => Promise.resolve(found),
  }));
}

Deno.test("checkMachine() has nothing against what is there, or less of it", async () => {
  assertEquals(said(await check({ cpu_cores: 4, [CARD]: 24576, slot: 9 })), [
    "ok: What is registered is there; it has 1 GPU",
  ]);
});

Deno.test("checkMachine() finds a card that is not there any more", async () => {
  const gone = "gpu_GPU-2_vram_mb";
  const [finding] = await check({ [CARD]: 24576, [gone]: 24576 });
  assertEquals(finding.level, "problem");
  assertStringIncludes(finding.message, `"${gone}" (24 GB)`);
  assertStringIncludes(finding.advice, `reslock unset ${gone}`);
});

Deno.test("checkMachine() takes no card for gone while its tool is broken", async () => {
  const failure = new GpuDetectionError(
    "Cannot read the GPUs: update the driver",
    { source: "nvidia-smi" } as never,
  );
  const found = await check(
    { [CARD]: 24576 },
    detection({ gpus: [], failures: [failure] }),
  );
  assertEquals(found.map(({ level, advice }) => [level, advice]), [
    ["problem", "update the driver"],
  ]);
});

Deno.test("checkMachine() names what stands in the way of a card", async () => {
  const [unused] = await check({ vram_mb: 24576 });
  assertStringIncludes(unused.advice, "reslock unset vram_mb && reslock init");
});

Deno.test("checkMachine() warns of more than there is, and of a card that nobody gets", async () => {
  const [more, unused] = await check({ ram_mb: 131072 });
  assertEquals(more.level, "warning");
  assertStringIncludes(
    more.message,
    "128 GB are registered and 64 GB are there",
  );
  assertEquals(unused.level, "warning");
  assertEquals(
    unused.message,
    `Nobody gets "${CARD}", which is not registered`,
  );
});

Deno.test("checkMachine() warns of RAM that is handed out as GPU memory, too", async () => {
  const gpus = [
    { uuid: "GPU-1", name: "NVIDIA GB10", unified: true },
  ] as unknown as Detection["gpus"];
  const unified = detection({ resources: { ram_mb: 65536 }, gpus });
  for (const name of ["vram_mb", CARD]) {
    const [twice, ...others] = await check(
      { ram_mb: 65536, [name]: 24576 },
      unified,
    );
    assertEquals([twice.level, others], ["warning", []]);
    assertStringIncludes(twice.message, `"${name}" (24 GB)`);
    assertStringIncludes(twice.message, '"NVIDIA GB10"');
    assertStringIncludes(twice.advice, `reslock unset ${name}`);
  }
  for (const name of ["ram_mb", "vram_mb"]) {
    const found = await check({ [name]: 65536 }, unified);
    assertEquals(found.map(({ level }) => level), ["ok"]);
  }
});

Deno.test("checkMachine() names three of many cards, and how many more there are", async () => {
  const keys = Array.from({ length: 5 }, (_, at) => `gpu_GPU-${at}_vram_mb`);
  const all = Object.fromEntries(keys.map((key) => [key, 24576]));
  const found = detection({ resources: all });
  assertEquals(said(await check({ slots: 1 }, found)), [
    'warning: Nobody gets "gpu_GPU-0_vram_mb", "gpu_GPU-1_vram_mb", ' +
    '"gpu_GPU-2_vram_mb" and 2 more, which are not registered',
  ]);
  const bare = detection({ resources: {}, gpus: [] });
  assertEquals(said(await check(all, bare)), [
    'problem: No such card is found here: "gpu_GPU-0_vram_mb" (24 GB), ' +
    '"gpu_GPU-1_vram_mb" (24 GB), "gpu_GPU-2_vram_mb" (24 GB) and 2 more',
  ]);
});

Deno.test("checkMachine() minds no MiB that is a matter of rounding", async () => {
  const levels = async (capacityMb: number) =>
    (await check({ [CARD]: capacityMb })).map(({ level }) => level);
  const { resources } = detection();
  assertEquals(await levels(resources[CARD] + 1), ["ok"]);
  assertEquals(await levels(resources[CARD] + 2), ["warning"]);
});

Deno.test("checkMachine() says nothing of capacities in a file that cannot be read", async () => {
  const machine = system({
    status: () => Promise.reject(new Error("x")),
    detect: () => Promise.resolve(detection()),
  });
  assertEquals(await checkMachine(machine), []);
});
