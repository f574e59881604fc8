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
  type GpuUseReading,
  type NoAnswer,
  settle,
  unreadable,
} from "./source.ts";
import { isUntold, type NvidiaCard, toCard } from "./nvidia_card.ts";
import {
  type MigName,
  parseMigList,
  toInstanceProcesses,
  toInstances,
} from "./nvidia_mig.ts";
import { type NvidiaReport, parseNvidiaReport } from "./nvidia_report.ts";

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
const REPORT = ["-q", "-x"];

function csvLines(output: string): string[] {
  return output.split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^warn(ing)?\b/i.test(line));
}

function numberOrNull(text: string, unit: string): number | null | undefined {
  if (isUntold(text)) return null;
  const digits = text.endsWith(unit) ? text.slice(0, -unit.length) : text;
  return /^\d{1,15}$/.test(digits) ? Number(digits) : undefined;
}

function parseCard(line: string, withMig: boolean): NvidiaCard | undefined {
  const fields = line.split(",").map((text) => text.trim());
  const numbers = withMig ? 5 : 4;
  if (fields.length < 3 + numbers) return undefined;
  const [indexText, uuid] = fields;
  // A name may have a comma in it; no other field has.
  const name = fields.slice(2, -numbers).join(", ");
  const [totalMb, usedMb, freeMb] = fields.slice(-numbers)
    .map((text) => numberOrNull(text, " MiB"));
  const utilizationPercent = numberOrNull(fields.at(3 - numbers)!, " %");
  const migText = withMig ? fields.at(-1)! : "[N/A]";
  if (
    totalMb === undefined || usedMb === undefined || freeMb === undefined ||
    utilizationPercent === undefined || !/^\d{1,4}$/.test(indexText) ||
    !/^(Enabled|Disabled)$/.test(migText) && !isUntold(migText)
  ) return undefined;
  return toCard({
    index: Number(indexText),
    uuid,
    name,
    totalMb,
    usedMb,
    freeMb,
    utilizationPercent,
    migEnabled: migText === "Enabled",
  });
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
  /** The instances as they were listed last, and how the cards were cut up then. */
  #listed:
    | { readonly cut: string; readonly names: readonly MigName[] }
    | undefined;

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
      this.#ask(REPORT),
    ]);
    if (typeof list !== "string" || typeof report !== "string") return [];
    return toInstances(cards, parseMigList(list), parseNvidiaReport(report));
  }

  /**
   * One run of the tool, which takes longer and tells more than the queries do. Of
   * cards that are cut up anew the instances are listed as well: the report does not
   * tell their UUIDs.
   */
  async readUse(): Promise<GpuUseReading> {
    const output = await this.#ask(REPORT, [...GOOD_CODES, NO_DEVICES_CODE]);
    if (typeof output !== "string") {
      return { gpus: [], processes: [], detail: output.why };
    }
    const isEmpty = output.trim() === NO_DEVICES;
    const report = isEmpty ? undefined : parseNvidiaReport(output);
    if (report === undefined || report.cards.length === 0) {
      const detail = `nvidia-smi says ${NO_DEVICES}`;
      return { gpus: [], processes: [], detail };
    }
    const { cards, processes } = report;
    const names = await this.#namesIn(report);
    return {
      ...toReading(cards, toInstances(cards, names, report)),
      processes: toInstanceProcesses(
        processes.map(({ parentUuid: uuid, pid, usedMb, name }) => ({
          pid,
          uuid,
          usedMb,
          name,
        })),
        names,
        report,
      ),
    };
  }

  async #namesIn(
    { cards, instances }: NvidiaReport,
  ): Promise<readonly MigName[]> {
    if (!cards.some(({ migEnabled }) => migEnabled)) return [];
    const cut = instances.map((one) =>
      `${one.parentUuid} ${one.index} ${one.gpuInstance} ${one.computeInstance}`
    ).join("\n");
    if (this.#listed?.cut !== cut) {
      const list = await this.#ask(["-L"]);
      if (typeof list !== "string") return [];
      this.#listed = { cut, names: parseMigList(list) };
    }
    return this.#listed.names;
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
    const output = await this.#ask(REPORT);
    if (typeof output !== "string") return processes;
    return toInstanceProcesses(processes, names, parseNvidiaReport(output));
  }
}
