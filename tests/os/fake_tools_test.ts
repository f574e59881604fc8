import { assertEquals, assertRejects } from "@std/assert";
import { systemTools, type ToolRunner } from "../../lib/os/command.ts";
import { gpuCapacities } from "../../lib/os/gpu.ts";
import { GpuDetectionError } from "../../lib/os/gpu/error.ts";
import { AmdSmiSource } from "../../lib/os/gpu/amd.ts";
import { NvidiaSource } from "../../lib/os/gpu/nvidia.ts";
import {
  FAKE_TOOLS,
  type FakeScenario,
  readCalls,
  writeScenario,
} from "./data/fake_tools/scenario.ts";

/** Copies the tools beside a scenario: tests that run at once share nothing. */
async function withMachine(
  scenario: FakeScenario,
  use: (tools: ToolRunner, path: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    for (const name of ["nvidia-smi", "amd-smi", "common.sh"]) {
      await Deno.copyFile(`${FAKE_TOOLS}/${name}`, `${directory}/${name}`);
    }
    const path = `${directory}/scenario`;
    await writeScenario(path, scenario);
    const tools: ToolRunner = {
      run: (tool, args, options) => {
        const name = tool.slice(tool.lastIndexOf("/") + 1);
        return systemTools.run(`${directory}/${name}`, args, options);
      },
    };
    await use(tools, path);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const MACHINE: FakeScenario = {
  cards: [
    { uuid: "GPU-plain", reservedMb: 400, usedMb: 1000 },
    {
      uuid: "GPU-cut-up",
      instances: [
        { uuid: "MIG-one", profile: "3g.20gb", totalMb: 20_000, usedMb: 5 },
        { uuid: "MIG-two", profile: "1g.5gb", totalMb: 5000 },
      ],
    },
    { uuid: "GPU-spark", name: "NVIDIA GB10", totalMb: "[N/A]" },
  ],
  amd: [{ serial: "0x21e6f80b94c57a3d", usedMb: 77 }],
  processes: [
    { uuid: "GPU-plain", pid: 42, usedMb: 900, name: "a b" },
    { uuid: "MIG-two", pid: 43, usedMb: 9 },
    { uuid: "GPU-21e6f80b94c57a3d", pid: 44, usedMb: 70 },
  ],
};

Deno.test("fake nvidia-smi answers like a machine with these cards", async () => {
  await withMachine(MACHINE, async (tools, path) => {
    const source = new NvidiaSource(tools);
    const { gpus } = await source.detect();
    assertEquals(gpuCapacities(gpus), {
      "gpu_GPU-plain_vram_mb": 24_176,
      "gpu_MIG-one_vram_mb": 20_000,
      "gpu_MIG-two_vram_mb": 5000,
    });
    assertEquals(gpus.map(({ usedMb }) => usedMb), [1000, 5, 0, null]);
    assertEquals(await source.processes(), [
      { pid: 42, uuid: "GPU-plain", usedMb: 900, name: "a b" },
      { pid: 43, uuid: "MIG-two", usedMb: 9, name: "python" },
    ]);
    const calls = await readCalls(path);
    assertEquals(calls.length, 6);
    assertEquals(await source.readUse(), {
      gpus,
      detail: "",
      processes: await source.processes(),
    });
    assertEquals(calls[0].startsWith("nvidia-smi --query-gpu=index,"), true);
  });
});

Deno.test("fake nvidia-smi answers the questions of the Python package", async () => {
  await withMachine(MACHINE, async (tools) => {
    const answer = async (...args: string[]) => {
      const result = await tools.run("nvidia-smi", args);
      return result.kind === "ended" ? [result.code, result.stdout] : result;
    };
    assertEquals(
      await answer(
        "--query-gpu=uuid,memory.total",
        "--format=csv,noheader,nounits",
      ),
      [0, "GPU-plain, 24576\nGPU-cut-up, 24576\nGPU-spark, [N/A]\n"],
    );
    assertEquals(
      await answer("--query-compute-apps=pid,used_memory", "--format=csv"),
      [0, "pid,used_memory\n42, 900 MiB\n43, 9 MiB\n"],
    );
    assertEquals(
      await answer("--query-gpu=uuid,nonsense", "--format=csv,noheader"),
      [2, 'GPU-plain, Field "nonsense" is not a valid field to query.\n\n'],
    );
  });
});

Deno.test("fake amd-smi answers like a machine with these cards", async () => {
  await withMachine(MACHINE, async (tools) => {
    const source = new AmdSmiSource(tools);
    const uuid = "GPU-21e6f80b94c57a3d";
    const { gpus } = await source.detect();
    assertEquals(gpus.map((gpu) => [gpu.uuid, gpu.totalMb, gpu.usedMb]), [
      [uuid, 24_576, 77],
    ]);
    assertEquals(await source.processes(), [
      { pid: 44, uuid, usedMb: 70, name: "python" },
    ]);
  });
});

Deno.test("fake tools answer of the scenario of the moment", async () => {
  await withMachine({}, async (tools, path) => {
    const source = new NvidiaSource(tools);
    assertEquals((await source.detect()).gpus, []);
    assertEquals((await new AmdSmiSource(tools).detect()).gpus, []);
    for (const usedMb of [0, 5000]) {
      await writeScenario(path, { cards: [{ uuid: "GPU-plain", usedMb }] });
      const { gpus } = await source.detect();
      assertEquals(gpus.map((gpu) => gpu.usedMb), [usedMb]);
    }
  });
});

Deno.test("fake tools fail, talk nonsense and dawdle as told", async () => {
  await withMachine({}, async (tools, path) => {
    const cards = [{ uuid: "GPU-plain" }];
    const impatient: ToolRunner = {
      run: (tool, args) => tools.run(tool, args, { timeoutMs: 50 }),
    };
    const troubles = [
      [{ says: "NVIDIA-SMI has failed", code: 9 }, tools, "has failed"],
      [{ says: "Segmentation fault" }, tools, "Segmentation fault"],
      [{ sleep: 2 }, impatient, "no answer within 0.05 s"],
    ] as const;
    for (const [trouble, runner, words] of troubles) {
      await writeScenario(path, {
        cards,
        trouble: [{ tool: "nvidia-smi", ...trouble }],
      });
      await assertRejects(
        () => new NvidiaSource(runner).detect(),
        GpuDetectionError,
        words,
      );
    }
    // The trouble of one tool is none of the other's.
    assertEquals((await new AmdSmiSource(tools).detect()).gpus, []);
  });
});
