/**
 * The options of `run`, and what they ask for.
 *
 * @module
 */
import type { AcquireOptions, ResourceRequest } from "../../../mod.ts";
import type { GlobalOptions } from "../context.ts";
import { UsageError } from "../failure.ts";
import { quoted } from "../text.ts";
import {
  readAmount,
  readCount,
  readDurationMs,
  readLabel,
  readName,
  readNamedAmount,
  readPriority,
  readSignal,
  readSpanSeconds,
  readWord,
} from "../values.ts";
import type { VisibleForm } from "./visible.ts";

/** Options that may be given several times. */
const REPEATABLE = { collect: true };

/** The options by heading, as the help shows them. */
export const RUN_OPTIONS: Readonly<
  Record<
    string,
    readonly (readonly [
      flags: string,
      description: string,
      settings?: typeof REPEATABLE,
    ])[]
  >
> = {
  "What it needs": [
    [
      "--vram <size:string>",
      "GPU memory on one card; once for each card.",
      REPEATABLE,
    ],
    ["--gpus <count:string>", "As many cards, each with --vram."],
    ["--vram-mb-each <size:string>", "The same as --vram, for --num-gpus."],
    ["--num-gpus <count:string>", "The same as --gpus, for --vram-mb-each."],
    [
      "--gpu <card:string>",
      "Only this card: number, UUID or model; may be given again.",
      REPEATABLE,
    ],
    [
      "--placement <how:string>",
      "pack: on the fullest card that will do; spread: on the emptiest.",
    ],
    ["--ram <size:string>", "Main memory."],
    ["--cpu <count:string>", "Processor cores."],
    [
      "--disk <size:string>",
      "Free space on a disk; once for each disk.",
      REPEATABLE,
    ],
    [
      "--disk-path <path:string>",
      "A path on that disk; / without it. Once for each --disk.",
      REPEATABLE,
    ],
    [
      "--resource <amount:string>",
      "Any other resource, as NAME=AMOUNT; once for each.",
      REPEATABLE,
    ],
  ],
  "How it waits": [
    ["-p, --priority <number:string>", "Higher goes first; 0 without it."],
    ["-l, --label <label:string>", "What it is for, as others see it."],
    ["--timeout <time:string>", "Give up after this time, with exit code 124."],
    ["--no-wait", "Do not wait; exit with code 75 if it is not free now."],
    ["--wait-for-capacity", "Wait for capacities that nobody set yet."],
    [
      "--no-driver-check",
      "Do not ask the driver what programs without a lease use.",
    ],
  ],
  "How it gives way": [
    ["--reclaimable", "A request of higher priority may ask for it back."],
    ["--reclaim-signal <name:string>", "Sent then; TERM without it."],
    ["--reclaim-grace <time:string>", "Then KILL after this time; 30s."],
    [
      "--estimated-seconds <time:string>",
      "How long it will take; until it ends it is not asked back.",
    ],
  ],
  "How the command runs": [
    [
      "--pin",
      "Keep it on as many cores as --cpu, its own while there are some.",
    ],
    [
      "--visible <form:string>",
      "How its cards are named to it: uuid, or index for programs that fail on UUIDs.",
    ],
  ],
  "What it says": [
    ["-q, --quiet", "Say nothing but errors."],
  ],
};

/** The options as cliffy gives them. */
export interface RunOptions extends GlobalOptions {
  readonly vram?: readonly string[];
  readonly gpus?: string;
  readonly vramMbEach?: string;
  readonly numGpus?: string;
  readonly gpu?: readonly string[];
  readonly placement?: string;
  readonly ram?: string;
  readonly cpu?: string;
  readonly disk?: readonly string[];
  readonly diskPath?: readonly string[];
  readonly resource?: readonly string[];
  readonly priority?: string;
  readonly label?: string;
  readonly timeout?: string;
  /** False after `--no-wait`. */
  readonly wait?: boolean;
  readonly waitForCapacity?: boolean;
  /** False after `--no-driver-check`. */
  readonly driverCheck?: boolean;
  readonly reclaimable?: boolean;
  readonly reclaimSignal?: string;
  readonly reclaimGrace?: string;
  readonly estimatedSeconds?: string;
  readonly pin?: boolean;
  readonly visible?: string;
  readonly quiet?: boolean;
}

