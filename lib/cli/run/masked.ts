/**
 * Keeps a request to the cards that the environment does not hide: any other would be
 * of no use to the command.
 *
 * @module
 */
import {
  type AcquireOptions,
  type AmountsByName,
  detectGpus,
  type GpuInfo,
  namedCards,
  type ResourcePool,
  type ResourceRequest,
} from "../../../mod.ts";
import { type Environment, isMasked, leftByMasks } from "./visible.ts";

type Names = AcquireOptions["cards"];

/** How to look at a pool for its capacities: a driver may be slow to answer. */
export const CAPACITIES_ALONE = { explain: false, driver: false } as const;

const CARD = /^gpu_(.+)_vram_mb$/;

/**
 * The cards that will do, of those that were named or of all; the names as they are where
 * none is hidden, or none is known here.
 *
 * @throws {ExitError} if the environment hides all of them
 * @throws {RangeError} if a name means no card
 */
export async function cardsWithinMasks(
  pool: ResourcePool,
  request: ResourceRequest,
  { names, inherited }: {
    readonly names: Names;
    readonly inherited: Environment;
  },
): Promise<Names> {
  const asksForCards = request.vram_mb !== undefined ||
    request.vram_mb_each !== undefined;
  if (!asksForCards || !isMasked(inherited)) return names;
  const { resources } = await pool.status(CAPACITIES_ALONE);
  // A plain quantity is on no card that could be hidden.
  if ("vram_mb" in resources) return names;
  const registered = cardsOf(resources).map((uuid) => ({ uuid }));
  const gpus = (await detected(names)).filter(({ uuid }) =>
    registered.some((card) => card.uuid === uuid)
  );
  if (gpus.length === 0) return names;
  const meant = names === undefined
    ? gpus.map(({ uuid }) => uuid)
    : namedCards(names, registered, gpus);
  const left = leftByMasks(meant, gpus, inherited);
  return left.length === meant.length ? names : left;
}

/** The cards that have a capacity, by UUID. */
export function cardsOf(capacities: AmountsByName): string[] {
  return Object.keys(capacities).flatMap((name) => CARD.exec(name)?.[1] ?? []);
}

/** A driver that is broken is no reason to refuse whoever knows which card to take. */
async function detected(names: Names): Promise<readonly GpuInfo[]> {
  try {
    return await detectGpus();
  } catch (error) {
    if (names === undefined) throw error;
    return [];
  }
}
