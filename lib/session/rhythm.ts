/**
 * How long a program rests between two looks at the file that nobody asked it for.
 *
 * Bells and watches tell of nearly everything, and a look costs a program that sleeps
 * half a millisecond of processor time or more, whatever it finds. So only the first
 * programs of the queue look every few seconds, for what nobody rings. Each place
 * further back looks more seldom, so that all together look about as often, however
 * many they are.
 *
 * @module
 */
import { FRONT_WAITERS, LONG_WAIT_MS } from "../store/store.ts";

/** For what nobody rings: somebody died between a grant and its ring, unheard. */
const POLL_MS = 8000;
/** While others may still take what they were offered: nobody tells that they do not. */
const OFFERING_POLL_MS = 500;
/** While somebody's end can be found out only by asking. */
const UNHEARD_POLL_MS = 1000;
/** While a Python client holds or waits: it rings nobody. */
const FOREIGN_POLL_MS = 100;
/** Behind the front: in case that all of it died or was stopped at once. */
const FAR_POLL_MS = 6000;
const SLOWEST_POLL_MS = 300_000;
/** Of one who came just now: late enough that from then on it is rung for its place. */
const FIRST_POLL_MS = LONG_WAIT_MS + 500;
/** Where nothing can be watched; far from the front with the square of the place. */
const BLIND_POLL_MS = 25;
const BLIND_FAR_PLACE = 50;
const SLOWEST_BLIND_POLL_MS = 30_000;
/** A holder that may be asked back: a Python client that comes along rings nobody. */
const HOLDER_POLL_MS = 2000;

/** Who has to be woken, and how urgently. */
export interface Vigil {
  /** How many programs of our kind wait before this one; undefined if it does not wait. */
  readonly place: number | undefined;
  /** Whether a holder wants to hear of a reclaim or of its loss. */
  readonly listening: boolean;
  /** Whether Python clients take part. */
  readonly foreign: boolean;
  /** Whether somebody's end would not be heard of. */
  readonly unheard: boolean;
  /** Whether others were offered something, and may still take it. */
  readonly offering: boolean;
}

/** Whether it is one of those who look after everybody. */
export function isInFront({ place }: Vigil): boolean {
  return place !== undefined && place < FRONT_WAITERS;
}

/**
 * Milliseconds from one look to the next; undefined for none.
 *
 * @param hears whether its bell is watched
 * @param hasLooked whether it has looked by itself since it began to wait
 */
export function restMs(
  vigil: Vigil,
  { hears, hasLooked }: {
    readonly hears: boolean;
    readonly hasLooked: boolean;
  },
): number | undefined {
  const { place, listening, foreign, unheard, offering } = vigil;
  if (place === undefined) return listening ? HOLDER_POLL_MS : undefined;
  const times = 1 + place;
  const isFront = isInFront(vigil);
  if (foreign && isFront) return FOREIGN_POLL_MS * times;
  if (!hears) {
    const far = Math.max(1, times / BLIND_FAR_PLACE);
    return Math.min(SLOWEST_BLIND_POLL_MS, BLIND_POLL_MS * times * far);
  }
  if (offering) return OFFERING_POLL_MS;
  if (isFront && unheard) return UNHEARD_POLL_MS * times;
  if (isFront) return POLL_MS * (1 + 2 * place);
  if (!hasLooked) return FIRST_POLL_MS;
  return Math.min(FAR_POLL_MS * times, SLOWEST_POLL_MS);
}
