/**
 * Finding the dead, and removing what they left: in the state, and beside it.
 *
 * @module
 */
import type { PoolState } from "../core/state.ts";
import { release } from "../core/transitions.ts";
import type { Liveness, Vitality } from "../liveness.ts";
import type { Clock } from "../os/clock.ts";
import type { Store } from "../store/store.ts";
import { sweepLeftovers } from "./sweep.ts";

/** What an undertaker needs. */
export interface UndertakerOptions {
  /** The state file. */
  readonly path: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly liveness: Liveness;
  /** Whose entries live as it is this program's, if it has any. */
  readonly self: () => string | undefined;
}

/** Looks after the dead of a pool, on behalf of one program. */
export class Undertaker {
  readonly #options: UndertakerOptions;

  constructor(options: UndertakerOptions) {
    this.#options = options;
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

  /** Removes entries and leases by id, as those of the dead; whether there were any. */
  async remove(dead: ReadonlySet<string>): Promise<boolean> {
    if (dead.size === 0) return false;
    await this.#options.store.transact((state: PoolState) => {
      for (const id of dead) {
        const entry = state.entry(id);
        if (entry !== undefined) state.removeEntry(entry);
        release(state, id);
      }
    }, { buries: true });
    this.sweep();
    return true;
  }

  /** Removes what is left of owners whose entries are gone. */
  sweep(): void {
    const { path, clock } = this.#options;
    sweepLeftovers(path, clock.wallMs());
  }

  /** Someone closed an owner's file; only death drops its lock. */
  async lookAfter(owner: string): Promise<void> {
    const { store, liveness } = this.#options;
    try {
      const dead = await store.view((state) => liveness.diedWith(owner, state));
      await this.remove(dead);
    } catch {
      // The next look finds the dead one as well.
    }
  }
}

/** The ids that were found dead. */
export function deadOf(verdicts: ReadonlyMap<string, Vitality>): Set<string> {
  const dead = new Set<string>();
  for (const [id, vitality] of verdicts) if (vitality === "dead") dead.add(id);
  return dead;
}