/** What a call of `run` is to do. */
export interface RunPlan extends RunTerms {
  readonly command: readonly string[];
}

/** What the options of `run` say, whatever the command. */
export interface RunTerms {
  readonly request: ResourceRequest;
  readonly options: AcquireOptions;
  /** Whether it waits in the queue. */
  readonly waits: boolean;
  readonly reclaimSignal: Deno.Signal;
  readonly reclaimGraceMs: number;
  /** Whether it is kept on cores of its own. */
  readonly pin: boolean;
  /** How its cards are named to the command. */
  readonly visible: VisibleForm;
  readonly quiet: boolean;
}

const RECLAIM_SIGNAL = "TERM";
const RECLAIM_GRACE = "30s";
/** How cards can be named to a command. */
export const VISIBLE_FORMS: readonly VisibleForm[] = ["uuid", "index"];
/** How cards can be chosen. */
export const PLACEMENTS = ["pack", "spread"] as const;
/** Names with which nobody may ask for cards: the pool chooses them. */
const GPU_NAMES = /^(?:vram_mb_each|num_gpus|gpu_.+_vram_mb)$/;

/** What the options ask for, and what is to be run. */
export function planRun(
  options: RunOptions,
  command: readonly string[],
): RunPlan {
  if (command.length === 0) {
    throw new UsageError(
      "Cannot run without a command: write it behind the options",
    );
  }
  const terms = termsOf(
    options,
    `Cannot run ${quoted(command[0])} without a need: say what it takes with ` +
      `--vram, --ram, --cpu, --disk or --resource`,
  );
  return { command, ...terms };
}

/**
 * What the options say.
 *
 * @param nothing what is wrong where they ask for nothing
 */
export function termsOf(options: RunOptions, nothing: string): RunTerms {
  const request = requestOf(options);
  if (Object.keys(request).length === 0) throw new UsageError(nothing);
  refuseContradictions(options);
  const { priority, label, timeout, estimatedSeconds } = options;
  return {
    request,
    options: {
      priority: priority === undefined
        ? 0
        : readPriority("--priority", priority),
      label: label === undefined ? undefined : readLabel("--label", label),
      reclaimable: options.reclaimable === true,
      estimatedSeconds: estimatedSeconds === undefined
        ? undefined
        : readSpanSeconds("--estimated-seconds", estimatedSeconds),
      timeoutMs: timeout === undefined
        ? undefined
        : readDurationMs("--timeout", timeout),
      waitForCapacity: options.waitForCapacity === true,
      ...cardWishes(options, request),
    },
    waits: options.wait !== false,
    reclaimSignal: readSignal(
      "--reclaim-signal",
      options.reclaimSignal ?? RECLAIM_SIGNAL,
    ),
    reclaimGraceMs: readDurationMs(
      "--reclaim-grace",
      options.reclaimGrace ?? RECLAIM_GRACE,
      { orZero: true },
    ),
    pin: options.pin === true,
    visible: readWord("--visible", options.visible ?? "uuid", VISIBLE_FORMS),
    quiet: options.quiet === true,
  };
}

/** Which cards it may get, and how they are chosen. */
function cardWishes(
  { gpu: cards, placement }: RunOptions,
  { vram_mb, vram_mb_each }: ResourceRequest,
): Pick<AcquireOptions, "cards" | "placement"> {
  const wishes = [["--gpu", cards], ["--placement", placement]] as const;
  for (const [option, value] of wishes) {
    if (value === undefined || (vram_mb ?? vram_mb_each) !== undefined) {
      continue;
    }
    throw new UsageError(`Cannot use ${option} alone: add --vram`);
  }
  if (placement === undefined) return { cards };
  return {
    cards,
    placement: readWord("--placement", placement, PLACEMENTS),
  };
}

