/**
 * Registers what a request needs, on a machine where nobody has done so yet.
 *
 * Invariants:
 * (1) A capacity that is set is never changed.
 * (2) It is all or nothing: nothing is registered for a request that lacks
 *     something else, too.
 * (3) Nothing is registered over what can be recovered.
 *
 * @module
 */
import {
  type Detection,
  detectResources,
  type ResourcePool,
  type ResourceRequest,
} from "../../../mod.ts";
import { closest } from "../arguments.ts";
import { cardOfKey } from "../card_key.ts";
import { EXIT } from "../exit_codes.ts";
import { ExitError } from "../failure.ts";
import { capacitiesLeft } from "../pool.ts";
import { quoted } from "../text.ts";

type Capacities = Readonly<Record<string, number>>;

const isCard = (name: string) => cardOfKey(name) !== undefined;
const GPU_WORDS = ["vram_mb", "vram_mb_each", "num_gpus"];

/** What a request lacks in a pool. */
export interface Lack {
  /** Names without a capacity. */
  readonly names: readonly string[];
  /** Whether it needs cards and none is registered. */
  readonly cards: boolean;
}

/** What of a request has no capacity. */
export function lackOf(request: ResourceRequest, known: Capacities): Lack {
  const asked = Object.keys(request);
  const hasCards = "vram_mb" in known ||
    Object.keys(known).some(isCard);
  return {
    names: asked.filter((name) =>
      !GPU_WORDS.includes(name) && !(name in known) &&
      !name.startsWith("disk_mb@")
    ),
    cards: !hasCards && asked.some((name) => GPU_WORDS.includes(name)),
  };
}

/**
 * The capacities that meet a lack.
 *
 * @param known the names of all that has a capacity
 * @throws {ExitError} if something is not to be found here
 */
export function capacitiesFor(
  { names, cards }: Lack,
  detection: Detection,
  known: readonly string[],
): Capacities {
  const { resources, limits } = detection;
  // The limits of a container are no capacity of a pool that it shares; in one
  // that nobody has set up they are all there is to go by.
  const found: Capacities = known.length === 0
    ? { ...limits, ...resources }
    : resources;
  const chosen = Object.fromEntries(
    Object.entries(found).filter(([name]) =>
      isCard(name) ? cards : names.includes(name)
    ),
  );
  if (cards && !Object.keys(chosen).some(isCard)) {
    throw noCards(detection);
  }
  const unknown = names.find((name) => !(name in chosen));
  if (unknown !== undefined) {
    const meant = closest(unknown, known);
    throw new ExitError(
      `Cannot get ${quoted(unknown)} as it has no capacity here: ` +
        (meant === undefined
          ? "check the name, or set"
          : `did you mean ${quoted(meant)}? If not, set`) +
        ` one with reslock set ${quoted(unknown)} VALUE`,
      EXIT.runFailed,
    );
  }
  return chosen;
}

function noCards({ gpus, failures: [failure] }: Detection): ExitError {
  const fromRam = gpus.find(({ unified }) => unified);
  return new ExitError(
    failure !== undefined
      ? failure.message
      : fromRam !== undefined
      ? "Cannot get GPU memory as no GPU with memory of its own was found: " +
        `that of ${quoted(fromRam.name)} is RAM: ask for it with --ram, or ` +
        'see "reslock detect"'
      : "Cannot get GPU memory as no GPU was found: see " +
        '"reslock detect", or set one with "reslock set vram_mb 24G"',
    EXIT.runFailed,
    { cause: failure },
  );
}

/**
 * What would be registered for a request.
 *
 * @param known all that has a capacity
 * @throws {ExitError} if something is not to be found here
 */
export async function capacitiesLacked(
  pool: ResourcePool,
  request: ResourceRequest,
  known: Capacities,
): Promise<Capacities> {
  const lack = lackOf(request, known);
  if (lack.names.length === 0 && !lack.cards) return {};
  const left = Object.keys(await capacitiesLeft(pool.path)).length;
  if (left > 0) {
    throw new ExitError(
      `Cannot get what was asked for from ${pool.path} as somebody removed the ` +
        `capacities: "reslock doctor --recover" brings them back from the copy ` +
        `beside it, or "reslock init" registers what is here`,
      EXIT.runFailed,
    );
  }
  const detection = await detectResources();
  return capacitiesFor(lack, detection, Object.keys(known));
}

/**
 * Registers what a request lacks.
 *
 * @returns what was registered; nothing if others have done it in the meantime
 * @throws {ExitError} if something is not to be found here
 */
export async function registerLack(
  pool: ResourcePool,
  request: ResourceRequest,
): Promise<Capacities> {
  const { resources } = await pool.status();
  const capacities = await capacitiesLacked(pool, request, resources);
  if (Object.keys(capacities).length === 0) return {};
  const changed = await pool.setResources(capacities, { keepExisting: true });
  return Object.fromEntries(changed.map((name) => [name, capacities[name]]));
}
