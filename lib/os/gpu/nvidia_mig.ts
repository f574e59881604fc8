/**
 * The parts that an NVIDIA card is cut into (MIG), from `nvidia-smi -L` and the
 * full report `nvidia-smi -q -x`.
 *
 * @module
 */
import type { NvidiaReport } from "./nvidia_report.ts";
import type { GpuInfo, GpuProcess } from "./source.ts";

/** An instance in the list: its name and UUID. */
export interface MigName {
  readonly parentUuid: string;
  /** Its number on the card. */
  readonly index: number;
  readonly profile: string;
  readonly uuid: string;
}

/** Reads the instances in the list of cards. */
export function parseMigList(output: string): MigName[] {
  const names: MigName[] = [];
  let parentUuid = "";
  for (const line of output.split("\n")) {
    const card = /^GPU \d+: .*\(UUID: ([^)\s]+)\)/.exec(line);
    if (card !== null) parentUuid = card[1];
    const instance = /^\s+MIG (\S+)\s+Device\s+(\d+): \(UUID: ([^)\s]+)\)/
      .exec(line);
    if (instance === null) continue;
    const [, profile, index, uuid] = instance;
    names.push({ parentUuid, index: Number(index), profile, uuid });
  }
  return names;
}

/** Joins what the list and the report tell into cards of their own. */
export function toInstances(
  cards: readonly GpuInfo[],
  names: readonly MigName[],
  report: NvidiaReport,
): GpuInfo[] {
  return names.flatMap((name): GpuInfo[] => {
    const card = cards.find(({ uuid }) => uuid === name.parentUuid);
    if (card === undefined) return [];
    const siblings = report.instances
      .filter(({ parentUuid }) => parentUuid === card.uuid);
    const own = siblings.find(({ index }) => index === name.index);
    // Each of them may fill the memory that they share: only a fair part is safe.
    const sharers = siblings
      .filter(({ gpuInstance }) => gpuInstance === own?.gpuInstance).length;
    const totalMb = own?.totalMb ?? null;
    return [{
      index: card.index,
      uuid: name.uuid,
      name: `${card.name} MIG ${name.profile}`,
      vendor: "nvidia",
      totalMb,
      usedMb: own?.usedMb ?? null,
      freeMb: own?.freeMb ?? null,
      capacityMb: totalMb === null ? null : Math.floor(totalMb / sharers),
      utilizationPercent: null,
      unified: false,
      mig: { parentUuid: card.uuid, index: name.index },
    }];
  });
}

/** Puts the processes of cut-up cards under the UUIDs of the instances they are on. */
export function toInstanceProcesses(
  processes: readonly GpuProcess[],
  names: readonly MigName[],
  report: NvidiaReport,
): GpuProcess[] {
  const cutUp = new Set(names.map(({ parentUuid }) => parentUuid));
  const placed = report.processes.flatMap((process): GpuProcess[] => {
    const { parentUuid, gpuInstance, computeInstance } = process;
    const instance = report.instances.find((one) =>
      one.parentUuid === parentUuid && one.gpuInstance === gpuInstance &&
      one.computeInstance === computeInstance
    );
    const name = names.find((one) =>
      one.parentUuid === parentUuid && one.index === instance?.index
    );
    if (name === undefined) return [];
    const { pid, usedMb } = process;
    return [{ pid, uuid: name.uuid, usedMb, name: process.name }];
  });
  return [...processes.filter(({ uuid }) => !cutUp.has(uuid)), ...placed];
}
