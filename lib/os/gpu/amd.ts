/**
 * AMD cards: from `amd-smi`, from `rocm-smi` on older systems, or from the driver's
 * files where neither is installed.
 *
 * The tools were renamed and their output moved about, so every value is taken by
 * its key, from wherever it has been seen. A card is known by the unique id that is
 * burnt into it, or by its PCI address if it has none: its number changes at boot.
 *
 * @module
 */
import type { ToolRunner } from "../command.ts";
import type { KernelFiles } from "../kernel_file.ts";
import {
  ask,
  bytesToMb,
  field,
  type GpuInfo,
  type GpuProcess,
  type GpuReading,
  type GpuSource,
  meaningful,
  parseToolJson,
  settle,
  unreadable,
  wholeNumber,
} from "./source.ts";

/** Graphics inside a processor have less: they live from RAM, not from this bit. */
const LEAST_OWN_MB = 2048;
const AMD_VENDOR = "0x1002";
const MIB_PER_UNIT: Readonly<Record<string, number>> = {
  B: 1 / 1024 ** 2,
  KB: 1 / 1024,
  MB: 1,
  GB: 1024,
};

interface AmdFacts {
  readonly index: number;
  readonly uniqueId: unknown;
  readonly pciAddress: unknown;
  readonly name: string | null;
  readonly totalMb: number | null;
  readonly usedMb: number | null;
  readonly utilizationPercent: number | null;
}

/** As ROCm writes it in `ROCR_VISIBLE_DEVICES`; `undefined` if it is none. */
function uuidOf({ uniqueId, pciAddress }: AmdFacts): string | undefined {
  const digits = /^(?:0x)?([0-9a-f]{1,16})$/i.exec(String(uniqueId))?.[1];
  if (digits !== undefined && !/^0+$/.test(digits)) {
    return `GPU-${digits.toLowerCase().padStart(16, "0")}`;
  }
  const address = /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.\d$/i
    .exec(String(pciAddress))?.[0];
  return address === undefined ? undefined : `PCI-${address.toLowerCase()}`;
}

function toGpu(source: string, facts: AmdFacts): GpuInfo {
  const { index, totalMb, usedMb, utilizationPercent } = facts;
  const uuid = uuidOf(facts);
  if (uuid === undefined) {
    throw unreadable(source, JSON.stringify(facts), "a card without an id");
  }
  const unified = totalMb !== null && totalMb < LEAST_OWN_MB;
  return {
    index,
    uuid,
    name: facts.name ?? "AMD GPU",
    vendor: "amd",
    totalMb,
    usedMb,
    freeMb: totalMb === null || usedMb === null
      ? null
      : Math.max(0, totalMb - usedMb),
    capacityMb: unified ? null : totalMb,
    utilizationPercent,
    unified,
    mig: null,
  };
}

/** A size as `amd-smi` has told it over time: `{value, unit}`, `"16368 MB"`, bytes. */
function sizeToMb(value: unknown): number | null {
  const text = typeof value === "object" && value !== null
    ? `${field(value, "value")} ${field(value, "unit") ?? "B"}`
    : String(value);
  const match = /^(\d{1,15}(?:\.\d{1,6})?)(?: ([KMG]?)i?B)?$/i.exec(
    text.trim(),
  );
  if (match === null) return null;
  const unit = `${(match[2] ?? "").toUpperCase()}B`;
  return Math.floor(Number(match[1]) * MIB_PER_UNIT[unit]);
}

/** A share, told as `{value, unit}`, `"23 %"` or a number. */
function percent(value: unknown): number | null {
  const told = field(value, "value") ?? value;
  return wholeNumber(
    typeof told === "string" ? told.replace(/ ?%$/, "") : told,
  );
}

/** The cards in an answer of `amd-smi`: a list, or since ROCm 7 an object around it. */
function amdSmiCards(output: string): unknown[] {
  const json = parseToolJson("amd-smi", output);
  const list = field(json, "gpu_data") ?? json;
  if (!Array.isArray(list)) throw unreadable("amd-smi", output, "its output");
  return list;
}

