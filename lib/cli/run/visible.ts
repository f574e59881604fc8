/**
 * Which cards the child of `run` sees, as variables that the drivers read.
 *
 * Invariants:
 * (1) A mask that was inherited is never widened: what it leaves out stays hidden.
 * (2) A mask whose meaning is not known here is an error, not a guess; where no tool
 *     answers, what was inherited is left as it is.
 * (3) Where a lease has cards, those of other makers in the pool are hidden as well;
 *     of Intel's none can be, as no variable is set for them.
 *
 * @module
 */
import type { GpuInfo } from "../../../mod.ts";
import { EXIT } from "../exit_codes.ts";
import { ExitError } from "../failure.ts";
import { quoted } from "../text.ts";

/** How cards are named to the child. */
export type VisibleForm = "uuid" | "index";

/** An environment variable; `undefined` if it is not set. */
export type Environment = (name: string) => string | undefined;

/** What decides which cards are seen. */
export interface Sight {
  /** The cards of the lease. */
  readonly uuids: readonly string[];
  readonly form: VisibleForm;
  readonly inherited: Environment;
  /** All cards of the pool. */
  readonly registered: readonly string[];
  /**
   * The cards of this machine; none where {@linkcode needsDetection} says no, and
   * undefined where no tool tells of any.
   */
  readonly gpus: readonly GpuInfo[] | undefined;
}

/** What the child sees. */
export interface Visible {
  /** The variables that say so. */
  readonly env: Readonly<Record<string, string>>;
  /** The cards of the lease that are seen, in its order. */
  readonly uuids: readonly string[];
  /** What is to be known of a mask, for people; empty if nothing. */
  readonly warning: string;
}

/** What the variables of one maker make of its cards. */
interface Part {
  /** The variables for the child; throws where a card has no name that it knows. */
  readonly env: () => Readonly<Record<string, string>>;
  /** All of them. */
  readonly of: readonly string[];
  /** Those that are seen, as far as is known. */
  readonly seen: readonly string[];
  /** The variables that were inherited, as in `NAME=0,1`; empty without any. */
  readonly masks: string;
  /** Whether no tool tells which cards they mean. */
  readonly isUnknown?: boolean;
}

const CUDA = "CUDA_VISIBLE_DEVICES";
const CUDA_ORDER = "CUDA_DEVICE_ORDER";
const PCI_ORDER = "PCI_BUS_ID";
const HIP = "HIP_VISIBLE_DEVICES";
const ROCR = "ROCR_VISIBLE_DEVICES";

/** AMD's have 16 digits, or are PCI addresses; NVIDIA's have 32. */
const AMD_UUID = /^(?:GPU-[0-9a-f]{16}$|PCI-)/i;
const ANY_UUID = /^(?:GPU|MIG|PCI)-/i;
const NVIDIA_UUID = /^(?:GPU-[0-9a-f]{8}-|MIG-)/i;

function isAmd(uuid: string): boolean {
  return AMD_UUID.test(uuid);
}

function isNvidia(uuid: string): boolean {
  return !isAmd(uuid) && /^(?:GPU|MIG)-/i.test(uuid);
}

/**
 * The entries of a mask that count: the driver stops at the first that it does not
 * know, such as `-1`, `NoDevFiles` or nothing at all.
 */
function entriesOf(mask: string): string[] {
  const entries = mask.split(",").map((entry) => entry.trim());
  const end = entries.findIndex((entry) =>
    !/^\d{1,4}$/.test(entry) && !ANY_UUID.test(entry)
  );
  return end < 0 ? entries : entries.slice(0, end);
}

function isNumber(entry: string): boolean {
  return /^\d+$/.test(entry);
}

/** Whether an entry names a card by its UUID or the beginning of it. */
function names(entry: string, uuid: string): boolean {
  return uuid.toLowerCase().startsWith(entry.toLowerCase());
}

/** The mask that HIP goes by; it takes CUDA's where it has none of its own. */
function hipMask(
  inherited: Environment,
): readonly [string, string] | undefined {
  const own = inherited(HIP);
  if (own !== undefined && own !== "") return [HIP, own];
  const other = inherited(CUDA);
  // On a machine with cards of both makers that one is meant for the others.
  if (!other || entriesOf(other).some((entry) => NVIDIA_UUID.test(entry))) {
    return undefined;
  }
  return [CUDA, other];
}

/** Whether the cards of this machine have to be known to tell what the child sees. */
export function needsDetection(
  { uuids, form, inherited }: Omit<Sight, "gpus" | "registered">,
): boolean {
  if (form === "index" && uuids.some((uuid) => isAmd(uuid) || isWhole(uuid))) {
    return true;
  }
  const nvidia = uuids.filter(isNvidia);
  if (
    nvidia.length > 0 && needsCards(nvidia, entriesOf(inherited(CUDA) ?? ""))
  ) {
    return true;
  }
  const isMasked = inherited(ROCR) !== undefined ||
    hipMask(inherited) !== undefined;
  return uuids.some((uuid) =>
    isAmd(uuid) && (isMasked || !/^GPU-/i.test(uuid))
  );
}

