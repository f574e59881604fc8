/**
 * The full report, `nvidia-smi -q -x`: cards, instances (MIG) and processes at once.
 *
 * It is XML of one known shape that differs between drivers in what it tells more;
 * what is not looked for here is passed over.
 *
 * @module
 */
import { type NvidiaCard, toCard } from "./nvidia_card.ts";
import { unreadable } from "./source.ts";

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
export interface ReportedProcess {
  /** The card that it is listed under. */
  readonly parentUuid: string;
  readonly gpuInstance: number | null;
  readonly computeInstance: number | null;
  readonly pid: number;
  readonly name: string;
  readonly usedMb: number | null;
}

/** What the full report tells. */
export interface NvidiaReport {
  /** In the order of their numbers. */
  readonly cards: readonly NvidiaCard[];
  readonly instances: readonly MigInstance[];
  readonly processes: readonly ReportedProcess[];
}

/** The insides of every element of that name. */
function elements(xml: string, name: string): string[] {
  const pattern = new RegExp(
    `<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`,
    "g",
  );
  return Array.from(xml.matchAll(pattern), (match) => match[1]);
}

/** The text of the first element of that name; empty without one. */
function textOf(xml: string, name: string): string {
  return (elements(xml, name)[0] ?? "").trim()
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"').replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}

/**
 * The figure in the first element of that name; `null` for every text without one:
 * `N/A`, `Insufficient Permissions`, `Unknown Error` and more.
 *
 * @throws {GpuDetectionError} for a figure in another unit
 */
function numberOf(xml: string, name: string, unit = ""): number | null {
  const text = textOf(xml, name);
  if (!/\d/.test(text)) return null;
  const digits = text.endsWith(unit)
    ? text.slice(0, text.length - unit.length)
    : text;
  if (!/^\d{1,15}$/.test(digits)) {
    throw unreadable(
      "nvidia-smi",
      `<${name}>${text}</${name}>`,
      "this element",
    );
  }
  return Number(digits);
}

function memoryOf(xml: string) {
  const memory = elements(xml, "fb_memory_usage")[0] ?? "";
  return {
    totalMb: numberOf(memory, "total", " MiB"),
    usedMb: numberOf(memory, "used", " MiB"),
    freeMb: numberOf(memory, "free", " MiB"),
  };
}

function parseInstances(devices: string, parentUuid: string): MigInstance[] {
  return elements(devices, "mig_device").map((device, at) => ({
    parentUuid,
    index: numberOf(device, "index") ?? at,
    gpuInstance: numberOf(device, "gpu_instance_id"),
    computeInstance: numberOf(device, "compute_instance_id"),
    ...memoryOf(device),
  }));
}

function parseProcesses(card: string, parentUuid: string): ReportedProcess[] {
  return elements(card, "process_info").flatMap((process) => {
    const pid = numberOf(process, "pid");
    // Those that only draw are not in the query for processes either.
    if (pid === null || !textOf(process, "type").includes("C")) return [];
    return [{
      parentUuid,
      gpuInstance: numberOf(process, "gpu_instance_id"),
      computeInstance: numberOf(process, "compute_instance_id"),
      pid,
      name: textOf(process, "process_name"),
      usedMb: numberOf(process, "used_memory", " MiB"),
    }];
  });
}

/**
 * Reads the full report.
 *
 * @throws {GpuDetectionError} if it is not whole, or a part of it is not understood
 */
export function parseNvidiaReport(output: string): NvidiaReport {
  if (!output.includes("</nvidia_smi_log>")) {
    throw unreadable("nvidia-smi", output, "the report");
  }
  const cards: NvidiaCard[] = [];
  const instances: MigInstance[] = [];
  const processes: ReportedProcess[] = [];
  for (const [index, text] of elements(output, "gpu").entries()) {
    const devices = elements(text, "mig_devices")[0] ?? "";
    // Instances have memory, and may have a UUID, of their own.
    const body = text.replace(devices, "");
    const card = toCard({
      index,
      uuid: textOf(body, "uuid"),
      name: textOf(body, "product_name"),
      ...memoryOf(body),
      utilizationPercent: numberOf(body, "gpu_util", " %"),
      migEnabled: textOf(body, "current_mig") === "Enabled",
    });
    if (card === undefined) throw unreadable("nvidia-smi", text, "this card");
    cards.push(card);
    instances.push(...parseInstances(devices, card.uuid));
    processes.push(...parseProcesses(body, card.uuid));
  }
  return { cards, instances, processes };
}
