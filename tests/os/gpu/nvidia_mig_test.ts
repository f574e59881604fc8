import { assertEquals } from "@std/assert";
import {
  type MigName,
  parseMigList,
  toInstanceProcesses,
  toInstances,
} from "../../../lib/os/gpu/nvidia_mig.ts";
import type {
  MigInstance,
  NvidiaReport,
  ReportedProcess,
} from "../../../lib/os/gpu/nvidia_report.ts";
import type { GpuInfo } from "../../../lib/os/gpu/source.ts";

const CARD = "GPU-a";

/** The name of the instance of that number on the card. */
function named(index: number, parentUuid = CARD): MigName {
  return { parentUuid, index, profile: "1g.10gb", uuid: `MIG-${index}` };
}

function instance(
  index: number,
  gpuInstance: number,
  computeInstance: number,
): MigInstance {
  const [totalMb, usedMb, freeMb] = [1001, 1, 1000];
  return {
    ...{ parentUuid: CARD, index, gpuInstance, computeInstance },
    ...{ totalMb, usedMb, freeMb },
  };
}

function process(
  pid: number,
  gpuInstance: number | null,
  computeInstance: number | null,
  parentUuid = CARD,
): ReportedProcess {
  const [name, usedMb] = ["python", 5];
  return { parentUuid, gpuInstance, computeInstance, pid, name, usedMb };
}

// The second part of the card is shared by two instances, which have its memory both.
const INSTANCES = [
  instance(0, 1, 0),
  instance(1, 2, 0),
  instance(2, 2, 1),
];
const NAMES = [named(0), named(1), named(2)];

function report(processes: readonly ReportedProcess[] = []): NvidiaReport {
  return { cards: [], instances: INSTANCES, processes };
}

Deno.test("parseMigList() gives each instance to the card above it", () => {
  const list = `GPU 0: NVIDIA A100 (UUID: GPU-a)
  MIG 1g.5gb      Device  0: (UUID: MIG-0)
GPU 1: NVIDIA A100 (UUID: GPU-b)
  MIG 1c.3g.20gb  Device 11: (UUID: MIG-11)
`;
  assertEquals(parseMigList(list), [
    { parentUuid: "GPU-a", index: 0, profile: "1g.5gb", uuid: "MIG-0" },
    { parentUuid: "GPU-b", index: 11, profile: "1c.3g.20gb", uuid: "MIG-11" },
  ]);
});

Deno.test("toInstances() gives those that share memory a fair part of it", () => {
  const card = { index: 3, uuid: CARD, name: "A100" } as GpuInfo;
  const instances = toInstances(
    [card],
    [...NAMES, named(7, "GPU-z")],
    report(),
  );
  assertEquals(
    instances.map(({ uuid, index, totalMb, capacityMb, mig }) => [
      ...[uuid, index, totalMb, capacityMb, mig?.index],
    ]),
    [
      ["MIG-0", 3, 1001, 1001, 0],
      ["MIG-1", 3, 1001, 500, 1],
      ["MIG-2", 3, 1001, 500, 2],
    ],
  );
});

Deno.test("toInstanceProcesses() tells instances of one part of the card apart", () => {
  const found = toInstanceProcesses(
    [
      { pid: 1, uuid: "GPU-b", usedMb: 1, name: "whole card" },
      { pid: 2, uuid: CARD, usedMb: 1, name: "under the card" },
    ],
    NAMES,
    report([
      process(10, 1, 0),
      process(11, 2, 0),
      process(12, 2, 1),
      process(13, 2, 7),
      process(14, 1, 0, "GPU-b"),
      process(15, null, null),
    ]),
  );
  assertEquals(found.map(({ pid, uuid }) => [pid, uuid]), [
    [1, "GPU-b"],
    [10, "MIG-0"],
    [11, "MIG-1"],
    [12, "MIG-2"],
  ]);
});
