/**
 * The graphics cards of this machine, their memory, and who uses it.
 *
 * Each vendor has sources, asked in order until one finds a card. A source that is
 * not installed found nothing; one that is there but broken is an error, as cards
 * that are not counted would be handed out without bounds or not at all.
 *
 * @module
 */
import { formatMb } from "../core/amount.ts";
import { gpuKey } from "../core/model.ts";
import { systemTools, type ToolRunner } from "./command.ts";
import { AmdDriverSource, AmdSmiSource, RocmSmiSource } from "./gpu/amd.ts";
import { NvidiaSource } from "./gpu/nvidia.ts";
import { AppleSource, IntelSource } from "./gpu/others.ts";
import { GpuDetectionError } from "./gpu/error.ts";
import {
  type GpuInfo,
  type GpuProcess,
  type GpuReading,
  type GpuSource,
  type GpuUseReading,
  settle,
} from "./gpu/source.ts";
import { type KernelFiles, systemKernelFiles } from "./kernel_file.ts";

/** What was looked for, where, and what came of it. */
export interface Finding {
  /** The kind of resource: `gpus`, `cpu_cores`, `ram_mb`, `disks` or `network`. */
  readonly what: string;
  /** The tool or place that was asked. */
  readonly source: string;
  /** What it told, for people; `null` if nothing. */
  readonly found: string | null;
  /** Why nothing was found, or what to know about it; may be empty. */
  readonly detail: string;
}

/** The memory of one card at one moment. */
export interface GpuMemory {
  /** All of it in MiB; `null` if the tool does not say. */
  readonly totalMb: number | null;
  /** What is in use in MiB; `null` if the tool does not say. */
  readonly usedMb: number | null;
  /** What a program could have now in MiB; `null` if the tool does not say. */
  readonly freeMb: number | null;
}

/** The cards with what each source told, and those that failed. */
export interface GpuSurvey {
  readonly gpus: readonly GpuInfo[];
  readonly findings: readonly Finding[];
  readonly failures: readonly GpuDetectionError[];
}

/** The sources of this machine: a list for each vendor, in the order they are asked. */
export function gpuSources(
  tools: ToolRunner = systemTools,
  files: KernelFiles = systemKernelFiles,
): readonly (readonly GpuSource[])[] {
  if (Deno.build.os === "darwin") return [[new AppleSource(tools)]];
  return [
    [new NvidiaSource(tools)],
    [
      new AmdSmiSource(tools),
      new RocmSmiSource(tools),
      new AmdDriverSource(files),
    ],
    [new IntelSource(tools)],
  ];
}

function memoryText({ unified, totalMb, capacityMb }: GpuInfo): string {
  if (unified) return "uses RAM";
  const amount = capacityMb ?? totalMb;
  return amount === null ? "memory unknown" : formatMb(amount);
}

/** Whole cards in a row that are alike in all that is told of them. */
function areAlike(a: GpuInfo, b: GpuInfo): boolean {
  return a.mig === null && b.mig === null && a.name === b.name &&
    memoryText(a) === memoryText(b);
}

/** The cards for people; those that are alike in one go, as in `GPU 0-7`. */
function describe(gpus: readonly GpuInfo[]): string {
  const rows: GpuInfo[][] = [];
  for (const gpu of gpus) {
    const row = rows.at(-1);
    const last = row?.at(-1);
    const goesOn = last !== undefined && areAlike(last, gpu) &&
      gpu.index === last.index + 1;
    if (goesOn) row!.push(gpu);
    else rows.push([gpu]);
  }
  return rows.map((row) => {
    const [first] = row;
    const { index, mig, name } = first;
    const many = row.length > 1;
    const numbers = mig !== null
      ? `${index}:${mig.index}`
      : many
      ? `${index}-${row.at(-1)!.index}`
      : String(index);
    const each = many && !first.unified ? " each" : "";
    return `GPU ${numbers} ${name} (${memoryText(first)}${each})`;
  }).join(", ");
}

