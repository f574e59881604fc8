/**
 * The parts that an NVIDIA card is cut into (MIG), from `nvidia-smi -L` and the
 * full report `nvidia-smi -q -x`.
 *
 * @module
 */
import {
  type GpuInfo,
  type GpuProcess,
  unreadable,
  wholeNumber,
} from "./source.ts";

/** An instance in the list: its name and UUID. */
export interface MigName {
  readonly parentUuid: string;
  /** Its number on the card. */
  readonly index: number;
  readonly profile: string;
  readonly uuid: string;
}

/** An instance in the report: its memory. */
export interface MigInstance {
  readonly parentUuid: string;
  readonly index: number;
  /** The part of the card; several compute instances may share one and its memory. */
  readonly gpuInstance: number | null;
  readonly computeInstance: number | null;
  readonly totalMb: number | null;
  readonly usedMb: number | null;
  readonly freeMb: number | null;
}

/** A process in the report. */
export interface MigProcess {
  readonly parentUuid: string;
  readonly gpuInstance: number | null;
  readonly computeInstance: number | null;
  readonly pid: number;
  readonly name: string;
  readonly usedMb: number | null;
}

/** What the full report tells. */
export interface MigReport {
  readonly instances: readonly MigInstance[];
  readonly processes: readonly MigProcess[];
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

/** The insides of every element of that name. */
function elements(xml: string, name: string): string[] {
  const pattern = new RegExp(
    `<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`,
    "g",
  );
  return Array.from(xml.matchAll(pattern), (match) => match[1]);
}

/** The text of the first element of that name. */
function textOf(xml: string, name: string): string {
  return (elements(xml, name)[0] ?? "").trim()
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"').replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}

function numberOf(xml: string, name: string): number | null {
  return wholeNumber(textOf(xml, name).replace(/ MiB$/, ""));
}

/**
 * Reads the instances and processes in the full report.
 *
 * @throws {GpuDetectionError} if it is not a whole report
 */
export function parseMigReport(output: string): MigReport {
  if (!output.includes("</nvidia_smi_log>")) {
    throw unreadable("nvidia-smi", output, "the report");
  }
  const instances: MigInstance[] = [];
  const processes: MigProcess[] = [];
  for (const card of elements(output, "gpu")) {
    const devices = elements(card, "mig_devices")[0] ?? "";
    // Without the instances, as they may have a UUID of their own in it.
    const parentUuid = textOf(card.replace(devices, ""), "uuid");
    for (const device of elements(devices, "mig_device")) {
      const memory = elements(device, "fb_memory_usage")[0] ?? "";
      instances.push({
        parentUuid,
        index: numberOf(device, "index") ?? instances.length,
        gpuInstance: numberOf(device, "gpu_instance_id"),
        computeInstance: numberOf(device, "compute_instance_id"),
        totalMb: numberOf(memory, "total"),
        usedMb: numberOf(memory, "used"),
        freeMb: numberOf(memory, "free"),
      });
    }
    for (const process of elements(card, "process_info")) {
      const pid = numberOf(process, "pid");
      // Those that only draw are not in the query for processes either.
      if (pid === null || !textOf(process, "type").includes("C")) continue;
      processes.push({
        parentUuid,
        gpuInstance: numberOf(process, "gpu_instance_id"),
        computeInstance: numberOf(process, "compute_instance_id"),
        pid,
        name: textOf(process, "process_name"),
        usedMb: numberOf(process, "used_memory"),
      });
    }
  }
  return { instances, processes };
}

/** Joins what the list and the report tell into cards of their own. */
export function toInstances(
  cards: readonly GpuInfo[],
  names: readonly MigName[],
  report: MigReport,
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
  report: MigReport,
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
