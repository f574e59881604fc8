/**
 * Finding the dead, and removing what they left: in the state, and beside it.
 *
 * @module
 */
import { parseNativeId } from "../core/ids.ts";
import type { PoolState, Waiter } from "../core/state.ts";
import { release } from "../core/transitions.ts";
import { wantsAny } from "../core/wants.ts";
import type { Liveness, Vitality } from "../liveness.ts";
import type { Clock } from "../os/clock.ts";
import type { Store } from "../store/store.ts";
import { sweepLeftovers } from "./sweep.ts";

/** Whoever is known to live is asked all the same so often: a watch may fail. */
const TRUST_MS = 300_000;
const SWEEP_LATER_MS = 1000;
/** So long one takes, most often, to remove what a dead one had. */
const TURN_MS = 3;

type Timer = ReturnType<typeof setTimeout>;

/** What an undertaker needs. */
export interface UndertakerOptions {
  /** The state file. */
  readonly path: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly liveness: Liveness;
  /** Whose entries live as it is this program's, if it has any. */
  readonly self: () => string | undefined;
  /** Is told when {@linkcode Undertaker.hasUnheard} may have changed. */
  readonly onUnheard: () => void;
}

/** Looks after the dead of a pool, on behalf of one program. */
export class Undertaker {
  readonly #options: UndertakerOptions;
  /** Owners known to live; undefined while their end would not be heard of. */
  #living: Set<string> | undefined;
  #trustedSince = 0;
  /** A state in which the end of everybody would be heard of. */
  #allHeard: { state: PoolState; revision: number } | undefined;
  #hasUnheard = false;
  #sweepTimer: Timer | undefined;
  /** Before deaths that somebody else may look after. */
  readonly #turns = new Set<Timer>();

  constructor(options: UndertakerOptions) {
    this.#options = options;
  }

  /** Whether this program hears of the end of owners from now on. */
  hearDeaths(hears: boolean): void {
    this.#living = hears ? new Set() : undefined;
    this.#allHeard = undefined;
    this.#trustedSince = this.#options.clock.monotonicMs();
  }

  /**
   * Whether somebody's end would not be heard of, as far as {@linkcode Undertaker.tend}
   * has found out.
   */
  get hasUnheard(): boolean {
    return this.#hasUnheard;
  }

  /**
   * Removes the dead whose end was not heard of; whether there were any. Costs nothing
   * where the end of all would have been.
   */
  async tend(state: PoolState): Promise<boolean> {
    const { liveness, self, clock } = this.#options;
    if (clock.monotonicMs() - this.#trustedSince > TRUST_MS) {
      this.hearDeaths(this.#living !== undefined);
    }
    const living = this.#living;
    const { revision } = state;
    const seen = this.#allHeard;
    if (seen?.state === state && seen.revision === revision) return false;
    const options = { self: self(), patient: true, living };
    const verdicts = await liveness.examine(state, options);
    const isHeard = (id: string) => {
      const owner = parseNativeId(id)?.owner;
      return owner !== undefined &&
        (owner === self() || living?.has(owner) === true);
    };
    const dead = deadOf(verdicts);
    this.#noteUnheard(
      !verdicts.keys().every((id) => dead.has(id) || isHeard(id)),
    );
    this.#allHeard = this.#hasUnheard ? undefined : { state, revision };
    return await this.#removeQuickly(dead);
  }

  /**
   * Removes the dead among those who hold what these ask for, whoever else should have
   * done it by now; whether there were any.
   */
  async tendHolders(
    state: PoolState,
    waiters: readonly Waiter[],
  ): Promise<boolean> {
    const { liveness, self } = this.#options;
    const among = [...state.leases].filter(({ resources }) =>
      waiters.some((waiter) => wantsAny(waiter, resources.keys()))
    );
    const options = { self: self(), patient: true, among };
    const verdicts = await liveness.examine(state, options);
    return await this.#removeQuickly(deadOf(verdicts));
  }

