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

/** The programs from the front of the queue that look after everybody. */
export const FRONT_WAITERS = 3;

// A wake costs a program that sleeps half a millisecond of processor time, whatever it
// does: these are times of the first place, and each one behind it waits longer.
/** For what nobody rings: somebody died between a grant and its ring, unheard. */
const POLL_MS = 2000;
/** While somebody's end can be found out only by asking. */
const UNHEARD_POLL_MS = 1000;
/** While a Python client holds or waits: it rings nobody. */
const FOREIGN_POLL_MS = 100;
/** Those behind the front see to it that the front lives. */
const SECOND_POLL_MS = 3000;
const FAR_POLL_MS = 30_000;
const SLOWEST_POLL_MS = 120_000;
/** Where nothing can be watched. */
const BLIND_POLL_MS = 25;
const SLOWEST_BLIND_POLL_MS = 30_000;
/** A holder that may be asked back: a Python client that comes along rings nobody. */
const HOLDER_POLL_MS = 2000;
/** A wait as short as this ends before it pays to set up a watch for deaths. */
const SETTLE_MS = 10;

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
  /** The bell rang, or it is time to look. */
  readonly onWake: (timer: boolean) => void;
  /** An owner's file was closed by its writer. */
  readonly onClosed: (owner: string) => void;
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
  /** Stays once it has fired: where nothing can be watched, once is enough to try. */
  #settleTimer: Timer | undefined;
  #pollTimer: Timer | undefined;
  #pollDelay: number | undefined;
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
    this.#vigil = vigil;
    const waits = vigil.place !== undefined;
    const started = (waits || vigil.listening) && this.#startBell();
    this.#setRef(waits);
    if (!this.#isFront) this.#stopDeathWatch();
    else this.#settleTimer ??= this.#startSettling();
    this.#schedule();
    return started;
  }

  close(): void {
    this.#stopDeathWatch();
    if (this.#pollTimer !== undefined) clearTimeout(this.#pollTimer);
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
    if (this.#pollTimer === undefined) return;
    if (keepsAlive) Deno.refTimer(this.#pollTimer);
    else Deno.unrefTimer(this.#pollTimer);
  }

  #startSettling(): Timer {
    return setTimeout(() => {
      const { owners, owner, onWake, onClosed, onHearing } = this.#options;
      this.#deathWatch = watch(owners, ["access"], (paths) => {
        for (const path of paths) {
          const name = path.slice(path.lastIndexOf("/") + 1);
          if (name !== owner) onClosed(name);
        }
      });
      this.#deathWatch?.setRef(false);
      if (this.#deathWatch !== undefined) onHearing(true);
      // Whoever died before was not heard.
      onWake(true);
    }, SETTLE_MS);
  }

  #stopDeathWatch(): void {
    // The first use of a timer loads a module of the runtime: not for nothing.
    if (this.#settleTimer !== undefined) clearTimeout(this.#settleTimer);
    this.#settleTimer = undefined;
    if (this.#deathWatch === undefined) return;
    this.#options.onHearing(false);
    this.#deathWatch.close();
    this.#deathWatch = undefined;
  }

  #schedule(): void {
    const delay = this.#delay();
    if (delay === this.#pollDelay) return;
    this.#pollDelay = delay;
    if (this.#pollTimer !== undefined) clearTimeout(this.#pollTimer);
    if (delay !== undefined) this.#arm(delay);
  }

  #arm(delay: number): void {
    // Spread out: those who came together must not look together for ever.
    this.#pollTimer = setTimeout(() => {
      this.#arm(delay);
      this.#options.onWake(true);
    }, delay * (0.9 + 0.2 * Math.random()));
    if (this.#vigil.place === undefined) Deno.unrefTimer(this.#pollTimer);
  }

  #delay(): number | undefined {
    const { place, listening, foreign, unheard } = this.#vigil;
    if (place === undefined) return listening ? HOLDER_POLL_MS : undefined;
    const times = 1 + place;
    const isFront = place < FRONT_WAITERS;
    if (foreign && isFront) return FOREIGN_POLL_MS * times;
    if (this.#bellWatch === undefined) {
      return Math.min(SLOWEST_BLIND_POLL_MS, BLIND_POLL_MS * times);
    }
    if (isFront) return (unheard ? UNHEARD_POLL_MS : POLL_MS) * times;
    if (place < 2 * FRONT_WAITERS) return SECOND_POLL_MS;
    const delay = Math.max(FAR_POLL_MS, POLL_MS * times);
    return Math.min(delay, SLOWEST_POLL_MS);
  }
}
