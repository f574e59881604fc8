import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../../lib/cli/failure.ts";
import { planRun, type RunOptions } from "../../../lib/cli/run/options.ts";

function requestOf(options: RunOptions): unknown {
  return planRun(options, ["true"]).request;
}

Deno.test("planRun() turns each way to ask for something into a request", () => {
  const cases: [RunOptions, Record<string, unknown>][] = [
    [{ vram: ["4G"] }, { vram_mb: 4096 }],
    [{ vram: ["4G", "8G"] }, { vram_mb: [4096, 8192] }],
    [{ vram: ["4G"], gpus: "2" }, { vram_mb_each: 4096, num_gpus: 2 }],
    [{ vram: ["4G"], gpus: "1" }, { vram_mb_each: 4096, num_gpus: 1 }],
    [{ vramMbEach: "4G", numGpus: "2" }, { vram_mb_each: 4096, num_gpus: 2 }],
    [{ ram: "16G" }, { ram_mb: 16384 }],
    [{ ram: "5" }, { ram_mb: 5 }],
    [{ cpu: "4" }, { cpu_cores: 4 }],
    [{ resource: ["a=1", "b_mb=1G"] }, { a: 1, b_mb: 1024 }],
    [{ resource: ["vram_mb=1G"] }, { vram_mb: 1024 }],
    [{ disk: ["16G"] }, { "disk_mb@/": 16384 }],
    [{ disk: ["16G"], diskPath: ["/data"] }, { "disk_mb@/data": 16384 }],
    [
      { disk: ["1G", "2G"], diskPath: ["/a", "b c"] },
      { "disk_mb@/a": 1024, "disk_mb@b c": 2048 },
    ],
    [
      { vram: ["4G"], ram: "16G", cpu: "4", resource: ["a=1"] },
      { ram_mb: 16384, cpu_cores: 4, a: 1, vram_mb: 4096 },
    ],
  ];
  for (const [options, request] of cases) {
    assertEquals(requestOf(options), request);
  }
});

Deno.test("planRun() refuses what contradicts itself, and names it", () => {
  const cases: [RunOptions, string][] = [
    [{}, "--vram"],
    [{ ram: "0" }, "--ram"],
    [{ ram: "1.0001" }, "--ram"],
    [{ cpu: "1.5" }, "--cpu"],
    [{ cpu: "-1" }, "--cpu"],
    [{ cpu: "many" }, "--cpu"],
    [{ cpu: "9".repeat(17) }, "--cpu"],
    [{ vram: ["4X"] }, "--vram"],
    [{ vram: ["4G"], gpus: "0" }, "--gpus"],
    [{ gpus: "2" }, "--vram"],
    [{ vram: ["4G", "4G"], gpus: "2" }, "--gpus 2"],
    [{ vram: ["4G"], vramMbEach: "4G", numGpus: "1" }, "--vram-mb-each"],
    [{ vramMbEach: "4G" }, "--num-gpus"],
    [{ numGpus: "2" }, "--vram-mb-each"],
    [{ vramMbEach: "4G", numGpus: "2", gpus: "2" }, "--gpus"],
    [{ ram: "4G", resource: ["ram_mb=4G"] }, '"ram_mb"'],
    [{ resource: ["a=1", "a=1"] }, '"a"'],
    [{ resource: ["a"] }, '"a"'],
    [{ cpu: "1", diskPath: ["/"] }, "0 times --disk with 1 times --disk-path"],
    [{ disk: ["1G", "2G"] }, "2 times --disk with 0 times --disk-path"],
    [{ disk: ["1G", "1G"], diskPath: ["/a", "/a"] }, '"disk_mb@/a"'],
    [{ disk: ["0"] }, "--disk"],
    [{ disk: ["1G"], diskPath: ["/a\n"] }, "--disk-path"],
    [{ resource: ["a=0"] }, "--resource"],
    [{ resource: ["num_gpus=2"] }, '"num_gpus"'],
    [{ resource: ["gpu_GPU-1_vram_mb=2"] }, "--vram"],
    [{ vram: ["4G"], resource: ["vram_mb=4G"] }, '"vram_mb"'],
    [{ cpu: "1", label: "a\nb" }, "--label"],
    [{ cpu: "1", priority: "high" }, "--priority"],
    [{ cpu: "1", timeout: "soon" }, "--timeout"],
    [{ cpu: "1", timeout: "1s", wait: false }, "--no-wait"],
    [{ cpu: "1", waitForCapacity: true, wait: false }, "--no-wait"],
    [{ cpu: "1", reclaimSignal: "TERM" }, "--reclaimable"],
    [{ cpu: "1", reclaimGrace: "1s" }, "--reclaimable"],
    [{ cpu: "1", reclaimable: true, reclaimSignal: "X" }, "--reclaim-signal"],
    [{ cpu: "1", estimatedSeconds: "0" }, "--estimated-seconds"],
    [{ ram: "1", pin: true }, "--cpu"],
    [{ cpu: "1", visible: "name" }, "use uuid or index"],
    [{ cpu: "1", gpu: ["0"] }, "--gpu alone: add --vram"],
    [{ cpu: "1", placement: "pack" }, "--placement alone: add --vram"],
    [
      { vram: ["1G"], placement: "best" },
      '"best" as it is unknown: use pack or spread',
    ],
  ];
  for (const [options, part] of cases) {
    const { message } = assertThrows(() => requestOf(options), UsageError);
    assertStringIncludes(message, part, JSON.stringify(options));
  }
});

Deno.test("planRun() refuses to run nothing", () => {
  assertThrows(() => planRun({ cpu: "1" }, []), UsageError, "command");
});

Deno.test("planRun() waits, is not reclaimable and sends TERM unless told otherwise", () => {
  const plan = planRun({ cpu: "1" }, ["true", "x"]);
  assertEquals(plan.command, ["true", "x"]);
  assertEquals(plan.waits, true);
  assertEquals(plan.options.priority, 0);
  assertEquals(plan.options.reclaimable, false);
  assertEquals(plan.options.timeoutMs, undefined);
  assertEquals(plan.reclaimSignal, "SIGTERM");
  assertEquals(plan.reclaimGraceMs, 30_000);
  assertEquals(plan.visible, "uuid");
  assertEquals(plan.quiet, false);
});

Deno.test("planRun() hands on every wish", () => {
  const plan = planRun({
    cpu: "1",
    vram: ["4G"],
    gpu: ["0", "3090"],
    placement: "spread",
    priority: "-3",
    label: "whisper",
    timeout: "10m",
    waitForCapacity: true,
    reclaimable: true,
    reclaimSignal: "int",
    reclaimGrace: "0",
    estimatedSeconds: "90",
    pin: true,
    visible: "index",
    quiet: true,
  }, ["true"]);
  assertEquals(plan.options, {
    priority: -3,
    label: "whisper",
    timeoutMs: 600_000,
    waitForCapacity: true,
    reclaimable: true,
    estimatedSeconds: 90,
    cards: ["0", "3090"],
    placement: "spread",
  });
  assertEquals(plan.reclaimSignal, "SIGINT");
  assertEquals(plan.reclaimGraceMs, 0);
  assertEquals(plan.visible, "index");
  assertEquals(plan.pin, true);
  assertEquals(plan.quiet, true);
});