  #noteUnheard(hasUnheard: boolean): void {
    this.#hasUnheard = hasUnheard;
    this.#options.onUnheard();
  }

  /** Removes what dead processes left; whether there was anything. */
  async bury(options: { readonly patient: boolean }): Promise<boolean> {
    const verdicts = await this.examine(options);
    return await this.remove(deadOf(verdicts));
  }

  /** Who lives, by id. */
  async examine(
    { patient }: { readonly patient: boolean },
  ): Promise<Map<string, Vitality>> {
    const { store, liveness, self } = this.#options;
    const state = await store.view((state) => state);
    return await liveness.examine(state, { self: self(), patient });
  }

  /**
   * Removes entries and leases by id, as those of the dead, and their files; whether
   * there were any.
   */
  async remove(dead: ReadonlySet<string>): Promise<boolean> {
    if (dead.size === 0) return false;
    await this.#free(dead);
    await this.#sweepQuietly();
    return true;
  }

  /** The same for those who wait for it: the files can wait. */
  async #removeQuickly(dead: ReadonlySet<string>): Promise<boolean> {
    if (dead.size === 0) return false;
    await this.#free(dead);
    if (this.#sweepTimer === undefined) {
      this.#sweepTimer = setTimeout(
        () => void this.#sweepQuietly(),
        SWEEP_LATER_MS,
      );
      Deno.unrefTimer(this.#sweepTimer);
    }
    return true;
  }

  async #free(dead: ReadonlySet<string>): Promise<void> {
    await this.#options.store.transact((state: PoolState) => {
      for (const id of dead) {
        const entry = state.entry(id);
        if (entry !== undefined) state.removeEntry(entry);
        release(state, id);
      }
    }, { buries: true });
  }

  /** Removes the files of owners whose entries are gone. */
  async sweep(): Promise<void> {
    clearTimeout(this.#sweepTimer);
    this.#sweepTimer = undefined;
    const { path, store, clock } = this.#options;
    await sweepLeftovers(path, store, clock.wallMs());
  }

  /** The next one does it. */
  async #sweepQuietly(): Promise<void> {
    await this.sweep().catch(() => {});
  }

  /** Does now what was to be done later, or not at all. */
  async close(): Promise<void> {
    for (const turn of this.#turns) clearTimeout(turn);
    if (this.#sweepTimer !== undefined) await this.#sweepQuietly();
  }

  /**
   * Looks after an owner whose file was closed, as one of several who hear of it: the
   * first at once, and each of the others when those before should be done.
   */
  lookAfterAt(owner: string, place: number): void {
    this.#living?.delete(owner);
    this.#allHeard = undefined;
    if (place === 0) return void this.lookAfter(owner);
    const timer = setTimeout(() => {
      this.#turns.delete(timer);
      void this.lookAfter(owner);
    }, TURN_MS * place);
    this.#turns.add(timer);
    Deno.unrefTimer(timer);
  }

  /** Someone closed an owner's file; only death drops its lock. */
  async lookAfter(owner: string): Promise<void> {
    const { store, liveness } = this.#options;
    try {
      const dead = await store.view((state) => liveness.diedWith(owner, state));
      if (dead === undefined) return;
      // It may have granted something, and died before it could ring.
      store.ringAgain();
      await this.#removeQuickly(dead);
      const hasLeft = await store.view((state) => standsFor(owner, state));
      // A command goes on, whose end nobody will hear.
      if (hasLeft) this.#noteUnheard(true);
    } catch {
      // The next look finds the dead one as well.
    }
  }
}

/** Whether an owner has any entry or lease. */
function standsFor(owner: string, state: PoolState): boolean {
  const isOwn = ({ id }: { id: string }) => parseNativeId(id)?.owner === owner;
  return state.leases.values().some(isOwn) || state.waiters.some(isOwn);
}

/** The ids that were found dead. */
export function deadOf(verdicts: ReadonlyMap<string, Vitality>): Set<string> {
  const dead = new Set<string>();
  for (const [id, vitality] of verdicts) if (vitality === "dead") dead.add(id);
  return dead;
}
