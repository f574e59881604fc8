/**
 * One program's part in the pool: its owner lock, what it waits for and holds, and how
 * it learns of a grant.
 *
 * A wait goes through these steps: the request is written into the queue, or granted in
 * the same transaction; the bell is made and watched; the file is read again; then
 * the program sleeps until somebody rings. Whoever frees something grants the next in
 * line and rings them, so that a wake finds its lease in the file.
 *
 * @module
 */
import { Claims } from "./claims.ts";
import { AcquireCancelledError } from "./core/errors.ts";
import { nativeId, parseNativeId } from "./core/ids.ts";
import { saysCancelled } from "./core/marks.ts";
import type { DriverReading, SeenCard } from "./core/cards.ts";
import { type EntryRecord, type LeaseRecord, makeEntry } from "./core/model.ts";
import type { Ask, ParsedRequest } from "./core/request.ts";
import { plan } from "./core/scheduler.ts";
import { type PoolState, waiterOf } from "./core/state.ts";
import {
  assertPossible,
  release,
  type Stamp,
  withdraw,
} from "./core/transitions.ts";
import { History } from "./history.ts";
import { Lease, type LeaseHost } from "./lease.ts";
import { Liveness, type Vitality } from "./liveness.ts";
import { type Clock, isoTime, systemClock } from "./os/clock.ts";
import { OwnerLock, ownerPath, probeLock } from "./os/owner_lock.ts";
import {
  directoryOf,
  ensureSharedDirectory,
  type PathRule,
} from "./os/paths.ts";
import { KillProbe } from "./os/process_probe.ts";
import { Lookout } from "./lookout.ts";
import {
  type Aim,
  aimAt,
  mayNeedLook,
  needsLook,
  Outside,
  type Sight,
  type TargetWishes,
} from "./outside.ts";
import { checkPlace } from "./place.ts";
import { sidePath, StateFile } from "./store/state_file.ts";
import { FileStore } from "./store/file_store.ts";
import { closedError, type TransactOptions } from "./store/store.ts";
import { sweepLeftovers } from "./sweep.ts";
import { FRONT_WAITERS, Waker } from "./waker.ts";

/** What a caller may say about a request beside the amounts. */
export interface Wishes extends TargetWishes {
  readonly priority?: number;
  readonly label?: string;
  readonly reclaimable?: boolean;
  readonly estimatedSeconds?: number;
  readonly waitForCapacity?: boolean;
  readonly hold?: boolean;
}

/** A request that is only imagined. */
export interface Foresight {
  readonly askIn: (state: PoolState) => Ask;
  /** Undefined if nothing of it has to be looked for outside. */
  readonly sight: Sight | undefined;
}

/** A request of ours in the queue. */
export interface Waiting {
  readonly id: string;
  readonly aim: Aim;
  /** Settled by the grant, or by {@linkcode Session.close}. */
  readonly granted: Promise<Lease>;
  readonly resolve: (lease: Lease) => void;
  readonly reject: (reason: unknown) => void;
}

/** How a withdrawal found its request. */
export type Withdrawal = Lease | "withdrawn";

/** After a look at the file that failed. */
const RETRY_MS = 1000;

/** What a request makes of a state: its entry, and what it has to look at. */
type Draft = (
  state: PoolState,
) => { readonly entry: EntryRecord; readonly aim: Aim };

const NOTHING_KNOWN = {
  stalled: new Set<string>(),
  overdue: new Set<string>(),
};

/** The part of one program, on one state file. */
export class Session implements LeaseHost {
  readonly claims = new Claims();
  readonly owners: string;
  readonly cores: string;
  readonly store: FileStore;
  readonly warn: (message: string) => void;
  readonly #path: string;
  readonly #bells: string;
  readonly #clock: Clock = systemClock;
  readonly #liveness: Liveness;
  readonly #outside: Outside;
  readonly #lookout: Lookout;
  readonly #waiting = new Map<string, Waiting>();
  readonly #held = new Map<string, Lease>();
  readonly #checkPlace: () => Promise<void>;
  readonly #onExit = () => this.#leaveQuietly();
  readonly #history: History | undefined;
  readonly #watching = new Set<() => void>();
  #owner: OwnerLock | undefined;
  #waker: Waker | undefined;
  #sequence = 0;
  #listening = false;
  #waking: Promise<void> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  /** What comes after the look in progress: nothing, a look, or one after everybody. */
  #next: "none" | "look" | "look after all" = "none";
  #closed = false;
  #closing: Promise<void> | undefined;
  /** Once begun, to be waited for at the end. */
  #placeChecked: Promise<void> | undefined;

