/**
 * Which cards are meant when a caller names some, and what that makes of a request.
 *
 * @module
 */
import type { SeenCard } from "./cards.ts";
import { type Amounts, gpuKey } from "./model.ts";
import { obstacleTo, type RegisteredCard } from "./placement.ts";
import { quoted } from "./quoted.ts";
import type { Ask } from "./request.ts";
import { refusal } from "./transitions.ts";

/** A request, and the cards that it is confined to. */
export interface ConfinedAsk {
  readonly ask: Ask;
  /** Undefined: any. Only whoever asks knows of it, the queue has no field for it. */
  readonly only: ReadonlySet<string> | undefined;
}

const INDEX = /^\d{1,3}$/;
/** What ids begin with, and what people leave out. */
const KIND = /^(?:gpu|mig)-/i;

/**
 * Confines a request for GPU memory to the cards that are named: by number, by UUID or
 * its beginning, with or without `GPU-`, or by a part of the model's name.
 *
 * With as many cards as the request has amounts, the first amount is for the first
 * card, and so on: it becomes a request for named quantities, which waits like any
 * other. With more cards, or where any order will do and the amounts differ, it is for
 * whoever asks to look for free ones among them.
 *
 * @param names as the caller gave them
 * @param pool what is registered; without any GPU memory, nothing is confined
 * @param seen those that the driver tells of
 * @param options.waitForCapacity whether it may come before any card. @default {false}
 * @param options.anyOrder whether any amount may be on any of the cards. @default {false}
 * @throws {RangeError} if a name means no card, or there are too few
 * @throws {ImpossibleRequestError} if more cards are named than are wanted, and they are
 * too small
 */
export function confine(
  ask: Ask,
  names: readonly string[],
  pool: {
    readonly resources: Amounts;
    readonly cards: readonly RegisteredCard[];
  },
  seen: readonly SeenCard[],
  { waitForCapacity = false, anyOrder = false }: {
    readonly waitForCapacity?: boolean;
    readonly anyOrder?: boolean;
  } = {},
): ConfinedAsk {
  if (pool.resources.has("vram_mb")) {
    throw new RangeError(
      `Cannot use ${
        list(names)
      } as cards as "vram_mb" is a plain quantity in ` +
        `this pool: take it out with "reslock unset vram_mb", or name no card`,
    );
  }
  const registered = pool.cards;
  if (registered.length === 0) {
    if (!waitForCapacity) return { ask, only: undefined };
    throw new RangeError(
      `Cannot wait for the cards ${
        list(names)
      } as none is registered yet, and ` +
        `nobody can tell which of those to come are meant: name none, or ` +
        `register them first with "reslock init"`,
    );
  }
  const slots = ask.vram_mb ??
    new Array<number>(ask.num_gpus).fill(ask.vram_mb_each ?? 0);
  if (slots.length === 0) {
    throw new RangeError(
      `Cannot use ${list(names)} as cards for a request without GPU memory: ` +
        `ask for "vram_mb"`,
    );
  }
  const chosen = namedCards(names, registered, seen);
  if (chosen.length < slots.length) {
    throw new RangeError(
      `Cannot place GPU memory on ${slots.length} of the cards ${
        list(names)
      } ` +
        `as these are ${chosen.length}: name more, or ask for fewer cards`,
    );
  }
  const isOpen = chosen.length > slots.length ||
    (anyOrder && slots.some((slot) => slot !== slots[0]));
  if (isOpen) {
    const demand = {
      counters: new Map(),
      slots: slots.toSorted((a, b) => b - a),
    };
    const obstacle = obstacleTo(
      demand,
      pool.resources,
      registered.filter(({ uuid }) => chosen.includes(uuid)),
    );
    // The pool as a whole may be large enough: nobody else would find it out.
    if (obstacle !== undefined) throw refusal(obstacle);
    return { ask, only: new Set(chosen) };
  }
  const resources = new Map(ask.resources);
  for (const [at, uuid] of chosen.entries()) {
    resources.set(gpuKey(uuid), slots[at]);
  }
  return {
    ask: { resources, vram_mb: null, vram_mb_each: null, num_gpus: 0 },
    only: undefined,
  };
}

/** Whether a name can only be a UUID or the beginning of one: no driver is needed. */
export function isUuidOnly(name: string): boolean {
  return KIND.test(name);
}

/** A card by what people call it. */
export interface NamedCard {
  /** What the driver knows it by. */
  readonly uuid: string;
  /** Its number on this machine. */
  readonly index: number;
  /** The model. */
  readonly name: string;
}

/**
 * The cards that names mean, as in the option `cards` of `acquire`: by number, UUID,
 * beginning of it, or a part of the model's name.
 *
 * @param registered those that have a capacity
 * @param seen those that the driver tells of, with their numbers
 * @returns their UUIDs, each once
 * @throws {RangeError} if a name means no card
 */
export function namedCards(
  names: readonly string[],
  registered: readonly { readonly uuid: string }[],
  seen: readonly NamedCard[],
): string[] {
  const all = names.flatMap((name) => cardsNamed(name, registered, seen));
  return [...new Set(all)];
}

/** The registered cards that a name means. */
function cardsNamed(
  name: string,
  registered: readonly Pick<RegisteredCard, "uuid">[],
  seen: readonly NamedCard[],
): string[] {
  const uuids = registered.map(({ uuid }) => uuid);
  // A number is nothing else: 5 on a machine with four cards must not be the one whose
  // UUID begins with it.
  const isNumber = INDEX.test(name);
  const numbered = seen.filter(({ index }) =>
    isNumber && index === Number(name)
  );
  const known = numbered.filter(({ uuid }) => uuids.includes(uuid));
  if (known.length > 0) return known.map(({ uuid }) => uuid);
  if (numbered.length > 0) {
    throw new RangeError(
      `Cannot use card ${quoted(name)} as it has no capacity in this pool: ` +
        `register it with "reslock init", or use ${
          knownCards(registered, seen)
        }`,
    );
  }
  if (uuids.includes(name)) return [name];
  const wanted = name.toLowerCase();
  const bare = wanted.replace(KIND, "");
  const begun = bare === "" || isNumber ? [] : uuids.filter((uuid) => {
    const lower = uuid.toLowerCase();
    return lower.startsWith(wanted) ||
      (bare === wanted && lower.replace(KIND, "").startsWith(bare));
  });
  if (begun.length === 1) return begun;
  const models = seen.filter((card) =>
    wanted !== "" && !isNumber && card.name.toLowerCase().includes(wanted) &&
    uuids.includes(card.uuid)
  );
  if (models.length > 0) return models.map(({ uuid }) => uuid);
  const reason = begun.length > 1
    ? `${begun.length} cards begin with it`
    : isUuidOnly(name)
    ? "no card has this UUID"
    : seen.length > 0
    ? "no card has this number, UUID or name"
    : "no card has this UUID, and no driver tells numbers and names here";
  throw new RangeError(
    `Cannot use card ${quoted(name)} as ${reason}: ` +
      `use one of ${knownCards(registered, seen)}`,
  );
}

/** The cards as people may name them. */
function knownCards(
  registered: readonly Pick<RegisteredCard, "uuid">[],
  seen: readonly NamedCard[],
): string {
  return registered.map(({ uuid }) => {
    const card = seen.find((one) => one.uuid === uuid);
    return card === undefined ? uuid : `${card.index} (${uuid}, ${card.name})`;
  }).sort().join(", ");
}

function list(names: readonly string[]): string {
  return names.map((name) => quoted(name)).join(", ");
}