function refuseContradictions(options: RunOptions): void {
  const { wait, reclaimable, reclaimSignal, reclaimGrace } = options;
  if (wait === false) {
    if (options.timeout !== undefined) refusePair("--no-wait", "--timeout");
    if (options.waitForCapacity) {
      refusePair("--no-wait", "--wait-for-capacity");
    }
  }
  if (options.pin && options.cpu === undefined) {
    throw new UsageError("Cannot use --pin alone: add --cpu");
  }
  if (reclaimable) return;
  if (reclaimSignal !== undefined) refuseAlone("--reclaim-signal");
  if (reclaimGrace !== undefined) refuseAlone("--reclaim-grace");
}

function refusePair(one: string, other: string): never {
  throw new UsageError(
    `Cannot use ${one} with ${other}: leave one of them out`,
  );
}

function refuseAlone(option: string): never {
  throw new UsageError(`Cannot use ${option} alone: add --reclaimable`);
}

/** What is asked for. */
function requestOf(options: RunOptions): ResourceRequest {
  const amounts = new Map<string, number>();
  const add = (where: string, name: string, amount: number) => {
    if (amounts.has(name)) {
      throw new UsageError(
        `${where}: Cannot ask for ${quoted(name)} twice: add the amounts up`,
      );
    }
    amounts.set(name, amount);
  };
  const { ram, cpu, resource = [] } = options;
  if (ram !== undefined) {
    add("--ram", "ram_mb", readAmount("--ram", "ram_mb", ram));
  }
  if (cpu !== undefined) {
    add("--cpu", "cpu_cores", readAmount("--cpu", "cpu_cores", cpu));
  }
  for (const [name, amount] of diskRequests(options)) {
    add("--disk", name, amount);
  }
  const gpus = gpuRequest(options);
  for (const text of resource) {
    const [name, amount] = readNamedAmount("--resource", text);
    if (
      GPU_NAMES.test(name) || (name === "vram_mb" && gpus !== undefined)
    ) {
      throw new UsageError(
        `--resource: Cannot ask for ${quoted(name)} here: ` +
          `use --vram, and --gpus for several cards`,
      );
    }
    add("--resource", name, amount);
  }
  return { ...Object.fromEntries(amounts), ...gpus };
}

/** Disk space, each amount with its path in the order in which they were given. */
function diskRequests(
  { disk = [], diskPath = [] }: RunOptions,
): [name: string, amount: number][] {
  const isRootMeant = disk.length === 1 && diskPath.length === 0;
  if (disk.length !== diskPath.length && !isRootMeant) {
    throw new UsageError(
      `Cannot use ${disk.length} times --disk with ${diskPath.length} times ` +
        `--disk-path: give each amount its path`,
    );
  }
  return disk.map((text, index) => {
    const name = readName("--disk-path", `disk_mb@${diskPath[index] ?? "/"}`);
    return [name, readAmount("--disk", name, text)];
  });
}

/** GPU memory, in one of the three ways to ask for it. */
function gpuRequest(options: RunOptions): ResourceRequest | undefined {
  const { vram = [], vramMbEach, gpus, numGpus } = options;
  const sizes = vram.map((text) => readAmount("--vram", "vram_mb", text));
  if (vramMbEach !== undefined || numGpus !== undefined) {
    if (sizes.length > 0) refusePair("--vram", "--vram-mb-each or --num-gpus");
    if (gpus !== undefined) refusePair("--gpus", "--num-gpus");
    if (vramMbEach === undefined || numGpus === undefined) {
      throw new UsageError(
        "Cannot use one of --vram-mb-each and --num-gpus alone: give both",
      );
    }
    return {
      vram_mb_each: readAmount("--vram-mb-each", "vram_mb", vramMbEach),
      num_gpus: readCount("--num-gpus", numGpus),
    };
  }
  if (gpus !== undefined) {
    const count = readCount("--gpus", gpus);
    if (sizes.length !== 1) {
      throw new UsageError(
        `Cannot use --gpus ${count} with ${sizes.length} times --vram: ` +
          `give --vram once, for each of the cards`,
      );
    }
    return { vram_mb_each: sizes[0], num_gpus: count };
  }
  if (sizes.length === 0) return undefined;
  return { vram_mb: sizes.length === 1 ? sizes[0] : sizes };
}
