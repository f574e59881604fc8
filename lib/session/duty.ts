/**
 * What a program does while it waits or holds: it looks at the file when it is woken,
 * tries again what failed, and looks after everybody while it stands in front.
 *
 * @module
 */
import { parseNativeId } from "../core/ids.ts";
import type { PoolState, Waiter } from "../core/state.ts";
import type { Claims } from "../lease/claims.ts";
import type { Lookout } from "../lookout.ts";
import { ownerPath, probeLock } from "../os/owner_lock.ts";
import type { Clock } from "../os/clock.ts";
import type { FileStore } from "../store/file_store.ts";
import { FRONT_WAITERS, type Preview } from "../store/store.ts";
import type { Vigil } from "./rhythm.ts";
import type { Undertaker } from "./undertaker.ts";
import { Waker } from "./waker.ts";

/** After a look at the file that failed. */
const RETRY_MS = 1000;

/** What the duty needs to know of its program. */
export interface DutyOptions {
  readonly store: FileStore;
  readonly claims: Claims;
  readonly lookout: Lookout;
  readonly undertaker: Undertaker;
  readonly clock: Clock;
  /** Where owner files are. */
  readonly owners: string;
  readonly bells: string;
  /** The requests and leases of this program, by id. */
  readonly waiting: ReadonlyMap<string, unknown>;
  readonly held: ReadonlyMap<string, unknown>;
}

/** The looks of one program at its pool. */
export class Duty {
  readonly #options: DutyOptions;
  #waker: Waker | undefined;
  #vigil: Vigil | undefined;
  #listening = false;
  #waking: Promise<void> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  /** What comes after the look in progress: nothing, a look, or one after everybody. */
  #next: "none" | "look" | "look after all" = "none";
  #stopped = false;

  constructor(options: DutyOptions) {
    this.#options = options;
  }

  /** From now on a holder wants to hear at once of reclaims and losses. */
  listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    this.#wake(false);
  }

  /** Called after each look at the file. */
  keepVigil(state: PoolState): void {
    const { claims, waiting, held } = this.#options;
    const waits = waiting.size > 0;
    const listens = this.#listening && held.size > 0;
    if (!waits && !listens && this.#waker === undefined) return;
    if (this.#stopped || claims.owner === undefined) return;
    this.#waker ??= this.#makeWaker(claims.owner);
    this.#vigil = {
      place: waits ? this.#place(state) : undefined,
      listening: listens,
      foreign: state.foreignCount > 0,
      unheard: this.#options.undertaker.hasUnheard,
      offering: this.#options.store.isOffering,
    };
    const started = this.#waker.keep(this.#vigil);
    const repairs = claims.needsRepair && this.#waking === undefined;
    if (started || repairs) this.#wake(repairs);
  }

  /** Who gave up waits no more, even if the file cannot be looked at. */
  letEnd(): void {
    if (this.#options.waiting.size === 0) this.#waker?.letEnd();
  }

  /** Somebody's end would not be heard of, or everybody's would again. */
  noteUnheard(): void {
    if (this.#stopped || this.#vigil === undefined) return;
    const unheard = this.#options.undertaker.hasUnheard;
    this.#vigil = { ...this.#vigil, unheard };
    this.#waker?.keep(this.#vigil);
  }

  /** The file may be locked, full or gone for a while; at once is too soon. */
  wakeLater(): void {
    this.#next = "none";
    if (this.#stopped || this.#retryTimer !== undefined) return;
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      this.#wake(true);
    }, RETRY_MS);
    Deno.unrefTimer(this.#retryTimer);
  }

  /** No look is begun any more. */
  stop(): void {
    this.#stopped = true;
    if (this.#retryTimer !== undefined) clearTimeout(this.#retryTimer);
  }

  /** The look in progress has ended. */
  async finish(): Promise<void> {
    await this.#waking;
  }

  /** Puts the bell away. */
  close(): void {
    this.#waker?.close();
    this.#waker = undefined;
  }

  #makeWaker(owner: string): Waker {
    const { store, undertaker, owners, bells, clock } = this.#options;
    return new Waker({
      ...{ owner, owners, bells, clock },
      onWake: (timer) => {
        store.noteTurn();
        this.#wake(timer);
      },
      onClosed: (owner, place) => {
        store.noteTurn();
        undertaker.lookAfterAt(owner, place);
      },
      onHearing: (hears) => undertaker.hearDeaths(hears),
    });
  }

  /**
   * How many programs of our kind wait before this one; behind the front every one of
   * their requests counts, as nobody needs to know that exactly.
   */
  #place(state: PoolState): number {
    const front = new Set<string>();
    let behind = 0;
    for (const { id, native } of state.waiters) {
      if (this.#options.waiting.has(id)) break;
      if (!native) continue;
      if (front.size < FRONT_WAITERS) front.add(parseNativeId(id)!.owner);
      else behind++;
    }
    return front.size + behind;
  }

  /** Looks once more, now or when the look in progress is done. */
  #wake(timer: boolean): void {
    if (this.#stopped) return;
    if (this.#waking !== undefined) {
      if (timer) this.#next = "look after all";
      else if (this.#next === "none") this.#next = "look";
      return;
    }
    this.#waking = this.#lookAround(timer)
      .catch(() => this.wakeLater())
      .finally(() => {
        this.#waking = undefined;
        const next = this.#next;
        this.#next = "none";
        if (next !== "none") this.#wake(next === "look after all");
      });
  }

  async #lookAround(timer: boolean): Promise<void> {
    const { store, claims, lookout, undertaker, waiting } = this.#options;
    const due = await store.view((state) =>
      waiting.size > 0 ? this.#foresee(state) : undefined
    );
    if (claims.needsRepair) {
      await store.transact(() => {});
      // Those who wait behind look seldom. Whoever was rung for it rings nobody.
      if (timer) store.ringEveryone();
    }
    lookout.confirmAll();
    if (!timer || due === undefined || waiting.size === 0) return;
    // What nobody rings for: a dead ringer, a Python client that gave back. Those in
    // front may be stopped, and see nobody die.
    const { state } = due;
    const buried = this.#isOnDuty(state)
      ? await undertaker.tend(state)
      : await undertaker.tendHolders(state, this.#own(state));
    if (due.isUnsettled && !buried) await store.transact(() => {});
  }

  /** What is due, and whether that has to be looked at again soon. */
  #foresee(state: PoolState): Preview {
    const due = this.#options.store.foresee(state);
    this.keepVigil(state);
    return due;
  }

  /** The requests of this program. */
  #own({ waiters }: PoolState): readonly Waiter[] {
    return waiters.filter(({ id }) => this.#options.waiting.has(id));
  }

  /** Whether this program looks after everybody: it is in front, or those are dead. */
  #isOnDuty(state: PoolState): boolean {
    if (this.#place(state) < FRONT_WAITERS) return true;
    const front = new Set<string>();
    for (const { id, native } of state.waiters) {
      if (front.size === FRONT_WAITERS) break;
      if (native) front.add(parseNativeId(id)!.owner);
    }
    const { owners } = this.#options;
    return front.values().every((owner) =>
      probeLock(ownerPath(owners, owner)) !== "held"
    );
  }
}
