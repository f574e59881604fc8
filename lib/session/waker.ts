/**
 * When a pool looks at the file again: when its bell rings, when an owner dies, and
 * now and then by itself, as bells and watches may fail.
 *
 * Sleeping costs nothing: a bell is one watched file. Only the first programs of the
 * queue hear of deaths and look every few seconds. Each place further back looks more
 * seldom, so that all together look about as often, however many they are.
 *
 * @module
 */
import { createBell, removeBell, type Watch, watch } from "../os/bell.ts";
import type { Clock } from "../os/clock.ts";
import { FRONT_WAITERS, LONG_WAIT_MS } from "../store/store.ts";

// A wake costs a program that sleeps half a millisecond of processor time or more,
// whatever it does: these are times of the first place, and those behind it wait longer.
/** For what nobody rings: somebody died between a grant and its ring, unheard. */
const POLL_MS = 8000;
/** While somebody's end can be found out only by asking. */
const UNHEARD_POLL_MS = 1000;
/** While a Python client holds or waits: it rings nobody. */
const FOREIGN_POLL_MS = 100;
/** Behind the front: in case that all of it died at once. */
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
/**
 * A wait as short as this ends before it pays to set up a watch for deaths: of a hundred
 * processes that take turns, those in front are there for some ten milliseconds.
 */
const SETTLE_MS = 50;

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
}

/** What a waker needs, and whom it wakes. */
export interface WakerOptions {
  readonly owner: string;
  readonly owners: string;
  readonly bells: string;
  readonly clock: Clock;
  /** The bell rang, or it is time to look. */
  readonly onWake: (timer: boolean) => void;
  /** An owner's file was closed by its writer. */
  readonly onClosed: (owner: string, place: number) => void;
  /** From now on it hears when owners' files are closed, or no longer. */
  readonly onHearing: (hears: boolean) => void;
}

type Timer = ReturnType<typeof setTimeout>;

/** Bell, watches and timers of one pool. */
export class Waker {
  readonly #options: WakerOptions;
  #hasBell = false;
  #bellWatch: Watch | undefined;
  #deathWatch: Watch | undefined;
  #timer: Timer | undefined;
  #armedFor = Infinity;
  /** When to begin to hear of deaths. */
  #settleAt = Infinity;
  #waitsSince = 0;
  /** When it looked last by the timer, or began to wait. */
  #lookedAt = 0;
  /** Those who came together must not look together for ever. */
  readonly #spread = 0.9 + 0.2 * Math.random();
  #keepsAlive = false;
  #vigil: Vigil = {
    ...{ place: undefined, listening: false },
    ...{ foreign: false, unheard: false },
  };

  constructor(options: WakerOptions) {
    this.#options = options;
  }

  /**
   * Adapts to what is waited for.
   *
   * @returns whether a watch was started, after which the state has to be read
   * again: what happened before was not heard
   */
  keep(vigil: Vigil): boolean {
    const waits = vigil.place !== undefined;
    const begins = waits && this.#vigil.place === undefined;
    if (begins) this.#waitsSince = this.#lookedAt = this.#now();
    const wasFront = this.#isFront;
    this.#vigil = vigil;
    const started = (waits || vigil.listening) && this.#startBell();
    this.#setRef(waits);
    if (!this.#isFront) {
      this.#settleAt = Infinity;
      this.#stopDeathWatch();
    } else if (!wasFront || begins) {
      this.#settleAt = this.#now() + SETTLE_MS;
    }
    this.#schedule();
    return started;
  }

  /** Until it is told of somebody who waits again, the program may end. */
  letEnd(): void {
    this.#setRef(false);
  }

  close(): void {
    this.#stopDeathWatch();
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#bellWatch?.close();
    if (this.#hasBell) removeBell(this.#options.bells, this.#options.owner);
  }

  get #isFront(): boolean {
    const { place } = this.#vigil;
    return place !== undefined && place < FRONT_WAITERS;
  }

  #startBell(): boolean {
    if (this.#hasBell) return false;
    const { bells, owner, onWake } = this.#options;
    try {
      createBell(bells, owner);
    } catch {
      // A full disk, say. It polls, as where nothing can be watched, and tries again
      // with the next look; nothing that was granted may be lost over it.
      return false;
    }
    this.#hasBell = true;
    this.#bellWatch = watch(`${bells}/${owner}`, ["modify"], () => {
      onWake(false);
    });
    return this.#bellWatch !== undefined;
  }

  #setRef(keepsAlive: boolean): void {
    if (this.#keepsAlive === keepsAlive) return;
    this.#keepsAlive = keepsAlive;
    this.#bellWatch?.setRef(keepsAlive);
    if (this.#timer === undefined) return;
    if (keepsAlive) Deno.refTimer(this.#timer);
    else Deno.unrefTimer(this.#timer);
  }

  #startDeathWatch(): void {
    this.#settleAt = Infinity;
    const { owners, owner, onClosed, onHearing } = this.#options;
    this.#deathWatch = watch(owners, ["access"], (paths) => {
      for (const path of paths) {
        const name = path.slice(path.lastIndexOf("/") + 1);
        if (name !== owner) onClosed(name, this.#vigil.place ?? 0);
      }
    });
    if (this.#deathWatch === undefined) return;
    this.#deathWatch.setRef(false);
    onHearing(true);
  }

  #stopDeathWatch(): void {
    if (this.#deathWatch === undefined) return;
    this.#options.onHearing(false);
    this.#deathWatch.close();
    this.#deathWatch = undefined;
  }

  /** Sees to it that the timer fires when it has to, if need be for nothing. */
  #schedule(): void {
    const due = this.#nextDue();
    // One that fires too early is cheaper than a new one for each short wait.
    if (this.#timer !== undefined && this.#armedFor <= due) return;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    if (due === Infinity) return;
    this.#armedFor = due;
    const delay = Math.max(0, due - this.#now());
    this.#timer = setTimeout(() => this.#fire(), delay);
    if (!this.#keepsAlive) Deno.unrefTimer(this.#timer);
  }

  #fire(): void {
    this.#timer = undefined;
    const now = this.#now();
    const settles = this.#settleAt <= now;
    if (settles) this.#startDeathWatch();
    const isTime = settles || this.#nextDue() <= now;
    if (isTime) this.#lookedAt = now;
    this.#schedule();
    // Also after a watch was begun: whoever died before was not heard.
    if (isTime) this.#options.onWake(true);
  }

  #nextDue(): number {
    const delay = this.#delay();
    if (delay === undefined) return this.#settleAt;
    return Math.min(this.#settleAt, this.#lookedAt + delay * this.#spread);
  }

  #delay(): number | undefined {
    const { place, listening, foreign, unheard } = this.#vigil;
    if (place === undefined) return listening ? HOLDER_POLL_MS : undefined;
    const times = 1 + place;
    const isFront = place < FRONT_WAITERS;
    if (foreign && isFront) return FOREIGN_POLL_MS * times;
    if (this.#bellWatch === undefined) {
      const far = Math.max(1, times / BLIND_FAR_PLACE);
      return Math.min(SLOWEST_BLIND_POLL_MS, BLIND_POLL_MS * times * far);
    }
    if (isFront && unheard) return UNHEARD_POLL_MS * times;
    if (isFront) return POLL_MS * (1 + 2 * place);
    const hasLooked = this.#lookedAt > this.#waitsSince;
    return hasLooked
      ? Math.min(FAR_POLL_MS * times, SLOWEST_POLL_MS)
      : FIRST_POLL_MS;
  }

  #now(): number {
    return this.#options.clock.monotonicMs();
  }
}
