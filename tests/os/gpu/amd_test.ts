import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  AmdDriverSource,
  AmdSmiSource,
  parseAmdSmiCards,
  parseAmdSmiProcesses,
  parseRocmSmiCards,
  RocmSmiSource,
} from "../../../lib/os/gpu/amd.ts";
import { GpuDetectionError } from "../../../lib/os/gpu/error.ts";
import { kernelFiles } from "../made_up_host.ts";
import { data, failed, RecordedTools } from "../recorded_tools.ts";

const ROCM_7 = {
  "amd-smi static": data("amd/amd_smi_static.txt"),
  "amd-smi metric": data("amd/amd_smi_metric.txt"),
  "amd-smi process": data("amd/amd_smi_process.txt"),
};

Deno.test("AmdSmiSource.detect() reads ROCm 7, integrated graphics without capacity", async () => {
  const source = new AmdSmiSource(new RecordedTools(ROCM_7));
  const { gpus } = await source.detect();
  assertEquals(gpus, [
    {
      index: 0,
      uuid: "GPU-9c1e55a0d7b3f264",
      name: "AMD Instinct MI300X",
      vendor: "amd",
      totalMb: 196_592,
      usedMb: 121_344,
      freeMb: 75_248,
      capacityMb: 196_592,
      utilizationPercent: 87,
      unified: false,
      mig: null,
    },
    {
      index: 1,
      uuid: "PCI-0000:6f:00.0",
      name: "AMD Radeon Graphics",
      vendor: "amd",
      totalMb: 512,
      usedMb: 19,
      freeMb: 493,
      capacityMb: null,
      utilizationPercent: null,
      unified: true,
      mig: null,
    },
  ]);
});

Deno.test("parseAmdSmiCards() reads ROCm 6: a bare list, sizes as text, a warning above", () => {
  const [gpu] = parseAmdSmiCards(
    data("amd/amd_smi_static_old.txt"),
    data("amd/amd_smi_metric_old.txt"),
  );
  assertEquals(gpu.uuid, "GPU-06b05d3f8e91ac27");
  assertEquals([gpu.totalMb, gpu.usedMb, gpu.freeMb], [24_560, 536, 24_024]);
  assertEquals(gpu.utilizationPercent, 23);
});

Deno.test("parseAmdSmiCards() knows a card's size without its metric", () => {
  const [gpu] = parseAmdSmiCards(data("amd/amd_smi_static.txt"), "[]");
  assertEquals([gpu.totalMb, gpu.usedMb, gpu.freeMb], [196_592, null, null]);
  assertEquals(gpu.capacityMb, 196_592);
});

Deno.test("parseAmdSmiCards() reads sizes in any unit", () => {
  const sizes: readonly (readonly [string, number | null])[] = [
    ['"16368 MB"', 16_368],
    ['"16 GB"', 16_384],
    ['"1.5 GiB"', 1536],
    ['{"value": 25753026560, "unit": "B"}', 24_560],
    ['{"value": 2048, "unit": "KB"}', 2],
    ["25753026560", 24_560],
    ['{"value": "N/A", "unit": "MB"}', null],
    ['"16 parsecs"', null],
    ["null", null],
    ["-1", null],
  ];
  for (const [size, mb] of sizes) {
    const [gpu] = parseAmdSmiCards(
      `[{"gpu":0,"bus":{"bdf":"0000:c4:00.0"},"vram":{"size":${size}}}]`,
      "[]",
    );
    assertEquals(gpu.totalMb, mb, size);
  }
});

Deno.test("parseAmdSmiCards() refuses what it does not understand", () => {
  const metric = data("amd/amd_smi_metric.txt");
  for (
    const output of [
      "",
      "{}",
      "null",
      '{"gpu_data": 1}',
      "[1]",
      '[{"gpu": "N/A"}]',
      '[{"gpu": 0}]',
      data("amd/amd_smi_static.txt").slice(0, 300),
    ]
  ) {
    assertThrows(
      () => parseAmdSmiCards(output, metric),
      GpuDetectionError,
      "not understood",
      output,
    );
  }
});

Deno.test("parseAmdSmiCards() takes no id of zeros for a card's own", () => {
  const card = (serial: string) =>
    `[{"gpu":0,"asic":{"asic_serial":"${serial}"},"bus":{"bdf":"0000:C4:00.0"}}]`;
  for (const serial of ["0x0", "0x0000000000000000", "N/A", "", "x y"]) {
    const [gpu] = parseAmdSmiCards(card(serial), "[]");
    assertEquals(gpu.uuid, "PCI-0000:c4:00.0", serial);
  }
});

Deno.test("AmdSmiSource.processes() reads who holds memory", async () => {
  const source = new AmdSmiSource(new RecordedTools(ROCM_7));
  const uuid = "GPU-9c1e55a0d7b3f264";
  assertEquals(await source.processes(), [
    { pid: 710_898, uuid, usedMb: 121_129, name: "python3" },
    { pid: 711_002, uuid, usedMb: null, name: "" },
  ]);
});

