/**
 * Transactions on the pool: lock, read, change, schedule, check, write, unlock, ring.
 *
 * Invariants:
 * (1) From the lock to the unlock there is no await: whoever waits for the lock waits
 *     for microseconds of work, and never for a program that thinks.
 * (2) What is written was scheduled: no waiter is left that the rule would grant.
 * (3) A change that throws, or that cannot be written, leaves the state as it was.
 * (4) Bells are rung after the unlock; rung inside, the woken would run into the lock.
 *
 * @module
 */
import { equalBytes } from "./core/bytes.ts";
import {
  CorruptStateError,
  LockTimeoutError,
  StateAccessError,
} from "./core/errors.ts";
import { parseNativeId } from "./core/ids.ts";
import { Image } from "./core/image.ts";
import type { Cause } from "./core/history.ts";
import { checkChange } from "./core/invariants.ts";
import { plan, type PlanContext } from "./core/scheduler.ts";
import type { Change, PoolState } from "./core/state.ts";
import { settle, type Stamp } from "./core/transitions.ts";
import type { History } from "./history.ts";
import { Ringer } from "./os/bell.ts";
import { type Clock, isoTime, sleep } from "./os/clock.ts";
import type { Sight } from "./outside.ts";
import type { StateFile } from "./state_file.ts";

/** What a transaction did. */
export interface Committed<T> {
  readonly value: T;
  /** The state afterwards, until the next look at the file. */
  readonly state: PoolState;
}

/** The same with what was changed. */
interface Written<T> extends Committed<T> {
  readonly changes: readonly Change[];
}

/**
 * Who keeps watch over the state on behalf of its own entries.
 * Both are called with the state that the transaction or the look was made on.
 */
export interface Observer {
  /** The owner that the ids of its entries begin with. */
  readonly owner: string | undefined;
  /** Before a change: may mend what concerns its own entries. */
  prepare(state: PoolState): void;
  /** After a change or a look: may not change anything. */
  observe(state: PoolState): void;
}

/**
 * Where the pool's state lives. This is the file; another engine needs the same
 * three calls, each atomic.
 */
export interface Store {
  /** Changes the state, schedules, and wakes those whom it concerns. */
  transact<T>(
    change: (state: PoolState) => T,
    options?: TransactOptions,
  ): Promise<Committed<T>>;
  /** Looks at the state. */
  view<T>(read: (state: PoolState) => T): Promise<T>;
  /** What a transaction without a change of its own would do now. */
  preview(): Promise<Preview>;
  /** What this program knows of waiters and leases beyond the state. */
  knowledge(state: PoolState): PlanContext;
  close(): void;
}

/** What is due in a state. */
export interface Preview {
  /** As it was read, until the next look at the file. */
  readonly state: PoolState;
  /** Whether anything would be granted, asked back or let be. */
  readonly isUnsettled: boolean;
  /** Ids of those who fit as far as can be told here, and grant themselves. */
  readonly fitting: readonly string[];
}

/** How a transaction goes about it. */
export interface TransactOptions {
  /** Goes before others of this program, without a pause; for what frees things. */
  readonly urgent?: boolean;
  /** What only the caller could see outside, for the waiter that it stands for. */
  readonly confirming?: { readonly id: string; readonly sight: Sight };
  /** Whether it is an operator's will: the owners of all that is changed are told. */
  readonly robs?: boolean;
  /** Whether it removes what dead processes have left. */
  readonly buries?: boolean;
}

/** One use of the file, from the lock to the unlock. */
interface Turn {
  readonly exclusive: boolean;
  readonly urgent: boolean;
}

/** What a file store needs. */
export interface FileStoreOptions {
  readonly file: StateFile;
  readonly bells: string;
  readonly clock: Clock;
  readonly observer: Observer;
  /** Longest wait for the file lock, in milliseconds. */
  readonly lockTimeoutMs: number;
  /** Where it is noted what ended. */
  readonly history?: History;
}

