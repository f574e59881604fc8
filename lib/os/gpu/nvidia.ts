/**
 * NVIDIA cards, from `nvidia-smi`.
 *
 * @module
 */
import type { ToolRunner } from "../command.ts";
import {
  ask,
  type GpuInfo,
  type GpuProcess,
  type GpuReading,
  type GpuSource,
  type NoAnswer,
  settle,
  unreadable,
} from "./source.ts";
import {
  parseMigList,
  parseMigReport,
  toInstanceProcesses,
  toInstances,
} from "./nvidia_mig.ts";

/** On the PATH, or where WSL keeps it, which is not on the PATH of services. */
const TOOLS = ["nvidia-smi", "/usr/lib/wsl/lib/nvidia-smi"];

const CARD_FIELDS =
  "index,uuid,name,memory.total,memory.used,memory.free,utilization.gpu";
const MIG_FIELD = "mig.mode.current";
const PROCESS_FIELDS = "gpu_uuid,pid,used_gpu_memory,process_name";
const CSV = "--format=csv,noheader,nounits";
/** 14: a damaged inventory chip, about which it warns below a full answer. */
const GOOD_CODES = [0, 14];
/** It works, but no card is there or handed in: not an error. */
const NO_DEVICES = "No devices were found";
const NO_DEVICES_CODE = 6;

/**
 * Parts that have no memory of their own. Only these: a lost card tells no memory
 * either, and taking it for one would book the RAM in its place.
 */
const UNIFIED = /\b(GB10|DGX Spark|Orin|Xavier|Thor|Tegra|Jetson)\b|\(nvgpu\)/i;

/** A card as `nvidia-smi` lists it, before its instances are looked for. */
export interface NvidiaCard extends GpuInfo {
  readonly migEnabled: boolean;
}

function csvLines(output: string): string[] {
  return output.split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^warn(ing)?\b/i.test(line));
}

/** Whether the tool says that it cannot tell, in one of its many ways. */
function isUntold(text: string): boolean {
  return /^(\[.*\]|N\/A|Not Supported|ERR!)$/i.test(text);
}

function numberOrNull(text: string, unit: string): number | null | undefined {
  if (isUntold(text)) return null;
  const digits = text.endsWith(unit) ? text.slice(0, -unit.length) : text;
  return /^\d{1,15}$/.test(digits) ? Number(digits) : undefined;
}

/**
 * What programs can have of a card. The total has a part that the driver keeps:
 * promising it would let the last program that fits on paper run out of memory.
 */
function capacity(
  total: number | null,
  used: number | null,
  free: number | null,
): number | null {
  if (total === null || used === null || free === null) return total;
  const usable = used + free;
  return usable > 0 && usable < total ? usable : total;
}

function parseCard(line: string, withMig: boolean): NvidiaCard | undefined {
  const fields = line.split(",").map((text) => text.trim());
  const numbers = withMig ? 5 : 4;
  if (fields.length < 3 + numbers) return undefined;
  const [indexText, uuidText] = fields;
  // A name may have a comma in it; no other field has.
  const name = fields.slice(2, -numbers).join(", ");
  const [totalMb, usedMb, freeMb] = fields.slice(-numbers)
    .map((text) => numberOrNull(text, " MiB"));
  const utilization = numberOrNull(fields.at(3 - numbers)!, " %");
  if (
    totalMb === undefined || usedMb === undefined || freeMb === undefined ||
    utilization === undefined || !/^\d{1,4}$/.test(indexText) || name === ""
  ) return undefined;
  const index = Number(indexText);
  const unified = UNIFIED.test(name);
  // Some integrated parts have none; they need none, as no capacity hangs on it.
  const uuid = unified && isUntold(uuidText) ? `unified-${index}` : uuidText;
  if (!/^[\w-]{4,100}$/.test(uuid)) return undefined;
  const migText = withMig ? fields.at(-1)! : "[N/A]";
  if (!/^(Enabled|Disabled)$/.test(migText) && !isUntold(migText)) {
    return undefined;
  }
  return {
    index,
    uuid,
    name,
    vendor: "nvidia",
    totalMb,
    usedMb,
    freeMb,
    capacityMb: unified ? null : capacity(totalMb, usedMb, freeMb),
    utilizationPercent: utilization,
    unified,
    mig: null,
    migEnabled: migText === "Enabled",
  };
}

/**
 * Reads the answer to the query for cards.
 *
 * @throws {GpuDetectionError} if a line of it is not understood, or there is none
 */
export function parseNvidiaCards(
  output: string,
  { withMig = true }: { withMig?: boolean } = {},
): NvidiaCard[] {
  const lines = csvLines(output);
  if (lines.length === 0) throw unreadable("nvidia-smi", output, "its silence");
  return lines.map((line) => {
    const card = parseCard(line, withMig);
    if (card === undefined) throw unreadable("nvidia-smi", line, "this line");
    return card;
  });
}

