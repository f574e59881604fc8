/**
 * When a pool looks at the file again: when its bell rings, when an owner dies, and
 * now and then by itself (`rhythm.ts`), as bells and watches may fail.
 *
 * Sleeping costs nothing: a bell is one watched file. Only the first programs of the
 * queue hear of deaths.
 *
 * @module
 */
import { isOwnerName } from "../core/ids.ts";
import { createBell, removeBell, type Watch, watch } from "../os/bell.ts";
import type { Clock } from "../os/clock.ts";
import { isInFront, restMs, type Vigil } from "./rhythm.ts";

/**
 * A wait as short as this ends before it pays to set up a watch for deaths: of a hundred
 * processes that take turns, those in front are there for some ten milliseconds.
 */
const SETTLE_MS = 50;

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
    ...{ foreign: false, unheard: false, offering: false },
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
    const wasFront = isInFront(this.#vigil);
    this.#vigil = vigil;
    const started = (waits || vigil.listening) && this.#startBell();
    this.#setRef(waits);
    if (!isInFront(vigil)) {
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
        // Beside them lie the guards of commands, which tell of no death.
        if (name === owner || !isOwnerName(name)) continue;
        onClosed(name, this.#vigil.place ?? 0);
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
    const rest = restMs(this.#vigil, {
      hears: this.#bellWatch !== undefined,
      hasLooked: this.#lookedAt > this.#waitsSince,
    });
    if (rest === undefined) return this.#settleAt;
    return Math.min(this.#settleAt, this.#lookedAt + rest * this.#spread);
  }

  #now(): number {
    return this.#options.clock.monotonicMs();
  }
}