  constructor(
    path: string,
    options: {
      readonly lockTimeoutMs: number;
      readonly driverCheck: boolean;
      readonly onWarning: (message: string) => void;
      readonly rule: PathRule;
      readonly history?: boolean;
    },
  ) {
    const said = new Set<string>();
    this.warn = (message) => {
      if (said.has(message)) return;
      said.add(message);
      options.onWarning(message);
    };
    this.#path = path;
    this.#checkPlace = () => checkPlace(directoryOf(path), options);
    this.owners = sidePath(path, "owners");
    if (options.history !== false) {
      this.#history = new History(path, this.#clock);
    }
    this.cores = sidePath(path, "cores");
    this.#bells = sidePath(path, "bells");
    this.store = new FileStore({
      file: new StateFile(path),
      bells: this.#bells,
      clock: this.#clock,
      observer: this.claims,
      lockTimeoutMs: options.lockTimeoutMs,
      history: this.#history,
    });
    this.#liveness = new Liveness({
      owners: this.owners,
      processes: new KillProbe(),
      clock: this.#clock,
      warn: this.warn,
    });
    this.#outside = new Outside({
      notesPath: sidePath(path, "gpus"),
      clock: this.#clock,
      driverCheck: options.driverCheck,
      warn: this.warn,
    });
    this.#lookout = new Lookout({
      store: this.store,
      outside: this.#outside,
      clock: this.#clock,
      waiting: this.#waiting,
    });
    this.claims.onObserved = (state) => this.#keepVigil(state);
    this.claims.onDoubted = () => this.#wakeLater();
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  isoTime(): string {
    return isoTime(this.wallMs());
  }

  /** This moment. */
  stamp(): Stamp {
    const wallMs = this.wallMs();
    return { wallMs, isoTime: isoTime(wallMs) };
  }

  nextId(): string {
    return this.#newId()();
  }

  /** A new id, for an entry whose flags are known only inside of a transaction. */
  #newId(): (flags?: { confirms: boolean; yields: boolean }) => string {
    this.#refuseIfClosed();
    if (this.#owner === undefined) {
      // First, as it is what all users share; the others lie beside the file.
      ensureSharedDirectory(directoryOf(this.owners));
      this.#owner = OwnerLock.create(this.owners);
      this.claims.owner = this.#owner.name;
      globalThis.addEventListener("unload", this.#onExit);
    }
    const { name } = this.#owner;
    const sequence = ++this.#sequence;
    return (flags) => nativeId(name, sequence, flags);
  }

  listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    this.#wake(false);
  }

  // ------------------------------------------------------------- requests

  /** Puts a request into the queue; its place is 0 if it was granted at once. */
  async enqueue(
    parsed: ParsedRequest,
    wishes: Wishes,
  ): Promise<{ readonly waiting: Waiting; readonly position: number }> {
    const draft = this.#draft(parsed, wishes, await this.#seenCards(wishes));
    const { promise, resolve, reject } = Promise.withResolvers<Lease>();
    // Someone may be rejected before anybody awaits it.
    promise.catch(() => {});
    let waiting: Waiting | undefined;
    try {
      const { state } = await this.store.transact((state) => {
        this.#refuseIfClosed();
        const { entry, aim } = draft(state);
        const waiter = waiterOf(entry);
        assertPossible(state, waiter, wishes);
        const added = { id: entry.id, aim, granted: promise, resolve, reject };
        waiting = added;
        this.#waiting.set(entry.id, added);
        this.claims.addWaiting({
          entry,
          granted: (record) => this.#grant(added, record),
          cancelled: () => this.#cancel(added),
        });
        state.addEntry(entry, waiter);
      });
      const { id } = waiting!;
      // Most often it was granted at once: then there is nothing to look for.
      const position = state.entry(id) === undefined
        ? 0
        : state.waiters.findLastIndex((one) => one.id === id) + 1;
      this.claims.markQueued(id);
      // Only now: the request does not wait for the answer, nor share its time.
      this.#placeChecked ??= this.#checkPlace();
      return { waiting: waiting!, position };
    } catch (error) {
      if (waiting !== undefined) this.#forget(waiting.id);
      throw error;
    }
  }

  /** Takes what is asked for if it is free; leaves no trace otherwise. */
  async tryOnce(parsed: ParsedRequest, wishes: Wishes): Promise<Lease | null> {
    const draft = this.#draft(parsed, wishes, await this.#seenCards(wishes));
    const confirming = await this.#lookAhead(parsed, draft);
    let lease: Lease | null = null;
    let added: string | undefined;
    try {
      await this.store.transact((state) => {
        this.#refuseIfClosed();
        const { entry } = draft(state);
        const waiter = waiterOf(entry);
        assertPossible(state, waiter);
        const { id } = entry;
        added = id;
        state.addEntry(entry, waiter);
        const seen = confirming && { id, ...confirming.sight(state) };
        const { grants } = plan(state, { ...NOTHING_KNOWN, confirming: seen });
        if (grants.some(({ waiter }) => waiter.id === id)) {
          this.claims.addWaiting({
            entry,
            granted: (record) => lease = this.#makeLease(record),
            // It never stands in the file as one that waits.
            cancelled: () => {},
          });
        } else {
          state.removeEntry(entry);
        }
      }, { confirming });
    } catch (error) {
      if (added !== undefined) this.#forget(added);
      throw error;
    }
    this.#placeChecked ??= this.#checkPlace();
    return lease;
  }

  /** Looks outside before a request is made, where it has to. */
  async #lookAhead(
    parsed: ParsedRequest,
    draft: Draft,
  ): Promise<TransactOptions["confirming"]> {
    if (!mayNeedLook(parsed)) return;
    const { entry, aim } = await this.store.view(draft);
    if (!needsLook(aim)) return;
    return { id: entry.id, sight: await this.#outside.look(aim) };
  }

  /** What a request would ask for in a state, and what is seen outside of that. */
  async foresee(
    parsed: ParsedRequest,
    wishes: TargetWishes,
  ): Promise<Foresight> {
    const seen = await this.#seenCards(wishes);
    const aimIn = (state: PoolState) =>
      aimAt(parsed, wishes, state, {
        asksDriver: this.#outside.asksDriver,
        seen,
      });
    const { aim } = await this.store.view(aimIn);
    return {
      askIn: (state) => aimIn(state).ask,
      sight: needsLook(aim) ? await this.#outside.look(aim) : undefined,
    };
  }

  /**
   * Asks outside whether there is room, where only this program can tell, and takes
   * the lease if there is.
   */
  confirm(waiting: Waiting): Promise<void> {
    return this.#lookout.confirm(waiting);
  }

  isWaiting({ id }: Waiting): boolean {
    return this.#waiting.has(id);
  }

  /**
   * What the driver tells; undefined where no card is registered, and where it is not
   * asked or does not answer.
   */
  async readDriver(): Promise<DriverReading | undefined> {
    if (!this.#outside.asksDriver) return undefined;
    const hasCards = await this.store.view(({ cards }) => cards.length > 0);
    return hasCards ? await this.#outside.reading() : undefined;
  }

  /**
   * Ends a wait. A lease that was granted meanwhile is released or, where it is wanted
   * all the same, returned.
   */
  async withdraw(
    { id }: Waiting,
    options: { readonly keepGrant: boolean },
  ): Promise<Withdrawal> {
    const granted = this.#held.get(id);
    if (granted !== undefined) {
      if (options.keepGrant) return granted;
      await granted.release();
      return "withdrawn";
    }
    try {
      await this.store.transact((state) => {
        const outcome = withdraw(state, id);
        const lease = state.lease(id);
        const isGrant = lease !== undefined && !saysCancelled(lease);
        if (isGrant && options.keepGrant) return;
        if (outcome === "granted") release(state, id);
        // Gone for good: not to be put back, nor to be taken for a stray.
        this.#waiting.delete(id);
        this.claims.dropWaiting(id);
      }, { urgent: true });
    } catch (error) {
      this.#forget(id);
      throw error;
    }
    return this.#held.get(id) ?? "withdrawn";
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
    const state = await this.store.view((state) => state);
    return await this.#liveness.examine(state, {
      self: this.#owner?.name,
      patient,
    });
  }

  /** Removes entries and leases by id, as those of the dead; whether there were any. */
  async remove(dead: ReadonlySet<string>): Promise<boolean> {
    if (dead.size === 0) return false;
    await this.store.transact((state) => {
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
    sweepLeftovers(this.#path, this.#clock.wallMs());
  }

  /** Gives everything back; after an error it can be tried again. */
  close(): Promise<void> {
    return this.#closing ??= this.#close().catch((error) => {
      this.#closing = undefined;
      throw error;
    });
  }

  /** Calls this when the pool is closed; the result takes it back. */
  onClose(stop: () => void): () => void {
    this.#refuseIfClosed();
    this.#watching.add(stop);
    return () => void this.#watching.delete(stop);
  }

  async #close(): Promise<void> {
    this.#closed = true;
    if (this.#retryTimer !== undefined) clearTimeout(this.#retryTimer);
    for (const stop of this.#watching) stop();
    const ends: Promise<unknown>[] = [];
    for (const waiting of [...this.#waiting.values()]) {
      waiting.reject(closedError());
      ends.push(this.withdraw(waiting, { keepGrant: false }));
    }
    for (const lease of [...this.#held.values()]) ends.push(lease.release());
    const outcomes = await Promise.allSettled(ends);
    await this.#waking;
    await this.#placeChecked;
    await this.#lookout.close();
    this.#waker?.close();
    this.#waker = undefined;
    globalThis.removeEventListener("unload", this.#onExit);
    const failure = outcomes.find(({ status }) => status === "rejected");
    if (failure?.status === "rejected") {
      // What could not be given back is nobody's any more.
      this.#owner?.abandon();
      throw failure.reason;
    }
    this.#owner?.close();
    this.store.close();
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw closedError();
  }

  /** The cards with the numbers and names that a caller may name them by. */
  async #seenCards({ cards }: Wishes): Promise<readonly SeenCard[]> {
    if (cards === undefined || cards.length === 0) return [];
    return (await this.#outside.reading())?.cards ?? [];
  }

  /** How a request is written into a state. */
  #draft(
    parsed: ParsedRequest,
    wishes: Wishes,
    seen: readonly SeenCard[],
  ): Draft {
    const newId = this.#newId();
    const queuedAt = this.isoTime();
    return (state) => {
      const { asksDriver } = this.#outside;
      const { ask, aim } = aimAt(parsed, wishes, state, { asksDriver, seen });
      const entry = makeEntry({
        id: newId({
          confirms: needsLook(aim),
          yields: wishes.hold === false,
        }),
        ...ask,
        pid: Deno.pid,
        // A Python client elsewhere would look for our pid among its own and miss
        // it; the first process lives everywhere.
        host_pid: this.#liveness.isPrivate ? 1 : null,
        reclaimable_intent: wishes.reclaimable ?? false,
        priority: wishes.priority ?? 0,
        label: wishes.label ?? null,
        queued_at: queuedAt,
        estimated_seconds: wishes.estimatedSeconds ?? null,
      });
      return { entry, aim };
    };
  }

  #grant(waiting: Waiting, record: LeaseRecord): void {
    this.#waiting.delete(waiting.id);
    waiting.resolve(this.#makeLease(record));
  }

  /** The one who waits withdraws then, which removes the empty lease. */
  #cancel({ id, reject }: Waiting): void {
    this.#waiting.delete(id);
    reject(
      new AcquireCancelledError(
        `Cannot acquire what was asked for as the request ${id} was cancelled, ` +
          `by "reslock cancel" or cancel() of a pool: ask again if it is still ` +
          `wanted`,
        { requestId: id },
      ),
    );
  }

  #makeLease(record: LeaseRecord): Lease {
    const lease = new Lease(this, record, () => this.#held.delete(record.id));
    this.#held.set(lease.id, lease);
    return lease;
  }

  /** After a write that failed nobody knows what of it is in the file. */
  #forget(id: string): void {
    this.#waiting.delete(id);
    this.claims.dropWaiting(id);
    this.claims.doubt();
  }

  // --------------------------------------------------------------- waking

  /** Called after each look at the file. */
  #keepVigil(state: PoolState): void {
    const waits = this.#waiting.size > 0;
    const listens = this.#listening && this.#held.size > 0;
    if (!waits && !listens && this.#waker === undefined) return;
    if (this.#closed || this.#owner === undefined) return;
    this.#waker ??= new Waker({
      owner: this.#owner.name,
      owners: this.owners,
      bells: this.#bells,
      onWake: (timer) => {
        this.store.noteTurn();
        this.#wake(timer);
      },
      onClosed: (owner) => {
        this.store.noteTurn();
        void this.lookAfter(owner);
      },
    });
    const started = this.#waker.keep({
      place: waits ? this.#place(state) : undefined,
      listening: listens,
      foreign: state.foreignCount > 0,
    });
    const repairs = this.claims.needsRepair && this.#waking === undefined;
    if (started || repairs) this.#wake(false);
  }

  /** How many waiters of our kind stand before the first of this program. */
  #place(state: PoolState): number {
    let place = 0;
    for (const waiter of state.waiters) {
      if (this.#waiting.has(waiter.id)) break;
      if (waiter.native) place++;
    }
    return place;
  }

  /** Looks once more, now or when the look in progress is done. */
  #wake(timer: boolean): void {
    if (this.#closed) return;
    if (this.#waking !== undefined) {
      if (timer) this.#next = "look after all";
      else if (this.#next === "none") this.#next = "look";
      return;
    }
    this.#waking = this.#lookAround(timer)
      .catch(() => this.#wakeLater())
      .finally(() => {
        this.#waking = undefined;
        const next = this.#next;
        this.#next = "none";
        if (next !== "none") this.#wake(next === "look after all");
      });
  }

  /** The file may be locked, full or gone for a while; at once is too soon. */
  #wakeLater(): void {
    this.#next = "none";
    if (this.#closed || this.#retryTimer !== undefined) return;
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      this.#wake(true);
    }, RETRY_MS);
    Deno.unrefTimer(this.#retryTimer);
  }

  async #lookAround(timer: boolean): Promise<void> {
    const onDuty = await this.store.view((state) =>
      timer && this.#isOnDuty(state)
    );
    if (this.claims.needsRepair) await this.store.transact(() => {});
    this.#lookout.confirmAll();
    if (!onDuty || this.#waiting.size === 0) return;
    // What nobody rings for: a dead ringer, a Python client that gave back.
    if (await this.bury({ patient: true })) return;
    if ((await this.store.preview()).isUnsettled) {
      await this.store.transact(() => {});
    }
  }

  /** Whether this program looks after everybody: it is in front, or those are dead. */
  #isOnDuty(state: PoolState): boolean {
    if (this.#place(state) < FRONT_WAITERS) return true;
    const front = state.waiters.filter(({ native }) => native)
      .slice(0, FRONT_WAITERS);
    return front.every(({ id }) => {
      const { owner } = parseNativeId(id)!;
      return probeLock(ownerPath(this.owners, owner)) !== "held";
    });
  }

  /** Someone closed an owner's file; only death drops its lock. */
  async lookAfter(owner: string): Promise<void> {
    try {
      const dead = await this.store.view((state) =>
        this.#liveness.diedWith(owner, state)
      );
      await this.remove(dead);
    } catch {
      // The next look finds the dead one as well.
    }
  }

  /** At the end of a program that did not close the pool. */
  #leaveQuietly(): void {
    this.#history?.write();
    // The file of an owner that holds or waits has to stay: its free lock is the
    // proof that it is dead.
    if (!this.claims.isEmpty) return;
    this.#waker?.close();
    this.#owner?.close();
  }
}

/** The ids that were found dead. */
export function deadOf(verdicts: ReadonlyMap<string, Vitality>): Set<string> {
  const dead = new Set<string>();
  for (const [id, vitality] of verdicts) if (vitality === "dead") dead.add(id);
  return dead;
}