/**
 * So long a holder may need that was put off its processor. Beside 32 busy processes,
 * waiting by timers from 0.5 ms on cost a tenth of the grants.
 */
const LOCK_SOON_MS = 3;
/** After that, tries are this far apart at first, and at most. */
const LOCK_DELAY_MS = 1;
const LOCK_DELAY_MAX_MS = 32;
const REREAD_FOR_MS = 200;
const REREAD_EVERY_MS = 10;
const REST_MAX_MS = 20;
const BREATHE_EVERY_MS = 20;
const STALLED_AFTER_MS = 2000;
const RECLAIM_CREDIT_MS = 30_000;
/** Python clients try the lock only now and then: the file rests between our turns. */
const POLITE_FOR_MS = 60_000;

/** The store of one program on one state file. */
export class FileStore implements Store {
  readonly #file: StateFile;
  readonly #clock: Clock;
  readonly #observer: Observer;
  readonly #lockTimeoutMs: number;
  readonly #ringer: Ringer;
  readonly #history: History | undefined;
  #image: Image | undefined;
  #closed = false;
  #turn: Promise<void> = Promise.resolve();
  #waitingTurns = 0;
  /** Since when entries fit that only their owners can grant. */
  readonly #fittingSince = new Map<string, number>();
  /** Since when leases are asked back. */
  readonly #reclaimSince = new Map<string, number>();
  /** 0 if never; so are the two below. */
  #foreignSeenAt = 0;
  #lockedAt = 0;
  #restUntil = 0;
  #breatheAt = 0;

  constructor(options: FileStoreOptions) {
    this.#file = options.file;
    this.#clock = options.clock;
    this.#observer = options.observer;
    this.#lockTimeoutMs = options.lockTimeoutMs;
    this.#ringer = new Ringer(options.bells);
    this.#history = options.history;
  }

