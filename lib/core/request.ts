/**
 * What callers ask for, checked and brought into the form of the queue.
 *
 * @module
 */
import { checkName, checkNameCount, entriesOf } from "./amount.ts";
import { diskOfKey, type EntryRecord, gpuOfKey } from "./model.ts";
import { quoted, quotedValue } from "./quoted.ts";
import type { PoolState } from "./state.ts";

/**
 * Amounts by resource name: whole numbers from 1, in MiB where the name ends in
 * `_mb`. At most 1024 names of 200 characters.
 *
 * GPU memory is asked for in one of three ways: `vram_mb` as one amount, which is
 * that much on one card (or of the plain quantity of that name, where a capacity is
 * registered for it); `vram_mb` as a list, one amount for each card; or
 * `vram_mb_each` on each of `num_gpus` cards. The pool chooses the cards.
 */
export interface ResourceRequest {
  /** GPU memory in MiB: on one card, or a list with one amount for each card. */
  readonly vram_mb?: number | readonly number[];
  /** GPU memory in MiB on each of `num_gpus` cards. */
  readonly vram_mb_each?: number;
  /** How many cards get `vram_mb_each`. */
  readonly num_gpus?: number;
  /** Any other quantity, as one amount: a list is refused, but for `vram_mb`. */
  readonly [name: string]: number | readonly number[] | undefined;
}

/** A request that was checked. */
export interface ParsedRequest {
  readonly counters: ReadonlyMap<string, number>;
  /** `vram_mb` as one amount; what it means depends on what is registered. */
  readonly vramMb: number | undefined;
  readonly slots: readonly number[] | undefined;
  readonly each: { readonly mb: number; readonly cards: number } | undefined;
}

/** The fields of a queue entry that say what is asked for. */
export type Ask = Pick<
  EntryRecord,
  "resources" | "vram_mb" | "vram_mb_each" | "num_gpus"
>;

/** More slots than any machine has cards. */
const MAX_SLOTS = 1024;

function checkAmount(name: string, amount: unknown): number {
  if (typeof amount !== "number") {
    throw new TypeError(
      `Cannot request ${quoted(name)} as the amount must be a number: ` +
        `current value is ${quotedValue(amount)}`,
    );
  }
  if (!Number.isSafeInteger(amount) || amount < 1) {
    throw new RangeError(
      `Cannot request ${quoted(name)} as the amount must be a whole number ` +
        `from 1 to ${Number.MAX_SAFE_INTEGER}: current value is ${amount}`,
    );
  }
  return amount;
}

function checkSlots(slots: readonly unknown[]): readonly number[] {
  if (slots.length === 0 || slots.length > MAX_SLOTS) {
    throw new RangeError(
      `Cannot request "vram_mb" as a list must have 1 to ${MAX_SLOTS} amounts, ` +
        `one for each card: current length is ${slots.length}`,
    );
  }
  // Not by map(), which would leave out what a list has no value for.
  return Array.from(slots, (amount) => checkAmount("vram_mb", amount));
}

/**
 * Checks a request.
 *
 * @throws {TypeError} if an amount is not a number, or two ways to ask for GPU
 * memory are mixed
 * @throws {RangeError} if an amount is no whole number from 1, or nothing is asked for, or
 * more than 1024 resources
 */
export function parseRequest(request: ResourceRequest): ParsedRequest {
  const counters = new Map<string, number>();
  for (const [name, amount] of entriesOf(request, "acquire")) {
    if (["vram_mb", "vram_mb_each", "num_gpus"].includes(name)) continue;
    if (amount === undefined) continue;
    checkName(name);
    if (gpuOfKey(name) !== undefined) {
      throw new TypeError(
        `Cannot request ${
          quoted(name)
        } as the pool chooses the card: ask for ` +
          `"vram_mb", and name cards in the option "cards"`,
      );
    }
    counters.set(name, checkAmount(name, amount));
  }
  checkNameCount("request", counters.size);
  const { vram_mb: vram, vram_mb_each: eachMb, num_gpus: cards } = request;
  if (vram !== undefined && (eachMb !== undefined || cards !== undefined)) {
    throw new TypeError(
      'Cannot request "vram_mb" beside "vram_mb_each" or "num_gpus": ask in one ' +
        "of the two ways",
    );
  }
  if ((eachMb === undefined) !== (cards === undefined)) {
    throw new TypeError(
      'Cannot request "vram_mb_each" without "num_gpus", or the other way round: ' +
        "name both",
    );
  }
  const each = eachMb !== undefined
    ? {
      mb: checkAmount("vram_mb_each", eachMb),
      cards: checkAmount("num_gpus", cards),
    }
    : undefined;
  if (each !== undefined && each.cards > MAX_SLOTS) {
    throw new RangeError(
      `Cannot request "num_gpus" as ${MAX_SLOTS} is the most: current value is ` +
        `${each.cards}`,
    );
  }
  const parsed: ParsedRequest = {
    counters,
    vramMb: vram === undefined || Array.isArray(vram)
      ? undefined
      : checkAmount("vram_mb", vram),
    slots: Array.isArray(vram) ? checkSlots(vram) : undefined,
    each,
  };
  if (counters.size === 0 && vram === undefined && each === undefined) {
    throw new RangeError(
      "Cannot acquire nothing: name at least one resource and its amount, such " +
        'as "ram_mb" and 4096',
    );
  }
  return parsed;
}

/**
 * What a request asks for in a pool with these capacities.
 *
 * @param options.waitForCapacity whether it may come before any of them: GPU memory is
 * then that of a card to come, and not refused as a quantity that nobody knows.
 * @default {false}
 */
export function askOf(
  request: ParsedRequest,
  state: PoolState,
  { waitForCapacity = false }: { readonly waitForCapacity?: boolean } = {},
): Ask {
  const { counters, vramMb, slots, each } = request;
  const ask = {
    resources: counters,
    vram_mb: slots ?? null,
    vram_mb_each: each?.mb ?? null,
    num_gpus: each?.cards ?? 0,
  };
  if (vramMb === undefined) return ask;
  const isCard = state.cards.length > 0 || waitForCapacity;
  if (state.resources.has("vram_mb") || !isCard) {
    return { ...ask, resources: new Map([...counters, ["vram_mb", vramMb]]) };
  }
  return { ...ask, vram_mb: [vramMb] };
}

/** Whether a request asks for memory of cards, or may do so, as the pool decides. */
export function mayAskForCards(
  { vramMb, slots, each }: ParsedRequest,
): boolean {
  return (vramMb ?? slots ?? each) !== undefined;
}

/** The names of disks that a request wants space on. */
export function disksOf({ counters }: ParsedRequest): string[] {
  return [...counters.keys()].filter((name) => diskOfKey(name) !== undefined);
}

/** The request as its caller wrote it, for messages and errors. */
export function describeRequest(
  request: ResourceRequest,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(request).filter(([, amount]) => amount !== undefined),
  );
}