function numberOfCard(card: unknown, output: string): number {
  const index = wholeNumber(field(card, "gpu"));
  if (index === null) {
    throw unreadable("amd-smi", output, "a card without number");
  }
  return index;
}

/**
 * Reads the cards from `amd-smi static` and `amd-smi metric`.
 *
 * @throws {GpuDetectionError} if either is not understood
 */
export function parseAmdSmiCards(
  staticOutput: string,
  metricOutput: string,
): GpuInfo[] {
  const metrics = new Map<number, unknown>();
  for (const metric of amdSmiCards(metricOutput)) {
    metrics.set(numberOfCard(metric, metricOutput), metric);
  }
  return amdSmiCards(staticOutput).map((card) => {
    const index = numberOfCard(card, staticOutput);
    const metric = metrics.get(index);
    return toGpu("amd-smi", {
      index,
      uniqueId: field(card, "asic", "asic_serial"),
      pciAddress: field(card, "bus", "bdf"),
      name: meaningful(field(card, "asic", "market_name")),
      totalMb: sizeToMb(field(metric, "mem_usage", "total_vram")) ??
        sizeToMb(field(card, "vram", "size")),
      usedMb: sizeToMb(field(metric, "mem_usage", "used_vram")),
      utilizationPercent: percent(field(metric, "usage", "gfx_activity")),
    });
  });
}

/**
 * Reads the processes from `amd-smi process`.
 *
 * @param uuids the cards' ids by their numbers
 * @throws {GpuDetectionError} if it is not understood
 */
export function parseAmdSmiProcesses(
  output: string,
  uuids: ReadonlyMap<number, string>,
): GpuProcess[] {
  const processes: GpuProcess[] = [];
  for (const card of amdSmiCards(output)) {
    const uuid = uuids.get(numberOfCard(card, output));
    const list = field(card, "process_list");
    if (uuid === undefined || !Array.isArray(list)) continue;
    for (const entry of list) {
      // A sentence instead of an object says that there are none.
      const info = field(entry, "process_info");
      const pid = wholeNumber(field(info, "pid"));
      if (pid === null) continue;
      processes.push({
        pid,
        uuid,
        usedMb: sizeToMb(field(info, "memory_usage", "vram_mem")),
        name: meaningful(field(info, "name")) ?? "",
      });
    }
  }
  return processes;
}

/** Asks `amd-smi`. */
export class AmdSmiSource implements GpuSource {
  readonly name = "amd-smi";
  readonly #tools: ToolRunner;

  constructor(tools: ToolRunner) {
    this.#tools = tools;
  }

  async detect(): Promise<GpuReading> {
    const [fixed, metric] = await settle([
      ask(this.#tools, "amd-smi", [
        "static",
        "--asic",
        "--bus",
        "--vram",
        "--json",
      ]),
      ask(this.#tools, "amd-smi", [
        "metric",
        "--mem-usage",
        "--usage",
        "--json",
      ]),
    ]);
    if (typeof fixed !== "string") return { gpus: [], detail: fixed.why };
    if (typeof metric !== "string") return { gpus: [], detail: metric.why };
    return { gpus: parseAmdSmiCards(fixed, metric), detail: "" };
  }

  async processes(): Promise<readonly GpuProcess[]> {
    const output = await ask(this.#tools, "amd-smi", ["process", "--json"]);
    if (typeof output !== "string") return [];
    const { gpus } = await this.detect();
    const uuids = new Map(gpus.map(({ index, uuid }) => [index, uuid]));
    return parseAmdSmiProcesses(output, uuids);
  }
}

/**
 * Reads the cards from `rocm-smi`.
 *
 * @throws {GpuDetectionError} if it is not understood
 */
