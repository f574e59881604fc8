import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  gpuCapacities,
  gpuSources,
  surveyGpus,
  surveyProcesses,
} from "../../lib/os/gpu.ts";
import { GpuDetectionError } from "../../lib/os/gpu/error.ts";
import type { GpuInfo, GpuSource } from "../../lib/os/gpu/source.ts";
import { kernelFiles } from "./made_up_host.ts";
import { data, failed, RecordedTools } from "./recorded_tools.ts";

const NVIDIA = "nvidia-smi --query-gpu=";

function sources(answers: ConstructorParameters<typeof RecordedTools>[0]) {
  return gpuSources(new RecordedTools(answers), kernelFiles({}));
}

function gpu(changes: Partial<GpuInfo> = {}): GpuInfo {
  return {
    index: 0,
    uuid: "GPU-1",
    name: "Card",
    vendor: "nvidia",
    totalMb: 1000,
    usedMb: 0,
    freeMb: 900,
    capacityMb: 900,
    utilizationPercent: 0,
    unified: false,
    mig: null,
    ...changes,
  };
}

/** A source that finds these cards. */
function fixed(name: string, gpus: readonly GpuInfo[]): GpuSource {
  return {
    name,
    detect: () => Promise.resolve({ gpus, detail: "" }),
    processes: () => Promise.resolve([]),
  };
}

/** A source that fails. */
function broken(name: string, error: Error): GpuSource {
  return {
    name,
    detect: () => Promise.reject(error),
    processes: () => Promise.reject(error),
  };
}

Deno.test("surveyGpus() tells of every source why it found nothing", async () => {
  const { gpus, findings, failures } = await surveyGpus(sources({}));
  assertEquals(gpus, []);
  assertEquals(failures, []);
  assertEquals(
    findings.map(({ source, found, detail }) => [source, found, detail]),
    [
      ["nvidia-smi", null, "nvidia-smi is not installed"],
      ["amd-smi", null, "amd-smi is not installed"],
      ["rocm-smi", null, "rocm-smi is not installed"],
      [
        "/sys/class/drm",
        null,
        "/sys may not be read: allow it with --allow-all",
      ],
      ["xpu-smi", null, "xpu-smi is not installed"],
    ],
  );
});

Deno.test("surveyGpus() finds cards of several vendors and asks no further", async () => {
  const { gpus, findings } = await surveyGpus(sources({
    [NVIDIA]: data("nvidia/one_card.csv"),
    "rocm-smi": data("amd/rocm_smi.txt"),
  }));
  assertEquals(gpus.map(({ vendor }) => vendor), ["nvidia", "amd", "amd"]);
  assertEquals(
    findings.map(({ source, found }) => [source, found]),
    [
      ["nvidia-smi", "GPU 0 NVIDIA GeForce RTX 3090 (23.5 GB)"],
      ["amd-smi", null],
      [
        "rocm-smi",
        "GPU 0 Navi 31 [Radeon RX 7900 XTX] (23.9 GB), " +
        "GPU 1 Navi 32 [Radeon RX 7800 XT] (15.9 GB)",
      ],
      ["xpu-smi", null],
    ],
  );
});

Deno.test("surveyGpus() tells of cards that are alike in one go", async () => {
  const { findings } = await surveyGpus([[
    fixed(
      "a",
      [
        gpu({ index: 0 }),
        gpu({ index: 1 }),
        gpu({ index: 2, name: "Other" }),
        gpu({ index: 4 }),
        gpu({ index: 5, capacityMb: 2048 }),
        gpu({ index: 6, unified: true, capacityMb: null }),
        gpu({ index: 7, unified: true, capacityMb: null }),
        gpu({ index: 8, mig: { parentUuid: "GPU-a", index: 0 } }),
        gpu({ index: 8, mig: { parentUuid: "GPU-a", index: 1 } }),
      ].map((one, at) => ({ ...one, uuid: `GPU-${at}` })),
    ),
  ]]);
  assertEquals(
    findings[0].found,
    `GPU 0-1 Card (900 MB each), GPU 2 Other (900 MB), GPU 4 Card (900 MB), ` +
      `GPU 5 Card (2 GB), GPU 6-7 Card (uses RAM), ` +
      `GPU 8:0 Card (900 MB), GPU 8:1 Card (900 MB)`,
  );
});

