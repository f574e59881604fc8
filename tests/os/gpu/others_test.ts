import { assertEquals, assertThrows } from "@std/assert";
import {
  AppleSource,
  IntelSource,
  parseAppleGpus,
  parseXpuSmiCard,
  parseXpuSmiList,
} from "../../../lib/os/gpu/others.ts";
import { GpuDetectionError } from "../../../lib/os/gpu/error.ts";
import { data, RecordedTools } from "../recorded_tools.ts";

Deno.test("IntelSource.detect() reads cards, integrated graphics without capacity", async () => {
  const { gpus } = await new IntelSource(
    new RecordedTools({
      "xpu-smi discovery -j": data("intel/discovery.txt"),
      "xpu-smi discovery -d 0 -j": data("intel/discovery_0.txt"),
      "xpu-smi discovery -d 1 -j": data("intel/discovery_1.txt"),
    }),
  ).detect();
  assertEquals(
    gpus.map(({ index, uuid, totalMb, usedMb, capacityMb, unified }) => ({
      index,
      uuid,
      totalMb,
      usedMb,
      capacityMb,
      unified,
    })),
    [
      {
        index: 0,
        uuid: "00000000-0000-0029-0000-002f0bda8086",
        totalMb: 49_136,
        usedMb: 28,
        capacityMb: 49_136,
        unified: false,
      },
      {
        index: 1,
        uuid: "00000000-0000-0002-0000-00019a498086",
        totalMb: 31_744,
        usedMb: 3072,
        capacityMb: null,
        unified: true,
      },
    ],
  );
});

Deno.test("AppleSource.detect() finds the chip's graphics, which live from RAM", async () => {
  const { gpus } = await new AppleSource(
    new RecordedTools({ system_profiler: data("apple/m2_max.txt") }),
  ).detect();
  assertEquals(
    gpus.map(({ name, unified, capacityMb }) => [name, unified, capacityMb]),
    [["Apple M2 Max", true, null]],
  );
});

Deno.test("Intel and Apple sources find nothing where their tool is missing", async () => {
  const tools = new RecordedTools({});
  const detail = "is not installed";
  for (
    const [source, tool] of [
      [new IntelSource(tools), "xpu-smi"],
      [new AppleSource(tools), "system_profiler"],
    ] as const
  ) {
    assertEquals(await source.detect(), {
      gpus: [],
      detail: `${tool} ${detail}`,
    });
    assertEquals(await source.processes(), []);
  }
});

Deno.test("Intel and Apple parsers refuse what they do not understand", () => {
  for (const parse of [parseXpuSmiList, parseXpuSmiCard, parseAppleGpus]) {
    for (const output of ["", "{", "[]", "{}", "Error: no device", "null"]) {
      assertThrows(() => parse(output), GpuDetectionError, "not understood");
    }
  }
  const odd = data("intel/discovery_0.txt")
    .replace("00000000-0000-0029-0000-002f0bda8086", "a b");
  assertThrows(() => parseXpuSmiCard(odd), GpuDetectionError, "id");
});
