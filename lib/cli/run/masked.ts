/**
 * Keeps a request to the cards that the environment does not hide: any other would be
 * of no use to the command.
 *
 * @module
 */
import {
  type AcquireOptions,
  type AmountsByName,
  namedCards,
  type ResourceRequest,
} from "../../../mod.ts";
import { cardOfKey } from "../card_key.ts";
import { EXIT } from "../exit_codes.ts";
import { ExitError } from "../failure.ts";
import { quoted } from "../text.ts";
import type { KnownGpus } from "./known_gpus.ts";
import {
  type Environment,
  isMasked,
  leftByMasks,
  needsDetection,
} from "./visible.ts";

/** The cards that will do, in the words of `acquire`. */
export type CardChoice = Pick<AcquireOptions, "cards" | "anyOrder">;

/**
 * The cards that will do, of those that were named or of all; the names as they are where
 * none is hidden, or nobody can tell here which are.
 *
 * @throws {ExitError} if the environment leaves too few of them
 * @throws {RangeError} if a name means no card
 */
export async function cardsWithinMasks(
  request: ResourceRequest,
  { names, capacities, inherited, gpusHere }: {
    readonly names: AcquireOptions["cards"];
    /** All that are registered. */
    readonly capacities: () => Promise<AmountsByName>;
    readonly inherited: Environment;
    readonly gpusHere: KnownGpus;
  },
): Promise<CardChoice> {
  const asIs = { cards: names };
  const wanted = cardCountOf(request);
  if (wanted === 0 || !isMasked(inherited)) return asIs;
  const resources = await capacities();
  const uuids = cardsOf(resources);
  // A plain quantity is on no card that could be hidden.
  if ("vram_mb" in resources || uuids.length === 0) return asIs;
  const isTold = names !== undefined ||
    needsDetection({ uuids, form: "uuid", inherited });
  const gpus = isTold ? await gpusHere() : [];
  const registered = uuids.map((uuid) => ({ uuid }));
  // Whoever shares the pool may have cards that are not here.
  const here = gpus?.filter(({ uuid }) => uuids.includes(uuid)) ?? [];
  const meant = names !== undefined
    ? namedCards(names, registered, here)
    : here.length > 0
    ? here.map(({ uuid }) => uuid)
    : uuids;
  const left = leftByMasks(meant, gpus, inherited);
  if (left.uuids.length === meant.length) return asIs;
  if (left.uuids.length < wanted) throw tooFew(meant, left, wanted);
  // Nobody has said which amount is for which of those that are left.
  return { cards: left.uuids, anyOrder: true };
}

/** The cards that have a capacity, by UUID. */
export function cardsOf(capacities: AmountsByName): string[] {
  return Object.keys(capacities).flatMap((name) => cardOfKey(name) ?? []);
}

/** How many cards a request is for. */
function cardCountOf(
  { vram_mb: amounts, vram_mb_each: each, num_gpus: count = 1 }:
    ResourceRequest,
): number {
  if (amounts !== undefined) return Array.isArray(amounts) ? amounts.length : 1;
  return each === undefined ? 0 : count;
}

function tooFew(
  meant: readonly string[],
  { uuids, masks }: ReturnType<typeof leftByMasks>,
  wanted: number,
): ExitError {
  const cards = wanted === 1 ? "a card" : `${wanted} cards`;
  const reason = uuids.length === 0
    ? `leaves out ${meant.join(", ")}`
    : `leaves ${uuids.join(", ")} alone`;
  return new ExitError(
    `Cannot get ${cards} as ${quoted(masks)} in the environment ${reason}: ` +
      `name others there, or unset it`,
    EXIT.runFailed,
  );
}
