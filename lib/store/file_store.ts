/**
 * Transactions on the pool: lock, read, change, schedule, check, write, unlock, ring.
 *
 * Invariants:
 * (1) From the lock to the unlock there is no await: whoever waits for the lock waits
 *     for microseconds of work, and never for a program that thinks.
 * (2) What is written was scheduled: no waiter is left that the rule would grant.
 * (3) A change that throws, or that cannot be written, leaves the state as it was.
 * (4) Bells are rung after the unlock; rung inside, the woken would run into the lock.
 * (5) No call begins inside of another: what the observer asks for while it is told
 *     has its turn afterwards, so that nobody moves the state on under its hands.
 *
 * @module
 */
import { equalBytes } from "../core/bytes.ts";
import {
  CorruptStateError,
  LockTimeoutError,
  StateAccessError,
} from "../core/errors.ts";
import { parseNativeId } from "../core/ids.ts";
import { Image } from "../core/image.ts";
import type { Cause } from "../core/history.ts";
import { checkChange } from "../core/invariants.ts";
import { momentMs } from "../core/moment.ts";
import { plan, type PlanContext } from "../core/scheduler.ts";
import type { Change, PoolState } from "../core/state.ts";
import { settle, type Stamp } from "../core/transitions.ts";
import type { History } from "../history.ts";
import { Ringer } from "../os/bell.ts";
import { type Clock, isoTime, sleep } from "../os/clock.ts";
import { keepDamaged } from "./damaged.ts";
import { FileLock, type Turn } from "./file_lock.ts";
import { Patience } from "./patience.ts";
import { Pauses } from "./pauses.ts";
import {
  FULL_STATE_BYTES,
  MAX_STATE_BYTES,
  type StateFile,
} from "./state_file.ts";
import { nextInLine, whomToRing } from "./rings.ts";
import type {
  Committed,
  Observer,
  Preview,
  Store,
  TransactOptions,
} from "./store.ts";

/** The same with what was changed, and when. */
interface Written<T> extends Committed<T> {
  readonly changes: readonly Change[];
  readonly stamp: Stamp;
  /** Ids of those who have to be woken. */
  readonly concerned: readonly string[];
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

/** Grants of this age may not have been rung for yet. */
const RECENT_MS = 10_000;
const REREAD_FOR_MS = 200;
const REREAD_EVERY_MS = 10;

/** The store of one program on one state file. */
export class FileStore implements Store {
  readonly #file: StateFile;
  readonly #clock: Clock;
  readonly #observer: Observer;
  readonly #lock: FileLock;
  readonly #pauses: Pauses;
  readonly #patience: Patience;
  readonly #ringer: Ringer;
  readonly #history: History | undefined;
  #image: Image | undefined;
  #isTelling = false;