Deno.test("surveyGpus() tells a broken source apart from no card", async () => {
  const { gpus, findings, failures } = await surveyGpus(sources({
    "nvidia-smi": failed(9, data("nvidia/no_driver.txt")),
    "amd-smi static": data("amd/amd_smi_static.txt"),
    "amd-smi metric": data("amd/amd_smi_metric.txt"),
  }));
  assertEquals(gpus.map(({ vendor }) => vendor), ["amd", "amd"]);
  assertEquals(failures.map(({ source }) => source), ["nvidia-smi"]);
  assertEquals(findings[0].found, null);
  assertEquals(findings[0].detail, failures[0].message);
});

Deno.test("surveyGpus() forgives a source that a later one stands in for", async () => {
  const { gpus, findings, failures } = await surveyGpus(sources({
    "amd-smi": failed(255, data("amd/amd_smi_no_driver.txt")),
    "rocm-smi": data("amd/rocm_smi.txt"),
  }));
  assertEquals(gpus.length, 2);
  assertEquals(failures, []);
  assert(findings[1].detail.includes("driver not initialized"));
});

Deno.test("surveyGpus() says what to know about cards without capacity", async () => {
  const { findings } = await surveyGpus([[
    fixed("a", [
      gpu({ uuid: "GPU-1", unified: true, capacityMb: null }),
      gpu({ uuid: "GPU-2", capacityMb: null, totalMb: null }),
      gpu({ uuid: "MIG-3", mig: { parentUuid: "GPU-3", index: 4 } }),
    ]),
  ]]);
  assertEquals(
    findings[0].found,
    "GPU 0 Card (uses RAM), GPU 0 Card (memory unknown), GPU 0:4 Card (900 MB)",
  );
  assertEquals(
    findings[0].detail,
    "memory that is RAM is counted as ram_mb alone: ask for it with --ram; " +
      "set the memory by hand: reslock set gpu_GPU-2_vram_mb 8G",
  );
});

Deno.test("surveyGpus() takes two cards with one UUID for a broken source", async () => {
  const { gpus, failures } = await surveyGpus([[fixed("a", [gpu(), gpu()])]]);
  assertEquals(gpus, []);
  assertEquals(failures.length, 1);
  assert(failures[0] instanceof GpuDetectionError);
});

Deno.test("surveyGpus() hides no mistake of our own", async () => {
  const mistake = new TypeError("a mistake");
  await assertRejects(
    () => surveyGpus([[broken("a", mistake)]]),
    TypeError,
    "a mistake",
  );
});

Deno.test("gpuCapacities() gives one resource for each card with memory of its own", () => {
  assertEquals(
    gpuCapacities([
      gpu({ uuid: "GPU-1" }),
      gpu({ uuid: "GPU-2", unified: true, capacityMb: 5 }),
      gpu({ uuid: "GPU-3", capacityMb: null }),
      gpu({ uuid: "MIG-4", capacityMb: 100 }),
    ]),
    { "gpu_GPU-1_vram_mb": 900, "gpu_MIG-4_vram_mb": 100 },
  );
});

Deno.test("surveyProcesses() joins what all vendors tell", async () => {
  const processes = await surveyProcesses(sources({
    "nvidia-smi --query-compute-apps=": data("nvidia/processes.csv"),
    "nvidia-smi -L": "GPU 0: Card (UUID: GPU-1)\n",
    "amd-smi static": data("amd/amd_smi_static.txt"),
    "amd-smi metric": data("amd/amd_smi_metric.txt"),
    "amd-smi process": data("amd/amd_smi_process.txt"),
  }));
  assertEquals(processes.map(({ pid }) => pid), [4242, 5150, 710_898, 711_002]);
});

Deno.test("surveyProcesses() takes a broken source for an error", async () => {
  await assertRejects(
    () =>
      surveyProcesses(sources({
        "nvidia-smi": failed(9, data("nvidia/no_driver.txt")),
      })),
    GpuDetectionError,
    "couldn't communicate",
  );
});