Deno.test("parseAmdSmiProcesses() leaves out cards that it does not know", () => {
  const output = data("amd/amd_smi_process.txt");
  assertEquals(parseAmdSmiProcesses(output, new Map()), []);
});

Deno.test("AmdSmiSource.detect() takes a driver that is not loaded for an error", async () => {
  const words = data("amd/amd_smi_no_driver.txt");
  await assertRejects(
    () =>
      new AmdSmiSource(new RecordedTools({ "amd-smi": failed(255, words) }))
        .detect(),
    GpuDetectionError,
    "driver not initialized",
  );
});

Deno.test("AMD sources find no card and no process where their tool is missing", async () => {
  const tools = new RecordedTools({});
  for (const source of [new AmdSmiSource(tools), new RocmSmiSource(tools)]) {
    assertEquals(await source.detect(), {
      gpus: [],
      detail: `${source.name} is not installed`,
    });
    assertEquals(await source.processes(), []);
  }
});

Deno.test("RocmSmiSource.detect() reads cards by key, in the order of their numbers", async () => {
  const { gpus } = await new RocmSmiSource(
    new RecordedTools({ "rocm-smi": data("amd/rocm_smi.txt") }),
  ).detect();
  assertEquals(
    gpus.map(({ index, uuid, name, totalMb, usedMb }) => ({
      index,
      uuid,
      name,
      totalMb,
      usedMb,
    })),
    [
      {
        index: 0,
        uuid: "GPU-21e6f80b94c57a3d",
        name: "Navi 31 [Radeon RX 7900 XTX]",
        totalMb: 24_560,
        usedMb: 536,
      },
      {
        index: 1,
        uuid: "GPU-7a20c95e13d8b46f",
        name: "Navi 32 [Radeon RX 7800 XT]",
        totalMb: 16_368,
        usedMb: 258,
      },
    ],
  );
});

Deno.test("parseRocmSmiCards() reads keys in another case", () => {
  const [gpu] = parseRocmSmiCards(data("amd/rocm_smi_renamed.txt"));
  assertEquals(gpu.name, "AMD Radeon 780M");
  assertEquals(gpu.uuid, "PCI-0000:c4:00.0");
  assertEquals([gpu.unified, gpu.capacityMb], [true, null]);
});

Deno.test("parseRocmSmiCards() refuses what it does not understand", () => {
  for (
    const output of [
      "",
      "WARNING: No AMD GPUs specified",
      '{"card0": {}}',
      '{"card0": null}',
      '{"card0": {"Uniq',
    ]
  ) {
    assertThrows(() => parseRocmSmiCards(output), GpuDetectionError, undefined);
  }
  assertEquals(parseRocmSmiCards('{"system": {}}'), []);
});

Deno.test("AmdDriverSource.detect() reads the driver's files", async () => {
  const device = "/sys/class/drm/card1/device";
  const { gpus } = await new AmdDriverSource(kernelFiles({
    "/sys/class/drm/card0/device/vendor": "0x8086\n",
    "/sys/class/drm/card1-HDMI-A-1/status": "connected\n",
    // A plug of a card leads back to it: not to another card.
    "/sys/class/drm/card0-DP-1/device/vendor": "0x1002\n",
    "/sys/class/drm/card0-DP-1/device/mem_info_vram_total": "25753026560\n",
    "/sys/class/drm/renderD128/device/vendor": "0x1002\n",
    [`${device}/vendor`]: "0x1002\n",
    [`${device}/device`]: "0x744c\n",
    [`${device}/unique_id`]: "21e6f80b94c57a3d\n",
    [`${device}/uevent`]: "DRIVER=amdgpu\nPCI_SLOT_NAME=0000:03:00.0\n",
    [`${device}/mem_info_vram_total`]: "25753026560\n",
    [`${device}/mem_info_vram_used`]: "562364416\n",
    [`${device}/gpu_busy_percent`]: "3\n",
    "/sys/class/drm/card2/device/vendor": "0x1002\n",
  })).detect();
  assertEquals(gpus.length, 1);
  // The same card as rocm-smi tells of, under the same id.
  assertEquals(gpus[0].uuid, "GPU-21e6f80b94c57a3d");
  assertEquals(gpus[0].name, "AMD GPU 0x744c");
  assertEquals([gpus[0].totalMb, gpus[0].usedMb], [24_560, 536]);
  assertEquals(gpus[0].utilizationPercent, 3);
});

Deno.test("AmdDriverSource.detect() says why it found none", async () => {
  assertEquals(await new AmdDriverSource(kernelFiles({})).detect(), {
    gpus: [],
    detail: "/sys may not be read: allow it with --allow-all",
  });
  const intel = { "/sys/class/drm/card0/device/vendor": "0x8086\n" };
  assertEquals(await new AmdDriverSource(kernelFiles(intel)).detect(), {
    gpus: [],
    detail: "no AMD card has its driver loaded",
  });
});