  async transact<T>(
    change: (state: PoolState) => T,
    options: TransactOptions = {},
  ): Promise<Committed<T>> {
    const { urgent = false } = options;
    if (!urgent && this.#mustBreathe()) await this.#file.pause();
    if (!urgent && this.#restUntil > 0) await this.#rest();
    const turn: Turn = { exclusive: true, urgent };
    if (!this.#tryLockNow(turn)) await this.#lock(turn);
    const rings = new Set<string>();
    let committed: Written<T>;
    try {
      const image = this.#tryRead(turn) ?? await this.#load(turn);
      committed = this.#change(image, change, options, rings);
    } catch (error) {
      // Whatever was changed in memory was not written.
      this.#image = undefined;
      throw error;
    } finally {
      this.#file.unlock(turn);
    }
    if (this.#foreignSeenAt > 0) this.#planRest();
    for (const owner of rings) this.#ringer.ring(owner);
    const { state } = committed;
    this.#history?.note(state, committed.changes, causeOf(options));
    this.#observer.observe(state);
    this.#history?.writeIfDue();
    return committed;
  }

  view<T>(read: (state: PoolState) => T): Promise<T> {
    return this.#look(read);
  }

  preview(): Promise<Preview> {
    return this.#look((state) => {
      const { grants, fitting, reclaims } = plan(
        state,
        this.#context(state, undefined),
      );
      this.#noteFitting(fitting);
      const { ask, withdraw } = reclaims;
      const isUnsettled = grants.length + ask.length + withdraw.length > 0;
      return { state, isUnsettled, fitting };
    });
  }

  knowledge(state: PoolState): PlanContext {
    return this.#context(state, undefined);
  }

  /**
   * Puts another pool in the place of whatever is there, or of these very bytes.
   *
   * @returns whether they were the ones
   */
  async replace(
    bytes: Uint8Array = Image.empty(),
    expected?: Uint8Array,
  ): Promise<boolean> {
    this.#image = undefined;
    const turn: Turn = { exclusive: true, urgent: true };
    await this.#lock(turn);
    try {
      if (expected !== undefined && !equalBytes(this.#file.peek(), expected)) {
        return false;
      }
      this.#file.overwrite(bytes);
      return true;
    } finally {
      this.#file.unlock(turn);
    }
  }

  /** The bytes of the file, whatever they are. */
  async peek(): Promise<Uint8Array> {
    const turn: Turn = { exclusive: false, urgent: false };
    await this.#lock(turn);
    try {
      return this.#file.peek().slice();
    } finally {
      this.#file.unlock(turn);
    }
  }

  close(): void {
    this.#closed = true;
    this.#history?.write();
    this.#file.close();
    this.#ringer.close();
    this.#image = undefined;
  }

  /** Looks at the file; `use` has the state at once, before anyone else can move it on. */
  async #look<T>(use: (state: PoolState) => T): Promise<T> {
    if (this.#mustBreathe()) await this.#file.pause();
    const turn: Turn = { exclusive: false, urgent: false };
    let image: Image;
    try {
      if (!this.#tryLockNow(turn)) await this.#lock(turn);
      image = this.#tryRead(turn) ?? await this.#load(turn);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      image = new Image(Image.empty(), this.#file.path);
    } finally {
      this.#file.unlock(turn);
    }
    this.#observer.observe(image.state);
    const value = use(image.state);
    if (this.#file.isUnfinished) await this.#complete();
    return value;
  }

  /** Completes a write that a kill has cut off, as Python clients cannot read it. */
  async #complete(): Promise<void> {
    try {
      await this.transact(() => {}, { urgent: true });
    } catch (error) {
      // Whoever may only read, or comes too late, has read what it says all the same.
      const isExpected = error instanceof StateAccessError ||
        error instanceof LockTimeoutError;
      if (!isExpected) throw error;
    }
  }

  /** The synchronous part of a transaction, from the read state to the written one. */
  #change<T>(
    image: Image,
    change: (state: PoolState) => T,
    { confirming, robs }: TransactOptions,
    rings: Set<string>,
  ): Written<T> {
    const { state } = image;
    this.#observer.prepare(state);
    const value = change(state);
    const seen = confirming &&
      { id: confirming.id, ...confirming.sight(state) };
    const settlement = settle(
      state,
      this.#context(state, seen),
      new LazyStamp(this.#clock),
    );
    this.#noteFitting(settlement.fitting);
    const { changes } = state;
    const ring = (id: string) => {
      const owner = parseNativeId(id)?.owner;
      // What concerns this program, its observer is told directly.
      if (owner !== undefined && owner !== this.#observer.owner) {
        rings.add(owner);
      }
    };
    if (changes.length > 0) {
      const [violation] = checkChange(state, changes);
      if (violation !== undefined) {
        throw new Error(
          `Cannot write a change that breaks invariant ${violation.invariant} ` +
            `(${violation.message}): please report it, nothing was written`,
        );
      }
      for (const lease of settlement.granted) ring(lease.id);
      for (const lease of settlement.reclaimed) ring(lease.id);
      // Only now: two that look in vain would wake each other for ever.
      for (const id of settlement.confirm) ring(id);
      if (robs) {
        for (const one of changes) {
          if (one.type === "remove") ring(one.record.id);
        }
      }
      this.#file.write(image.commit());
    }
    return { value, state, changes };
  }

  // -------------------------------------------------------------- locking

  /** Without anyone before us the first try is made in this very turn. */
  #tryLockNow(turn: Turn): boolean {
    return (turn.urgent || this.#waitingTurns === 0) &&
      this.#tryLock(turn);
  }

  #tryLock(turn: Turn): boolean {
    // The file is opened on first use: by nobody who was still on the way.
    if (this.#closed) throw closedError();
    return this.#file.tryLock(turn.exclusive, turn);
  }

  async #lock(turn: Turn): Promise<void> {
    const before = this.#turn;
    const { promise, resolve: done } = Promise.withResolvers<void>();
    this.#turn = promise;
    this.#waitingTurns++;
    const since = this.#clock.monotonicMs();
    try {
      if (!turn.urgent) await before;
      this.#readAhead();
      await this.#lockByTrying(turn, since);
    } finally {
      this.#waitingTurns--;
      done();
    }
  }

  /**
   * Never waits inside the system: a lock that arrives while the program computes
   * would keep everybody out, and the wait could not be called off.
   */
  async #lockByTrying(turn: Turn, since: number): Promise<void> {
    for (let delay = LOCK_DELAY_MS;;) {
      if (this.#tryLock(turn)) return;
      const waitedMs = this.#clock.monotonicMs() - since;
      if (waitedMs > this.#lockTimeoutMs) throw this.#lockTimeout(waitedMs);
      if (waitedMs < LOCK_SOON_MS) {
        await this.#file.pause();
      } else {
        await sleep(delay * (0.5 + Math.random()));
        delay = Math.min(2 * delay, LOCK_DELAY_MAX_MS);
      }
    }
  }

  #lockTimeout(waitedMs: number): LockTimeoutError {
    const { path } = this.#file;
    const holder = this.#file.holder();
    const who = holder === undefined ? "others" : `the process ${holder.pid}` +
      (holder.command === undefined ? "" : ` (${holder.command})`);
    const advice = holder === undefined
      ? `see who has it open with "fuser -v ${path}", a stopped program may hold it`
      : holder.isStopped
      ? `it is stopped, continue it with "kill -CONT ${holder.pid}" or end it`
      : `try again, or end that process if it hangs`;
    return new LockTimeoutError(
      `Cannot lock the state file "${path}" as ${who} held it for ` +
        `${Math.round(waitedMs)} ms: ${advice}`,
      { path, waitedMs, pid: holder?.pid },
    );
  }

  /** The program has just come from its event loop: there is no need to let it in. */
  noteTurn(): void {
    this.#breatheAt = this.#clock.monotonicMs() + BREATHE_EVERY_MS;
  }

  /**
   * A loop over calls that need not wait would keep timers, signals and sockets of this
   * program from ever having their turn. Whatever frees something does not wait for
   * them: others wait for it.
   */
  #mustBreathe(): boolean {
    const now = this.#clock.monotonicMs();
    if (now < this.#breatheAt) return false;
    const isFirst = this.#breatheAt === 0;
    this.#breatheAt = now + BREATHE_EVERY_MS;
    return !isFirst;
  }

  /** Waits until the file has rested, where someone needs it to. */
  async #rest(): Promise<void> {
    const left = this.#restUntil - this.#clock.monotonicMs();
    if (left > 0) await sleep(left);
  }

  /**
   * A Python client tries the lock four times a second and gives up after five: the
   * file has to be free at least half of the time, whatever the number of us.
   */
  #planRest(): void {
    const now = this.#clock.monotonicMs();
    if (now - this.#foreignSeenAt > POLITE_FOR_MS || !this.#image) return;
    const heldMs = now - this.#lockedAt;
    const { state } = this.#image;
    const owners = new Set<string | undefined>();
    for (const { id } of state.leases) owners.add(parseNativeId(id)?.owner);
    for (const { id } of state.waiters) owners.add(parseNativeId(id)?.owner);
    const rest = heldMs * 2 * Math.max(1, owners.size);
    // Who was put off the processor with the lock in hand must not rest as long.
    this.#restUntil = now + Math.min(rest, REST_MAX_MS);
  }

  // -------------------------------------------------------------- reading

  /** The image of what the file says now, or undefined if that is not a state. */
  #tryRead(turn: Turn): Image | undefined {
    try {
      return this.#read(turn);
    } catch (error) {
      this.#image = undefined;
      if (error instanceof CorruptStateError) return undefined;
      throw error;
    }
  }

  /**
   * Reads again and again. A Python client makes the file in two steps, and empties it
   * before it writes: with the lock released it can finish.
   */
  async #load(turn: Turn): Promise<Image> {
    const since = this.#clock.monotonicMs();
    for (;;) {
      this.#file.unlock(turn);
      await sleep(REREAD_EVERY_MS);
      await this.#lockByTrying(turn, since);
      const image = this.#tryRead(turn);
      if (image !== undefined) return image;
      if (this.#clock.monotonicMs() - since > REREAD_FOR_MS) {
        return this.#read(turn);
      }
    }
  }

