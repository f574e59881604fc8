/**
 * Intel cards, from `xpu-smi`, and Apple's graphics, from `system_profiler`.
 *
 * Both tell of no process that computes on them.
 *
 * @module
 */
import type { ToolRunner } from "../command.ts";
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
  unreadable,
  wholeNumber,
} from "./source.ts";

/** Where Intel's graphics inside a processor are, on every machine. */
const INTEGRATED_ADDRESS = /^0000:00:02\.0$/;

function noProcesses(): Promise<readonly GpuProcess[]> {
  return Promise.resolve([]);
}

/**
 * Reads the numbers of the cards that `xpu-smi discovery` lists.
 *
 * @throws {GpuDetectionError} if it is not understood
 */
export function parseXpuSmiList(output: string): number[] {
  const list = field(parseToolJson("xpu-smi", output), "device_list");
  if (!Array.isArray(list)) throw unreadable("xpu-smi", output, "its output");
  return list.map((card) => {
    const index = wholeNumber(field(card, "device_id"));
    if (index === null) {
      throw unreadable("xpu-smi", output, "a card without number");
    }
    return index;
  });
}

/**
 * Reads one card from `xpu-smi discovery -d`.
 *
 * @throws {GpuDetectionError} if it is not understood
 */
export function parseXpuSmiCard(output: string): GpuInfo {
  const json = parseToolJson("xpu-smi", output);
  const index = wholeNumber(field(json, "device_id"));
  const uuid = meaningful(field(json, "uuid"));
  if (index === null || uuid === null || !/^[\w-]{4,100}$/.test(uuid)) {
    throw unreadable("xpu-smi", output, "a card without number or id");
  }
  const unified = INTEGRATED_ADDRESS
    .test(String(field(json, "pci_bdf_address")));
  const totalMb = bytesToMb(field(json, "memory_physical_size_byte"));
  const freeMb = bytesToMb(field(json, "memory_free_size_byte"));
  return {
    index,
    uuid,
    name: meaningful(field(json, "device_name")) ?? "Intel GPU",
    vendor: "intel",
    totalMb,
    usedMb: totalMb === null || freeMb === null
      ? null
      : Math.max(0, totalMb - freeMb),
    freeMb,
    capacityMb: unified ? null : totalMb,
    utilizationPercent: null,
    unified,
    mig: null,
  };
}

/** Asks `xpu-smi`. */
export class IntelSource implements GpuSource {
  readonly name = "xpu-smi";
  readonly processes = noProcesses;
  readonly #tools: ToolRunner;

  constructor(tools: ToolRunner) {
    this.#tools = tools;
  }

  async detect(): Promise<GpuReading> {
    const list = await ask(this.#tools, "xpu-smi", ["discovery", "-j"]);
    if (typeof list !== "string") return { gpus: [], detail: list.why };
    const gpus: GpuInfo[] = [];
    for (const index of parseXpuSmiList(list)) {
      const args = ["discovery", "-d", String(index), "-j"];
      const card = await ask(this.#tools, "xpu-smi", args);
      if (typeof card === "string") gpus.push(parseXpuSmiCard(card));
    }
    return { gpus, detail: "" };
  }
}

/**
 * Reads the graphics of an Apple chip from `system_profiler`.
 *
 * @throws {GpuDetectionError} if it is not understood
 */
export function parseAppleGpus(output: string): GpuInfo[] {
  const json = parseToolJson("system_profiler", output);
  const list = field(json, "SPDisplaysDataType");
  if (!Array.isArray(list)) {
    throw unreadable("system_profiler", output, "its output");
  }
  return list
    .filter((card) => field(card, "spdisplays_vendor") === "sppci_vendor_Apple")
    .map((card, index) => ({
      index,
      uuid: `unified-${index}`,
      name: meaningful(field(card, "sppci_model")) ?? "Apple GPU",
      vendor: "apple",
      totalMb: null,
      usedMb: null,
      freeMb: null,
      capacityMb: null,
      utilizationPercent: null,
      unified: true,
      mig: null,
    }));
}

/** Asks `system_profiler`, which macOS has always. */
export class AppleSource implements GpuSource {
  readonly name = "system_profiler";
  readonly processes = noProcesses;
  readonly #tools: ToolRunner;

  constructor(tools: ToolRunner) {
    this.#tools = tools;
  }

  async detect(): Promise<GpuReading> {
    const args = ["-json", "SPDisplaysDataType"];
    const output = await ask(this.#tools, "system_profiler", args);
    if (typeof output !== "string") return { gpus: [], detail: output.why };
    return { gpus: parseAppleGpus(output), detail: "" };
  }
}
