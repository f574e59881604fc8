import type { Detection } from "../../mod.ts";
import { renderDetection, renderInit } from "../../lib/cli/render_detection.ts";
import { NOW_MS } from "./sample_pool.ts";
import { assertGolden } from "./support.ts";

const DETECTION: Detection = {
  resources: {
    ram_mb: 64000,
    "gpu_GPU-1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d_vram_mb": 24000,
  },
  limits: { cpu_cores: 2 },
  gpus: [{
    index: 0,
    uuid: "GPU-1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d",
    name: "NVIDIA GeForce RTX 4090",
    vendor: "nvidia",
    totalMb: 24564,
    usedMb: 300,
    freeMb: 24000,
    capacityMb: 24000,
    utilizationPercent: 0,
    unified: false,
    mig: null,
  }],
  failures: [],
  sources: [
    {
      what: "cpu_cores",
      source: "affinity and cgroup quota",
      found: "2",
      detail: "this process may use 2 of 8",
    },
    { what: "ram_mb", source: "the system", found: "62.5 GB", detail: "" },
    {
      what: "gpus",
      source: "nvidia-smi",
      found: "GPU 0 NVIDIA GeForce RTX 4090 (23.4 GB)",
      detail: "",
    },
    {
      what: "gpus",
      source: "amd-smi",
      found: null,
      detail: "amd-smi is not installed",
    },
  ],
};

for (const columns of [60, 100]) {
  Deno.test(`renderDetection() fits ${columns} columns`, () => {
    const view = { columns, color: false, plain: false, nowMs: NOW_MS };
    assertGolden(`detect_${columns}`, renderDetection(DETECTION, view));
  });
}

Deno.test("renderInit() tells what is new, what stayed, and what to know", () => {
  assertGolden(
    "init",
    renderInit({
      path: "/var/lib/reslock/state.json",
      registered: { ram_mb: 64000 },
      kept: { cpu_cores: 8 },
      forgotten: { gpu_slots: 2 },
      detection: DETECTION,
    }),
  );
});

Deno.test("renderInit() says so where nothing was found", () => {
  assertGolden(
    "init_nothing",
    renderInit({
      path: "/var/lib/reslock/state.json",
      registered: {},
      kept: {},
      forgotten: {},
      detection: { ...DETECTION, resources: {}, gpus: [], sources: [] },
    }),
  );
});