  /**
   * Parses what others have written meanwhile while they have the lock, so that little
   * is left to do with the lock in hand: among many that want it, whoever is put off
   * its processor while it parses keeps all of them waiting. What is read may be torn;
   * with the lock it is compared with the file as anything else.
   */
  #readAhead(): void {
    try {
      const bytes = this.#file.readUnlocked();
      if (bytes === undefined || this.#image?.update(bytes) === true) return;
      this.#image = new Image(bytes, this.#file.path, this.#image);
    } catch {
      this.#image = undefined;
    }
  }

  #read(turn: Turn): Image {
    const bytes = this.#file.read(turn.exclusive);
    // What was read is ours: who only looks need not keep others out any longer.
    if (!turn.exclusive) this.#file.unlock(turn);
    if (this.#image?.update(bytes) !== true) {
      this.#image = new Image(bytes, this.#file.path, this.#image);
    }
    const foreign = this.#hasForeign(this.#image);
    if (foreign || this.#foreignSeenAt > 0) {
      this.#lockedAt = this.#clock.monotonicMs();
      if (foreign) this.#foreignSeenAt = this.#lockedAt;
    }
    return this.#image;
  }

  #hasForeign(image: Image): boolean {
    return image.foreign || image.state.foreignCount > 0;
  }

  // ------------------------------------------------------------- judging

  #context(
    state: PoolState,
    confirming: PlanContext["confirming"],
  ): PlanContext {
    if (this.#fittingSince.size === 0 && state.reclaimable.size === 0) {
      return { stalled: NONE, overdue: NONE, confirming };
    }
    const now = this.#clock.monotonicMs();
    const stalled = new Set<string>();
    for (const [id, since] of this.#fittingSince) {
      if (now - since >= STALLED_AFTER_MS) stalled.add(id);
    }
    for (const id of this.#reclaimSince.keys()) {
      if (state.lease(id)?.reclaim_requested !== true) {
        this.#reclaimSince.delete(id);
      }
    }
    const overdue = new Set<string>();
    for (const { id, reclaim_requested } of state.reclaimable) {
      if (!reclaim_requested) continue;
      const since = this.#reclaimSince.get(id);
      if (since === undefined) this.#reclaimSince.set(id, now);
      else if (now - since >= RECLAIM_CREDIT_MS) overdue.add(id);
    }
    return { stalled, overdue, confirming };
  }

  #noteFitting(ids: readonly string[]): void {
    if (ids.length === 0 && this.#fittingSince.size === 0) return;
    const now = this.#clock.monotonicMs();
    const fitting = new Set(ids);
    for (const id of this.#fittingSince.keys()) {
      if (!fitting.has(id)) this.#fittingSince.delete(id);
    }
    for (const id of ids) {
      if (!this.#fittingSince.has(id)) this.#fittingSince.set(id, now);
    }
  }
}

function causeOf({ robs, buries }: TransactOptions): Cause | undefined {
  return buries ? "death" : robs ? "operator" : undefined;
}

const NONE: ReadonlySet<string> = new Set();

/** What everything ends with that is asked of a pool after its end. */
export function closedError(): DOMException {
  return new DOMException(
    "Cannot use the pool as it was closed: make a new one",
    "AbortError",
  );
}

/** The moment of a change, looked up only if something is granted. */
class LazyStamp implements Stamp {
  readonly #clock: Clock;
  #wallMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get wallMs(): number {
    return this.#wallMs ??= this.#clock.wallMs();
  }

  get isoTime(): string {
    return isoTime(this.wallMs);
  }
}
