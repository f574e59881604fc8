/**
 * Waiters that have to look outside: when one of a program's own looks, and what comes
 * of it.
 *
 * Who is refused looks again each second, and ten times as often for a while after a
 * lease on a card has ended: drivers free memory late.
 *
 * @module
 */
import { type Aim, needsLook } from "./core/aim.ts";
import type { PoolState } from "./core/state.ts";
import type { Clock } from "./os/clock.ts";
import { FRESH_MS, type Outside } from "./outside.ts";
import type { Store } from "./store/store.ts";

/** A waiter, with what its owner alone knows of it. */
export interface Looker {
  readonly id: string;
  readonly aim: Aim;
}

/** What a lookout needs. */
export interface LookoutOptions {
  readonly store: Pick<Store, "preview" | "transact">;
  readonly outside: Pick<Outside, "look" | "close">;
  readonly clock: Clock;
  /** Those who wait, of this program. */
  readonly waiting: ReadonlyMap<string, Looker>;
}

const AGAIN_MS = 1000;
const SOON_MS = FRESH_MS;
const SOON_FOR_MS = 3000;

function looks({ aim }: Looker): boolean {
  return needsLook(aim);
}

/** Looks outside for the waiters of one program. */
export class Lookout {
  readonly #store: LookoutOptions["store"];
  readonly #outside: LookoutOptions["outside"];
  readonly #clock: Clock;
  readonly #waiting: ReadonlyMap<string, Looker>;
  /** Those under way, by waiter. */
  readonly #looks = new Map<string, Promise<void>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueAt = 0;
  #round: Promise<void> | undefined;
  #isRoundDue = false;
  #isClosed = false;
  /** Of those who have looked before. */
  readonly #known = new WeakSet<Aim>();
  #leasedMb = 0;
  #soonUntil = 0;

  constructor({ store, outside, clock, waiting }: LookoutOptions) {
    this.#store = store;
    this.#outside = outside;
    this.#clock = clock;
    this.#waiting = waiting;
  }

  /**
   * Looks for one waiter, if nothing but the outside can stand in its way, and takes
   * its lease if there is room.
   */
  async confirm({ id, aim }: Looker): Promise<void> {
    if (!needsLook(aim)) return;
    // Whoever asked for the lease and whoever was rung may come at once.
    let look = this.#looks.get(id);
    if (look === undefined) {
      look = this.#confirm(id, aim).finally(() => this.#looks.delete(id));
      this.#looks.set(id, look);
    }
    await look;
  }

  /** Looks for all who wait, beside whatever else is done: a driver may take long. */
  confirmAll(): void {
    if (this.#isClosed || !this.#waiting.values().some(looks)) return;
    if (this.#round !== undefined) {
      this.#isRoundDue = true;
      return;
    }
    this.#round = this.#goRound().finally(() => {
      this.#round = undefined;
      if (!this.#isRoundDue) return;
      this.#isRoundDue = false;
      this.confirmAll();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    await this.#outside.close();
    await Promise.allSettled([...this.#looks.values(), this.#round]);
  }

  async #goRound(): Promise<void> {
    for (const looker of [...this.#waiting.values()]) {
      try {
        // One that is under way began before whatever this round is made for.
        await this.#looks.get(looker.id);
        await this.confirm(looker);
      } catch {
        // The file may be locked, a disk gone for a while.
        this.#lookLater(AGAIN_MS);
      }
    }
  }

  async #confirm(id: string, aim: Aim): Promise<void> {
    if (!this.#waiting.has(id)) return;
    const { state, fitting } = await this.#store.preview();
    this.#noteLeased(state);
    // Whoever frees what it lacks rings it.
    if (!fitting.includes(id)) return;
    const again = this.#clock.monotonicMs() < this.#soonUntil
      ? SOON_MS
      : AGAIN_MS;
    const isFirst = !this.#known.has(aim);
    this.#known.add(aim);
    const sight = await this.#outside.look(aim, isFirst ? FRESH_MS : again);
    if (!this.#waiting.has(id)) return;
    await this.#store.transact(() => {}, { confirming: { id, sight } });
    if (this.#waiting.has(id)) this.#lookLater(again);
  }

  #noteLeased(state: PoolState): void {
    let leasedMb = 0;
    for (const { key } of state.cards) leasedMb += state.used.get(key) ?? 0;
    if (leasedMb < this.#leasedMb) {
      this.#soonUntil = this.#clock.monotonicMs() + SOON_FOR_MS;
    }
    this.#leasedMb = leasedMb;
  }

  #lookLater(delay: number): void {
    if (this.#isClosed) return;
    const dueAt = this.#clock.monotonicMs() + delay;
    if (this.#timer !== undefined) {
      if (this.#dueAt <= dueAt) return;
      clearTimeout(this.#timer);
    }
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.confirmAll();
    }, delay);
  }
}
