/**
 * What a tool or a driver tells about graphics cards: the port that every vendor's
 * source fills, and what they share.
 *
 * @module
 */
import { quoted } from "../../core/quoted.ts";
import type { ToolRunner } from "../command.ts";
import { GpuDetectionError } from "./error.ts";

/** Who makes a card. */
export type GpuVendor = "nvidia" | "amd" | "intel" | "apple";

/** One card, or one MIG instance of it, as a program can be given it. */
export interface GpuInfo {
  /** Its number in the tool that told of it; an instance has the number of its card. */
  readonly index: number;
  /** What it is known by in the pool, whatever number others see it under. */
  readonly uuid: string;
  /** The model, such as `NVIDIA GeForce RTX 3090`. */
  readonly name: string;
  /** Who makes it, and so whose tool tells of it. */
  readonly vendor: GpuVendor;
  /** All of its memory in MiB; `null` if the tool does not say. */
  readonly totalMb: number | null;
  /** Memory that is in use in MiB; `null` if the tool does not say. */
  readonly usedMb: number | null;
  /** Memory that a program could have now in MiB; `null` if the tool does not say. */
  readonly freeMb: number | null;
  /** What programs can have together in MiB: less than all, as the driver keeps some. */
  readonly capacityMb: number | null;
  /** How busy it is, 0 to 100; `null` if the tool does not say. */
  readonly utilizationPercent: number | null;
  /** Whether its memory is the machine's RAM: then it has no capacity of its own. */
  readonly unified: boolean;
  /** The card that an instance is a part of; `null` for a whole card. */
  readonly mig: MigPlace | null;
}

/** Where on a card a MIG instance is. */
export interface MigPlace {
  /** The UUID of the card. */
  readonly parentUuid: string;
  /** Its number on that card. */
  readonly index: number;
}

/** A process that holds memory of a card. */
export interface GpuProcess {
  /** Its id in the host's PID namespace, which a container does not see. */
  readonly pid: number;
  /** The card or MIG instance. */
  readonly uuid: string;
  /** MiB; `null` if the tool does not say, as on WSL. */
  readonly usedMb: number | null;
  /** Its program, as the driver tells it; empty if it does not. */
  readonly name: string;
}

/** What a source found; without a card, `detail` says why. */
export interface GpuReading {
  readonly gpus: readonly GpuInfo[];
  readonly detail: string;
}

/** What a source found, and who computes on it. */
export interface GpuUseReading extends GpuReading {
  readonly processes: readonly GpuProcess[];
}

/** One way to learn of the cards of one vendor. */
export interface GpuSource {
  /** The tool or place, as people call it. */
  readonly name: string;
  /** @throws {GpuDetectionError} if it is there but gives no answer to trust */
  detect(): Promise<GpuReading>;
  /**
   * The processes that compute on them; none where it cannot tell.
   *
   * @throws {GpuDetectionError} if it is there but gives no answer to trust
   */
  processes(): Promise<readonly GpuProcess[]>;
  /**
   * Both at once, of a source that tells them with fewer runs of its tool.
   *
   * @throws {GpuDetectionError} if it is there but gives no answer to trust
   */
  readUse?(): Promise<GpuUseReading>;
}

/** Why a tool told nothing at all, without being broken. */
export interface NoAnswer {
  readonly why: string;
}

const MAX_QUOTED = 240;

/** The error for an answer that is not what the tool is known to give. */
export function unreadable(
  source: string,
  output: string,
  what: string,
): GpuDetectionError {
  return new GpuDetectionError(
    `Cannot read the GPUs from ${source} as ${what} is not understood: ` +
      `${quoted(output.trim(), MAX_QUOTED)}: run it by hand to see more`,
    { source, output },
  );
}

function broken(source: string, output: string): GpuDetectionError {
  const words = output.trim().replace(/\s+/g, " ");
  return new GpuDetectionError(
    `Cannot read the GPUs as ${source} fails: ${quoted(words, MAX_QUOTED)}: ` +
      `repair the driver, or take ${source} off the PATH if there is no such card`,
    { source, output },
  );
}

/** Runs a tool and sorts out every way in which it can fail. */
export async function ask(
  tools: ToolRunner,
  tool: string,
  args: readonly string[],
  { goodCodes = [0] }: { readonly goodCodes?: readonly number[] } = {},
): Promise<string | NoAnswer> {
  const result = await tools.run(tool, args);
  switch (result.kind) {
    case "missing":
      return { why: `${tool} is not installed` };
    case "denied":
      return {
        why: `${tool} is not installed or may not be run: ` +
          `allow it with --allow-run=${tool}`,
      };
    case "late":
      throw broken(tool, `no answer within ${result.timeoutMs / 1000} s`);
    case "flooded":
      throw broken(tool, `more than ${result.maxBytes} bytes of output`);
    case "unusable":
      throw broken(tool, result.reason);
    case "ended": {
      if (goodCodes.includes(result.code)) return result.stdout;
      const words = [result.stdout, result.stderr].join("\n").trim();
      throw broken(tool, words || `exit code ${result.code} without a word`);
    }
  }
}

/** All results; a failure is thrown when nothing is under way any more. */
export async function settle<T>(
  jobs: readonly Promise<T>[],
): Promise<readonly T[]> {
  const results = await Promise.allSettled(jobs);
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

/**
 * The JSON in a tool's output, which may start with warnings.
 *
 * @throws {GpuDetectionError} if there is none
 */
export function parseToolJson(source: string, output: string): unknown {
  const start = output.search(/^[[{]/m);
  try {
    return JSON.parse(start < 0 ? "" : output.slice(start));
  } catch {
    throw unreadable(source, output, "its output");
  }
}

/** An object's field, `undefined` for everything that is not an object. */
export function field(value: unknown, ...names: readonly string[]): unknown {
  let current = value;
  for (const name of names) {
    if (typeof current !== "object" || current === null) return undefined;
    if (!Object.hasOwn(current, name)) return undefined;
    current = (current as Record<string, unknown>)[name];
  }
  return current;
}

/** A whole number of 0 or more, as number or text; `null` for anything else. */
export function wholeNumber(value: unknown): number | null {
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string" || !/^\d{1,15}$/.test(text.trim())) return null;
  return Number(text);
}

/** Text that says something; `null` for what tools write in its place. */
export function meaningful(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const text = value.trim();
  return text === "" || /^(n\/a|none|unknown)$/i.test(text) ? null : text;
}

/** Whole MiB of bytes that are told as number or text. */
export function bytesToMb(value: unknown): number | null {
  const bytes = wholeNumber(value);
  return bytes === null ? null : Math.floor(bytes / (1024 * 1024));
}
