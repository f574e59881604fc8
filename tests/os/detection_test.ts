import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { detectResources, surveyMachine } from "../../lib/os/detection.ts";
import { gpuSources } from "../../lib/os/gpu.ts";
import type { Host } from "../../lib/os/host.ts";
import { host, kernelFiles } from "./made_up_host.ts";
import { data, failed, RecordedTools } from "./recorded_tools.ts";

const LIMITED = kernelFiles({
  "/proc/self/cgroup": "0::/\n",
  "/proc/self/mountinfo":
    "30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
  "/sys/fs/cgroup/memory.max": String(4 * 2 ** 30),
  "/sys/fs/cgroup/cpu.max": "250000 100000\n",
  "/sys/devices/system/cpu/online": "0-7\n",
});

function survey(
  machine: Host,
  answers: ConstructorParameters<typeof RecordedTools>[0] = {},
  ramReserveMb = 0,
) {
  const tools = new RecordedTools(answers);
  return surveyMachine(machine, gpuSources(tools, machine.files), {
    ramReserveMb,
  });
}

Deno.test("surveyMachine() finds what setResources() takes", async () => {
  const { resources, limits, failures, sources } = await survey(
    host(),
    { "nvidia-smi --query-gpu=": data("nvidia/one_card.csv") },
    8192,
  );
  assertEquals(resources, {
    cpu_cores: 8,
    ram_mb: 57_344,
    "gpu_GPU-1d3c8f0a-52b7-4e19-9c64-7a0e5b2f8d31_vram_mb": 24_136,
  });
  assertEquals(limits, {});
  assertEquals(failures, []);
  assertEquals(
    sources.map(({ what, found }) => [what, found]),
    [
      ["cpu_cores", "8"],
      ["ram_mb", "64 GB"],
      ["gpus", "GPU 0 NVIDIA GeForce RTX 3090 (23.5 GB)"],
      ["gpus", null],
      ["gpus", null],
      ["gpus", null],
      ["gpus", null],
      ["disks", "/ 1 GB free of 2 GB"],
      ["network", null],
    ],
  );
  assertEquals(sources[1].detail, "8 GB kept in reserve");
});

Deno.test("surveyMachine() registers no limit of a container, and says how to", async () => {
  const { resources, limits, sources } = await survey(
    host({ files: LIMITED, contained: true }),
    { "nvidia-smi --query-gpu=": data("nvidia/two_of_eight_cards.csv") },
  );
  // A card's memory is the same for all who see it.
  assertEquals(Object.values(resources), [81_008, 81_008]);
  assertEquals(limits, { cpu_cores: 2, ram_mb: 4096 });
  assertStringIncludes(sources[0].detail, "this process may use 2 of 8");
  assertStringIncludes(sources[0].detail, "reslock set cpu_cores 2");
  assertStringIncludes(sources[1].detail, "this process may use 4 GB");
  assertStringIncludes(sources[1].detail, "reslock set ram_mb 4096");
});

Deno.test("surveyMachine() registers a container that has the whole machine", async () => {
  const { resources, limits } = await survey(host({ contained: true }));
  assertEquals(resources, { cpu_cores: 8, ram_mb: 65_536 });
  assertEquals(limits, {});
});

Deno.test("surveyMachine() registers the host's RAM although a slice of it limits us", async () => {
  const { resources, limits, sources } = await survey(host({ files: LIMITED }));
  assertEquals(resources, { cpu_cores: 2, ram_mb: 65_536 });
  assertEquals(limits, { cpu_cores: 2, ram_mb: 4096 });
  assertEquals(sources[1].detail, "this process may use 4 GB by its cgroup");
});

Deno.test("surveyMachine() books memory that is RAM once", async () => {
  const { resources, gpus } = await survey(host(), {
    "nvidia-smi --query-gpu=": data("nvidia/unified_gb10.csv"),
  });
  assertEquals(resources, { cpu_cores: 8, ram_mb: 65_536 });
  assertEquals(gpus.map(({ unified }) => unified), [true]);
});

Deno.test("surveyMachine() finds the rest beside a broken driver", async () => {
  const { resources, failures } = await survey(host(), {
    "nvidia-smi": failed(18, data("nvidia/driver_mismatch.txt")),
  });
  assertEquals(resources, { cpu_cores: 8, ram_mb: 65_536 });
  assertEquals(failures.map(({ source }) => source), ["nvidia-smi"]);
});

Deno.test("surveyMachine() refuses a reserve that leaves nothing", async () => {
  await assertRejects(() => survey(host(), {}, 65_536), RangeError, "reserve");
});

Deno.test({
  name: "detectResources() says of everything that it may not ask for it",
  permissions: "none",
  fn: async () => {
    const { resources, gpus, failures, sources } = await detectResources();
    assertEquals(Object.keys(resources), ["cpu_cores"]);
    assertEquals(gpus, []);
    assertEquals(failures, []);
    for (const { what, detail } of sources) {
      if (what !== "cpu_cores") assertStringIncludes(detail, "--allow-");
    }
  },
});