/** Whether entries of CUDA's mask mean nothing to one who knows UUIDs alone. */
function needsCards(
  uuids: readonly string[],
  entries: readonly string[],
): boolean {
  const isPart = uuids.some((uuid) => /^MIG-/i.test(uuid));
  return entries.some((entry) =>
    isNumber(entry) || (isPart && !names("MIG-", entry))
  );
}

/** Whether a variable hides cards of either maker. */
export function isMasked(inherited: Environment): boolean {
  return [CUDA, HIP, ROCR].some((name) => inherited(name) !== undefined);
}

/** What the environment leaves of some cards. */
export interface Left {
  readonly uuids: readonly string[];
  /** The variables that hide the others, as in `NAME=0,1`. */
  readonly masks: string;
}

/**
 * Those of some cards that the environment does not hide, as far as is known.
 *
 * @param gpus the cards of this machine, as in {@linkcode Sight}
 */
export function leftByMasks(
  all: readonly string[],
  gpus: Sight["gpus"],
  inherited: Environment,
): Left {
  const parts = partsOf({
    ...{ uuids: all, form: "uuid", inherited, gpus, registered: all },
  });
  const others = all.filter((uuid) => !isNvidia(uuid) && !isAmd(uuid));
  return {
    uuids: [...parts.flatMap(({ seen }) => seen), ...others],
    masks: parts.map(({ masks }) => masks).filter(Boolean).join(" "),
  };
}

/** Whether this is a card of NVIDIA that is not cut up. */
function isWhole(uuid: string): boolean {
  return isNvidia(uuid) && !/^MIG-/i.test(uuid);
}

/**
 * What the child of a lease on these cards sees.
 *
 * @throws {ExitError} if a mask hides all of them, or cannot be understood
 */
export function visibleCards(sight: Sight): Visible {
  const parts = partsOf(sight);
  const hidden = new Set(
    parts.flatMap(({ of, seen }) => of.filter((uuid) => !seen.includes(uuid))),
  );
  return {
    warning: parts.map(warningOf).filter(Boolean).join("; "),
    env: Object.assign(
      nothingOfOthers(sight, {
        nvidia: sight.uuids.some(isNvidia),
        amd: sight.uuids.some(isAmd),
      }),
      ...parts.map(({ env }) => env()),
    ),
    uuids: sight.uuids.filter((uuid) => !hidden.has(uuid)),
  };
}

function partsOf(sight: Sight): Part[] {
  const nvidia = sight.uuids.filter(isNvidia);
  const amd = sight.uuids.filter(isAmd);
  return [
    ...(nvidia.length > 0 ? [seenByCuda(nvidia, sight)] : []),
    ...(amd.length > 0 ? [seenByRocm(amd, sight)] : []),
  ];
}

/** What is to be known of a mask; throws where it leaves nothing to see. */
function warningOf({ of, seen, masks, isUnknown }: Part): string {
  if (isUnknown) {
    return `${quoted(masks)} in the environment stays as it is, as no driver ` +
      `tells which cards it means: it may hide ${of.join(", ")}`;
  }
  if (seen.length === 0) {
    throw new ExitError(
      `Cannot show the command ${of.join(", ")} as ${quoted(masks)} in the ` +
        `environment leaves out all cards of the lease: unset it, or ` +
        `name one of them there`,
      EXIT.runFailed,
    );
  }
  const hidden = of.filter((uuid) => !seen.includes(uuid));
  return hidden.length === 0
    ? ""
    : `${quoted(masks)} in the environment hides ${hidden.join(", ")}: the ` +
      `command sees ${seen.length} of ${of.length} cards`;
}

/** Hides what the pool has of makers of which the lease has no card. */
function nothingOfOthers(
  { uuids, registered, form }: Sight,
  has: { readonly nvidia: boolean; readonly amd: boolean },
): Record<string, string> {
  if (uuids.length === 0) return {};
  const env: Record<string, string> = {};
  if (!has.nvidia && registered.some(isNvidia)) env[CUDA] = "";
  if (!has.amd && registered.some(isAmd)) {
    // An empty one HIP takes for none.
    env[HIP] = "-1";
    if (form === "uuid") env[ROCR] = "";
  }
  return env;
}

/** Masks as they are written in an environment. */
function written(masks: readonly (readonly [name: string, value: string])[]) {
  return masks.map(([name, value]) => `${name}=${value}`).join(" ");
}

// ------------------------------------------------------------------- NVIDIA