  constructor(options: FileStoreOptions) {
    this.#file = options.file;
    this.#clock = options.clock;
    this.#observer = options.observer;
    this.#lock = new FileLock({
      file: options.file,
      clock: options.clock,
      timeoutMs: options.lockTimeoutMs,
      beforeWait: () => this.#readAhead(),
    });
    this.#pauses = new Pauses(options.clock);
    this.#patience = new Patience(options.clock);
    this.#ringer = new Ringer(options.bells);
    this.#history = options.history;
  }

  async transact<T>(
    change: (state: PoolState) => T,
    options: TransactOptions = {},
  ): Promise<Committed<T>> {
    const { urgent = false, limit } = options;
    if (this.#isTelling) await undefined;
    if (!urgent && this.#pauses.mustBreathe()) await this.#file.pause();
    if (!urgent && this.#pauses.mayRest) await this.#pauses.rest();
    const turn: Turn = { exclusive: true, urgent, limit };
    if (!this.#lock.tryNow(turn)) await this.#lock.wait(turn);
    let committed: Written<T>;
    try {
      const image = this.#tryRead(turn) ?? await this.#load(turn);
      limit?.signal?.throwIfAborted();
      committed = this.#change(image, change, options);
    } catch (error) {
      // Whatever was changed in memory was not written.
      this.#image = undefined;
      throw error;
    } finally {
      this.#file.unlock(turn);
    }
    const { state, changes, stamp, concerned } = committed;
    this.#pauses.planRest(state);
    this.#ringOthers(concerned);
    this.#history?.note(state, changes, stamp, causeOf(options));
    this.#tell(state);
    this.#history?.writeIfDue();
    return committed;
  }

  view<T>(read: (state: PoolState) => T): Promise<T> {
    return this.#look(read);
  }

  preview(): Promise<Preview> {
    return this.#look((state) => this.foresee(state));
  }

  foresee(state: PoolState): Preview {
    const context = this.#patience.context(state, undefined);
    const { grants, fitting, reclaims } = plan(state, context);
    // Whoever could go on without those that are offered something has to know of it.
    const next = this.#patience.noteFitting(fitting)
      ? nextInLine(state, fitting, context)
      : undefined;
    if (next !== undefined) this.#ringOthers([next]);
    const { ask, withdraw } = reclaims;
    const isUnsettled = grants.length + ask.length + withdraw.length > 0;
    return { state, isUnsettled, fitting };
  }

  ringAgain(): void {
    const since = this.#clock.wallMs() - RECENT_MS;
    for (const { id, acquired_at } of this.#image?.state.leases ?? []) {
      const owner = parseNativeId(id)?.owner;
      if (owner === undefined || owner === this.#observer.owner) continue;
      // A wall clock that was set forward costs a ring that wakes nobody in time.
      if (momentMs(acquired_at) >= since) this.#ringer.ring(owner);
    }
  }

  ringEveryone(): void {
    for (const owner of this.#ringer.owners()) {
      if (owner !== this.#observer.owner) this.#ringer.ring(owner);
    }
  }

  get isOffering(): boolean {
    return this.#patience.isCounting(this.#observer.owner);
  }

  knowledge(state: PoolState): PlanContext {
    return this.#patience.context(state, undefined);
  }

  /**
   * Puts another pool in the place of a damaged one, of which it keeps a copy.
   *
   * @param expected the bytes that are to be replaced; any by default
   * @returns the path of the copy, null where nothing was there to be kept; undefined
   * where there were other bytes, and nothing was done
   * @throws {CorruptStateError} if what is there is no state file
   */
  async replace(
    bytes: Uint8Array,
    expected?: Uint8Array,
  ): Promise<string | null | undefined> {
    this.#image = undefined;
    const turn: Turn = { exclusive: true, urgent: true };
    await this.#lock.wait(turn);
    try {
      if (expected !== undefined && !equalBytes(this.#file.peek(), expected)) {
        return undefined;
      }
      const copyPath = keepDamaged(this.#file.path, this.#clock.wallMs());
      this.#file.overwrite(bytes);
      return copyPath;
    } finally {
      this.#file.unlock(turn);
    }
  }

  /** The bytes of the file, whatever they are. */
  async peek(): Promise<Uint8Array> {
    const turn: Turn = { exclusive: false, urgent: false };
    await this.#lock.wait(turn);
    try {
      return this.#file.peek().slice();
    } finally {
      this.#file.unlock(turn);
    }
  }

  close(): void {
    this.#lock.close();
    this.#history?.write();
    this.#file.close();
    this.#ringer.close();
    this.#image = undefined;
  }

  /** The program has just come from its event loop: there is no need to let it in. */
  noteTurn(): void {
    this.#pauses.noteTurn();
  }

  /** Looks at the file; `use` has the state at once, before anyone else can move it on. */
  async #look<T>(use: (state: PoolState) => T): Promise<T> {
    if (this.#isTelling) await undefined;
    if (this.#pauses.mustBreathe()) await this.#file.pause();
    const turn: Turn = { exclusive: false, urgent: false };
    let image: Image;
    try {
      if (!this.#lock.tryNow(turn)) await this.#lock.wait(turn);
      image = this.#tryRead(turn) ?? await this.#load(turn);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      image = new Image(Image.empty(), this.#file.path);
    } finally {
      this.#file.unlock(turn);
    }
    this.#tell(image.state);
    const value = use(image.state);
    if (this.#file.isUnfinished) await this.#complete();
    return value;
  }

  /** See (5). */
  #tell(state: PoolState): void {
    this.#isTelling = true;
    try {
      this.#observer.observe(state);
    } finally {
      this.#isTelling = false;
    }
  }

  /** Wakes the owners of these; what concerns this program, its observer is told. */
  #ringOthers(ids: readonly string[]): void {
    if (ids.length === 0) return;
    const owners = new Set(ids.map((id) => parseNativeId(id)?.owner));
    for (const owner of owners) {
      if (owner === undefined || owner === this.#observer.owner) continue;
      this.#ringer.ring(owner);
    }
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
    { confirming, robs = false, adds }: TransactOptions,
  ): Written<T> {
    const { state } = image;
    this.#observer.prepare(state);
    const value = change(state);
    const seen = confirming &&
      { id: confirming.id, ...confirming.sight(state) };
    this.#patience.noteFreed(state);
    const context = this.#patience.context(state, seen);
    const stamp = new LazyStamp(this.#clock);
    const settlement = settle(state, context, stamp);
    const isNews = this.#patience.noteFitting(settlement.fitting);
    const { changes } = state;
    const settled = { state, settlement, context, isNews, robs };
    const concerned = whomToRing(settled, () => stamp.wallMs);
    if (changes.length > 0) {
      const [violation] = checkChange(state, changes);
      if (violation !== undefined) {
        throw new Error(
          `Cannot write a change that breaks invariant ${violation.invariant} ` +
            `(${violation.message}): please report it, nothing was written`,
        );
      }
      this.#file.write(
        image.commit(),
        adds ? FULL_STATE_BYTES : MAX_STATE_BYTES,
      );
    }
    return { value, state, changes, stamp, concerned };
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
      await this.#lock.retake(turn, since);
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
    const image = this.#image;
    this.#pauses.noteRead(image.foreign || image.state.foreignCount > 0);
    return image;
  }
}

function causeOf({ robs, buries }: TransactOptions): Cause | undefined {
  return buries ? "death" : robs ? "operator" : undefined;
}

/** The moment of a change, looked up only if something is granted or has ended. */
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