/**
 * Reads the answer to the query for processes.
 *
 * @throws {GpuDetectionError} if a line of it is not understood
 */
export function parseNvidiaProcesses(output: string): GpuProcess[] {
  const processes: GpuProcess[] = [];
  for (const line of csvLines(output)) {
    if (isUntold(line)) continue;
    const [uuid, pidText, usedText, ...rest] = line.split(",")
      .map((text) => text.trim());
    const name = rest.join(", ");
    const usedMb = numberOrNull(usedText ?? "", " MiB");
    if (
      usedMb === undefined || rest.length === 0 ||
      !/^\d{1,10}$/.test(pidText) || !/^[\w/-]{4,100}$/.test(uuid)
    ) throw unreadable("nvidia-smi", line, "this line");
    processes.push({ pid: Number(pidText), uuid, usedMb, name });
  }
  return processes;
}

/** The cards as programs are given them: instances in place of cut-up cards. */
function toReading(
  cards: readonly NvidiaCard[],
  instances: readonly GpuInfo[],
): GpuReading {
  const gpus: GpuInfo[] = [];
  const details: string[] = [];
  for (const { migEnabled, ...card } of cards) {
    if (!migEnabled) {
      gpus.push(card);
      continue;
    }
    const own = instances.filter(({ mig }) => mig?.parentUuid === card.uuid);
    gpus.push(...own);
    if (own.length === 0) {
      details.push(`GPU ${card.index} is in MIG mode without an instance`);
    }
  }
  return { gpus, detail: details.join("; ") };
}

/** Asks `nvidia-smi`. */
export class NvidiaSource implements GpuSource {
  readonly name = "nvidia-smi";
  readonly #tools: ToolRunner;
  /** Whether any card was cut up when they were asked last; undefined before. */
  #cutUp: boolean | undefined;

  constructor(tools: ToolRunner) {
    this.#tools = tools;
  }

  /** Asks the first tool that is there; without any, tells why of the usual one. */
  async #ask(
    args: readonly string[],
    goodCodes: readonly number[] = GOOD_CODES,
  ): Promise<string | NoAnswer> {
    const answers: NoAnswer[] = [];
    for (const tool of TOOLS) {
      const answer = await ask(this.#tools, tool, args, { goodCodes });
      if (typeof answer === "string") return answer;
      answers.push(answer);
    }
    return answers[0];
  }

  async detect(): Promise<GpuReading> {
    // A query for a field that an old driver does not know fails as a whole, with
    // code 2 and a sentence about that field.
    const codes = [...GOOD_CODES, 2, NO_DEVICES_CODE];
    let withMig = true;
    let output = await this.#ask(
      [`--query-gpu=${CARD_FIELDS},${MIG_FIELD}`, CSV],
      codes,
    );
    if (typeof output === "string" && output.includes(`"${MIG_FIELD}"`)) {
      withMig = false;
      output = await this.#ask([`--query-gpu=${CARD_FIELDS}`, CSV], codes);
    }
    if (typeof output !== "string") return { gpus: [], detail: output.why };
    if (output.trim() === NO_DEVICES) {
      return { gpus: [], detail: `nvidia-smi says ${NO_DEVICES}` };
    }
    const cards = parseNvidiaCards(output, { withMig });
    const cut = cards.filter(({ migEnabled }) => migEnabled);
    this.#cutUp = cut.length > 0;
    const instances = cut.length > 0 ? await this.#instances(cut) : [];
    return toReading(cards, instances);
  }

  async #instances(cards: readonly NvidiaCard[]): Promise<GpuInfo[]> {
    // The list alone has their UUIDs, the report alone has their memory.
    const [list, report] = await settle([
      this.#ask(["-L"]),
      this.#ask(["-q", "-x"]),
    ]);
    if (typeof list !== "string" || typeof report !== "string") return [];
    return toInstances(cards, parseMigList(list), parseMigReport(report));
  }

  async processes(): Promise<readonly GpuProcess[]> {
    const output = await this.#ask(
      [`--query-compute-apps=${PROCESS_FIELDS}`, CSV],
      [...GOOD_CODES, NO_DEVICES_CODE],
    );
    if (typeof output !== "string" || output.trim() === NO_DEVICES) return [];
    const processes = parseNvidiaProcesses(output);
    if (processes.length === 0 || this.#cutUp === false) return processes;
    return await this.#onInstances(processes);
  }

  /** The same processes, those on MIG instances under the instance's UUID. */
  async #onInstances(
    processes: readonly GpuProcess[],
  ): Promise<readonly GpuProcess[]> {
    const list = await this.#ask(["-L"]);
    if (typeof list !== "string") return processes;
    const names = parseMigList(list);
    if (names.length === 0) return processes;
    const output = await this.#ask(["-q", "-x"]);
    if (typeof output !== "string") return processes;
    return toInstanceProcesses(processes, names, parseMigReport(output));
  }
}
