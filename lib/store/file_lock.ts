/**
 * The lock of the state file as one program takes it: its own calls one after the
 * other, each by trying, and with an end.
 *
 * @module
 */
import { LockTimeoutError } from "../core/errors.ts";
import { type Clock, sleep } from "../os/clock.ts";
import type { Limit } from "./limit.ts";
import type { StateFile } from "./state_file.ts";
import { closedError } from "./store.ts";

/**
 * So long a holder may need that was put off its processor. Beside 32 busy processes,
 * waiting by timers from 0.5 ms on cost a tenth of the grants.
 */
const LOCK_SOON_MS = 3;
/** After that, tries are this far apart at first, and at most. */
const LOCK_DELAY_MS = 1;
const LOCK_DELAY_MAX_MS = 32;

/** One use of the file, from the lock to the unlock. */
export interface Turn {
  readonly exclusive: boolean;
  /** Goes before the others of this program. */
  readonly urgent: boolean;
  /** Until when it is waited for, beside the time of the lock itself. */
  readonly limit?: Limit;
}

/** What a lock of the state file needs. */
export interface FileLockOptions {
  readonly file: StateFile;
  readonly clock: Clock;
  /** Longest wait for the lock of a file that nobody writes, in milliseconds. */
  readonly timeoutMs: number;
  /** Called before the tries of one who has to wait. */
  readonly beforeWait: () => void;
}

/** The lock of one program on one state file. */
export class FileLock {
  readonly #file: StateFile;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #beforeWait: () => void;
  #closed = false;
  #last: Promise<void> = Promise.resolve();
  #waitingTurns = 0;

  constructor(options: FileLockOptions) {
    this.#file = options.file;
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs;
    this.#beforeWait = options.beforeWait;
  }

  /** Without anyone before us the first try is made in this very turn. */
  tryNow(turn: Turn): boolean {
    return (turn.urgent || this.#waitingTurns === 0) && this.#try(turn);
  }

  /**
   * Waits for the turns before this one, and then for the lock.
   *
   * @throws {LockTimeoutError} if others keep the lock
   * @throws what the turn's limit ends with
   */
  async wait(turn: Turn): Promise<void> {
    const before = this.#last;
    const { promise, resolve: done } = Promise.withResolvers<void>();
    this.#last = promise;
    this.#waitingTurns++;
    const since = this.#clock.monotonicMs();
    try {
      if (!turn.urgent) await (turn.limit?.during(before) ?? before);
      this.#beforeWait();
      await this.retake(turn, since);
    } finally {
      this.#waitingTurns--;
      // Who gives up before its turn lets nobody pass those before it.
      void before.then(done);
    }
  }

  /**
   * Takes the lock for a turn that was given it before, or that comes next. Never waits
   * inside the system: a lock that arrives while the program computes would keep
   * everybody out, and the wait could not be called off.
   *
   * Tries come by chance, and where a hundred programs start at once they may fail for
   * seconds. As long as the file is written meanwhile, nobody keeps the lock.
   *
   * @param since since when it is waited for
   */
  async retake(turn: Turn, since: number): Promise<void> {
    let deadline = since + this.#timeoutMs;
    let writtenMs: number | undefined;
    for (let delay = LOCK_DELAY_MS;;) {
      if (this.#try(turn)) return;
      turn.limit?.check();
      const now = this.#clock.monotonicMs();
      const waitedMs = now - since;
      if (now > deadline) {
        const before = writtenMs;
        writtenMs = this.#file.writtenMs();
        if (writtenMs === before) throw this.#timeout(waitedMs);
        deadline = now + this.#timeoutMs;
      }
      if (waitedMs < LOCK_SOON_MS) {
        await this.#file.pause();
      } else {
        writtenMs ??= this.#file.writtenMs();
        const pause = sleep(delay * (0.5 + Math.random()));
        await (turn.limit?.during(pause) ?? pause);
        delay = Math.min(2 * delay, LOCK_DELAY_MAX_MS);
      }
    }
  }

  /** Those who still wait fail. */
  close(): void {
    this.#closed = true;
  }

  #try(turn: Turn): boolean {
    // The file is opened on first use: by nobody who was still on the way.
    if (this.#closed) throw closedError();
    return this.#file.tryLock(turn.exclusive, turn);
  }

  #timeout(waitedMs: number): LockTimeoutError {
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
}