export function parseRocmSmiCards(output: string): GpuInfo[] {
  const json = parseToolJson("rocm-smi", output);
  if (typeof json !== "object" || json === null) {
    throw unreadable("rocm-smi", output, "its output");
  }
  const gpus: GpuInfo[] = [];
  for (const [key, card] of Object.entries(json)) {
    const index = /^card(\d{1,4})$/.exec(key)?.[1];
    if (index === undefined) continue;
    // "Card series" and "Card Series", "GPU use (%)": the case has changed over time.
    const values = new Map(
      Object.entries(card ?? {}).map(([name, value]) => [
        name.toLowerCase(),
        value,
      ]),
    );
    gpus.push(toGpu("rocm-smi", {
      index: Number(index),
      uniqueId: values.get("unique id"),
      pciAddress: values.get("pci bus"),
      name: meaningful(values.get("card series")) ??
        meaningful(values.get("card model")),
      totalMb: bytesToMb(values.get("vram total memory (b)")),
      usedMb: bytesToMb(values.get("vram total used memory (b)")),
      utilizationPercent: wholeNumber(values.get("gpu use (%)")),
    }));
  }
  return gpus.sort((a, b) => a.index - b.index);
}

/** Asks `rocm-smi`, which tells no card for a process. */
export class RocmSmiSource implements GpuSource {
  readonly name = "rocm-smi";
  readonly #tools: ToolRunner;

  constructor(tools: ToolRunner) {
    this.#tools = tools;
  }

  async detect(): Promise<GpuReading> {
    const output = await ask(this.#tools, "rocm-smi", [
      "--showmeminfo",
      "vram",
      "--showuniqueid",
      "--showproductname",
      "--showbus",
      "--showuse",
      "--json",
    ]);
    if (typeof output !== "string") return { gpus: [], detail: output.why };
    return { gpus: parseRocmSmiCards(output), detail: "" };
  }

  processes(): Promise<readonly GpuProcess[]> {
    return Promise.resolve([]);
  }
}

/** Reads the driver's files, which need no tool but every permission. */
export class AmdDriverSource implements GpuSource {
  readonly name = "/sys/class/drm";
  readonly #files: KernelFiles;

  constructor(files: KernelFiles) {
    this.#files = files;
  }

  detect(): Promise<GpuReading> {
    if (!this.#files.readable) {
      return Promise.resolve({
        gpus: [],
        detail: "/sys may not be read: allow it with --allow-all",
      });
    }
    const cards = this.#files.list("/sys/class/drm")
      .filter((name) => /^card\d{1,4}$/.test(name))
      .map((name) => `/sys/class/drm/${name}/device`)
      .filter((path) => this.#read(path, "vendor") === AMD_VENDOR);
    const gpus = cards.flatMap((path, index) => this.#card(path, index));
    return Promise.resolve({
      gpus,
      detail: gpus.length > 0 ? "" : "no AMD card has its driver loaded",
    });
  }

  #read(path: string, name: string): string | undefined {
    return this.#files.read(`${path}/${name}`)?.trim();
  }

  #card(path: string, index: number): GpuInfo[] {
    const totalMb = bytesToMb(this.#read(path, "mem_info_vram_total"));
    if (totalMb === null) return [];
    const device = this.#read(path, "device");
    return [toGpu(this.name, {
      index,
      uniqueId: this.#read(path, "unique_id"),
      pciAddress: /^PCI_SLOT_NAME=(.+)$/m
        .exec(this.#read(path, "uevent") ?? "")?.[1],
      name: meaningful(this.#read(path, "product_name")) ??
        (device === undefined ? null : `AMD GPU ${device}`),
      totalMb,
      usedMb: bytesToMb(this.#read(path, "mem_info_vram_used")),
      utilizationPercent: wholeNumber(this.#read(path, "gpu_busy_percent")),
    })];
  }

  processes(): Promise<readonly GpuProcess[]> {
    return Promise.resolve([]);
  }
}