/** What a person should know about cards that get no capacity. */
function explain(gpus: readonly GpuInfo[]): string {
  const details: string[] = [];
  if (gpus.some(({ unified }) => unified)) {
    details.push(
      "memory that is RAM is counted as ram_mb alone: ask for it with --ram",
    );
  }
  for (const { uuid, unified, capacityMb } of gpus) {
    if (unified || capacityMb !== null) continue;
    details.push(`set the memory by hand: reslock set ${gpuKey(uuid)} 8G`);
  }
  return details.join("; ");
}

/** Two cards under one id would be counted as one: neither could be told apart. */
function checkIds(source: string, gpus: readonly GpuInfo[]): void {
  const seen = new Set<string>();
  for (const { uuid } of gpus) {
    if (seen.has(uuid)) {
      throw new GpuDetectionError(
        `Cannot use the GPUs from ${source} as two of them have the UUID ` +
          `"${uuid}": run it by hand to see more`,
        { source, output: uuid },
      );
    }
    seen.add(uuid);
  }
}

/** What the sources of one vendor told; undefined if none knows of a card. */
interface VendorSurvey<Reading> extends GpuSurvey {
  readonly reading: Reading | undefined;
}

async function surveyVendor<Reading extends GpuReading>(
  sources: readonly GpuSource[],
  read: (source: GpuSource) => Promise<Reading>,
): Promise<VendorSurvey<Reading>> {
  const findings: Finding[] = [];
  const failures: GpuDetectionError[] = [];
  for (const source of sources) {
    const finding = { what: "gpus", source: source.name };
    try {
      const reading = await read(source);
      const { gpus, detail } = reading;
      checkIds(source.name, gpus);
      const found = describe(gpus) || null;
      const details = [detail, explain(gpus)].filter((text) => text !== "");
      findings.push({ ...finding, found, detail: details.join("; ") });
      // What an earlier source failed at, this one has answered.
      if (gpus.length > 0) return { gpus, findings, failures: [], reading };
    } catch (error) {
      if (!(error instanceof GpuDetectionError)) throw error;
      findings.push({ ...finding, found: null, detail: error.message });
      failures.push(error);
    }
  }
  return { gpus: [], findings, failures, reading: undefined };
}

/** The cards of one vendor and who uses them. */
export interface GpuUse extends GpuSurvey {
  readonly processes: readonly GpuProcess[];
}

async function readUse(source: GpuSource): Promise<GpuUseReading> {
  if (source.readUse !== undefined) return await source.readUse();
  const reading = await source.detect();
  const processes = reading.gpus.length > 0 ? await source.processes() : [];
  return { ...reading, processes };
}

/** Asks the sources of one vendor for cards and processes, with as few runs as do. */
export async function surveyUse(
  sources: readonly GpuSource[],
): Promise<GpuUse> {
  const { reading, ...survey } = await surveyVendor(sources, readUse);
  return { ...survey, processes: reading?.processes ?? [] };
}

/** Looks for cards and tells of every source, without throwing for a broken one. */
export async function surveyGpus(
  sources: readonly (readonly GpuSource[])[] = gpuSources(),
): Promise<GpuSurvey> {
  const surveys = await Promise.all(
    sources.map((some) => surveyVendor(some, (source) => source.detect())),
  );
  return {
    gpus: surveys.flatMap(({ gpus }) => gpus),
    findings: surveys.flatMap(({ findings }) => findings),
    failures: surveys.flatMap(({ failures }) => failures),
  };
}

/** The cards of this machine; throws where a source is broken. */
export async function detectGpus(): Promise<readonly GpuInfo[]> {
  const { gpus, failures } = await surveyGpus();
  if (failures.length > 0) throw failures[0];
  return gpus;
}

/** The capacities of cards by resource name; none for those that live from RAM. */
export function gpuCapacities(
  gpus: readonly GpuInfo[],
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    gpus.flatMap(({ uuid, unified, capacityMb }) =>
      unified || capacityMb === null ? [] : [[gpuKey(uuid), capacityMb]]
    ),
  );
}

/** Asks every source for the processes that it knows of. */
export async function surveyProcesses(
  sources: readonly (readonly GpuSource[])[],
): Promise<readonly GpuProcess[]> {
  const all = await settle(
    sources.flat().map((source) => source.processes()),
  );
  return all.flat();
}