function seenByCuda(uuids: readonly string[], sight: Sight): Part {
  const { form, inherited, gpus = [] } = sight;
  const mask = inherited(CUDA);
  const entries = entriesOf(mask ?? "");
  const masks = mask === undefined ? "" : written([[CUDA, mask]]);
  if (sight.gpus === undefined && needsCards(uuids, entries)) {
    return { env: () => ({}), of: uuids, seen: uuids, masks, isUnknown: true };
  }
  const seen = mask === undefined
    ? uuids
    : uuids.filter(cudaFilter(entries, sight));
  const env = (): Record<string, string> => {
    if (form === "uuid" || !seen.some(isWhole)) {
      return { [CUDA]: seen.join(",") };
    }
    // An instance has no number that CUDA knows.
    const numbers = seen.map((uuid) =>
      isWhole(uuid) ? indexOf(uuid, gpus) : uuid
    );
    return { [CUDA]: numbers.join(","), [CUDA_ORDER]: PCI_ORDER };
  };
  return { env, of: uuids, seen, masks };
}

function cudaFilter(
  entries: readonly string[],
  { inherited, gpus = [] }: Sight,
): (uuid: string) => boolean {
  const cards = gpus.filter(({ vendor }) => vendor === "nvidia");
  // The name of an instance is that of its card, and more.
  const models = cards.map(({ name }) => name.replace(/ MIG .*$/, ""));
  const isMixed = new Set(models).size > 1;
  if (
    isMixed && entries.some(isNumber) && inherited(CUDA_ORDER) !== PCI_ORDER
  ) {
    throw new ExitError(
      `Cannot tell which cards ${CUDA}=${
        entries.join(",")
      } means as they are ` +
        `of several kinds, and CUDA counts the fastest first: write UUIDs, or ` +
        `set ${CUDA_ORDER}=${PCI_ORDER}`,
      EXIT.runFailed,
    );
  }
  return (uuid) => {
    const card = cards.find((card) => card.uuid === uuid);
    return entries.some((entry) =>
      isNumber(entry)
        ? card?.index === Number(entry)
        : names(entry, uuid) || names(entry, card?.mig?.parentUuid ?? "")
    );
  };
}

function indexOf(uuid: string, gpus: readonly GpuInfo[]): number {
  const card = gpus.find((gpu) => gpu.uuid === uuid);
  if (card !== undefined) return card.index;
  throw new ExitError(
    `Cannot tell the number of the card ${
      quoted(uuid)
    } as no tool here knows ` +
      `it: see "reslock detect", or use --visible uuid`,
    EXIT.runFailed,
  );
}

// ---------------------------------------------------------------------- AMD

/** The cards that a mask leaves, in its order: its numbers count what it is given. */
function applied(
  mask: string | undefined,
  cards: readonly GpuInfo[],
): readonly GpuInfo[] {
  if (mask === undefined) return cards;
  const chosen: GpuInfo[] = [];
  for (const entry of entriesOf(mask)) {
    const card = isNumber(entry)
      ? cards[Number(entry)]
      : cards.find(({ uuid }) => names(entry, uuid));
    if (card === undefined) break;
    chosen.push(card);
  }
  return chosen;
}

/**
 * Two variables, one after the other: the numbers of HIP's count the cards that
 * ROCR's has left. Some programs refuse ROCR's, so it is not set for the index form.
 */
function seenByRocm(uuids: readonly string[], sight: Sight): Part {
  const { form, inherited, gpus = [] } = sight;
  const rocr = inherited(ROCR);
  const hip = hipMask(inherited);
  const set = [
    ...(rocr === undefined ? [] : [[ROCR, rocr] as const]),
    ...(hip === undefined ? [] : [hip]),
  ];
  const masks = written(set);
  if (sight.gpus === undefined && set.length > 0) {
    return { env: () => ({}), of: uuids, seen: uuids, masks, isUnknown: true };
  }
  const cards = gpus.filter(({ vendor }) => vendor === "amd")
    .sort((a, b) => a.index - b.index);
  const below = applied(rocr, cards);
  const allowed = applied(hip?.[1], below);
  const seen = uuids.filter((uuid) =>
    set.length === 0 || allowed.some((card) => card.uuid === uuid)
  );
  const env = (): Record<string, string> => {
    if (form === "index") {
      const numbers = seen.map((uuid) => {
        indexOf(uuid, cards);
        return below.findIndex((card) => card.uuid === uuid);
      });
      return { [HIP]: numbers.join(",") };
    }
    const names = seen.map((uuid) =>
      // A card without an id of its own is known to ROCm by its number alone.
      /^GPU-/i.test(uuid) ? uuid : String(indexOf(uuid, cards))
    );
    return {
      [ROCR]: names.join(","),
      [HIP]: seen.map((_, index) => index).join(","),
    };
  };
  return { env, of: uuids, seen, masks };
}
