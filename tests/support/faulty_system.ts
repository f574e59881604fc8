/**
 * The calls to the system that a pool makes, of which a chosen one fails: those of one
 * simulated process in this program, told from all others by the context that it runs
 * in. All files of the pool, its owner locks and its bells go through them.
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { unlockAndClose } from "../../lib/os/file.ts";

/**
 * How the chosen call fails: with an error, with an error after half of its bytes, or
 * because the process is killed before it, or after half of its bytes. What lies within
 * one page is written whole all the same: that much the system promises. Or how the
 * wall clock is set before it is looked at.
 */
export type Fault =
  | ("error" | "short write" | "kill" | "kill in a write")
  | ("set back" | "set forward");

/** How far a clock is set. */
const LEAP_MS = 30 * 3_600_000;

/** The error of a call that was chosen. */
export const FAULT_TEXT = "No space left on device (os error 28)";

/** What a process that was killed would see, if it were there to see it. */
export class Killed extends Error {
  override readonly name = "Killed";
}

type Call = (this: unknown, ...args: never[]) => unknown;

/** Calls that may fail. Closing and unlocking cannot; after a kill they do nothing. */
const OF_DENO = [
  ...["openSync", "lstatSync", "statSync", "mkdirSync", "chmodSync"],
  ...["linkSync", "renameSync", "removeSync", "readDirSync", "watchFs"],
] as const;
const OF_FILES = [
  ...["tryLockSync", "statSync", "seekSync", "readSync", "writeSync"],
  "truncateSync",
] as const;
const PAGE_BYTES = 4096;
const WRITE = Deno.FsFile.prototype.writeSync as Call;
const CLOSE = Deno.FsFile.prototype.close as Call;
const SEEK = Deno.FsFile.prototype.seekSync as Call;
const CANNOT_FAIL = ["close", "unlockSync"] as const;

/** Watches over the calls of one simulated process until the end of its scope. */
export class FaultySystem implements Disposable {
  readonly #process = new AsyncLocalStorage<boolean>();
  readonly #restore: (() => void)[] = [];
  readonly #open = new Set<Deno.FsFile>();
  readonly #offsets = new WeakMap<object, number>();
  /** How many calls were made since {@linkcode FaultySystem.arm}. */
  calls = 0;
  /** Which of them were writes. */
  readonly writes = new Set<number>();
  /** How often the wall clock was looked at meanwhile. */
  looks = 0;
  #leapMs = 0;
  /** Called whenever the process has unlocked a file. */
  onUnlock: () => void = () => {};
  #failAt = Infinity;
  #fault: Fault = "error";
  #isKilled = false;
  readonly #killed = Promise.withResolvers<void>();

  constructor() {
    for (const name of OF_DENO) this.#wrap(Deno, name, this.#call);
    const { prototype } = Deno.FsFile;
    for (const name of OF_FILES) this.#wrap(prototype, name, this.#call);
    for (const name of CANNOT_FAIL) {
      this.#wrap(prototype, name, this.#callAtEnd);
    }
    this.#wrap(Date, "now", this.#look);
  }

  /** Does something as the process, with all that comes of it later. */
  run<T>(work: () => T): T {
    return this.#process.run(true, work);
  }

  /** Does something as another process. */
  outside<T>(work: () => T): T {
    // Not `exit`: in Deno it is over at the first await.
    return this.#process.run(false, work);
  }

  /**
   * Counts anew, and lets the n-th call from here on fail, or the n-th look at the clock
   * find another time, as all later ones; none unless said.
   */
  arm(failAt = Infinity, fault: Fault = "error"): void {
    this.calls = 0;
    this.looks = 0;
    this.writes.clear();
    this.#failAt = failAt;
    this.#fault = fault;
  }

  /** No more calls fail. */
  disarm(): void {
    this.#failAt = Infinity;
  }

  /** Whether the process is gone: nothing that it goes on to do has any effect. */
  get isKilled(): boolean {
    return this.#isKilled;
  }

  /** Resolves when the process is killed. */
  get killed(): Promise<void> {
    return this.#killed.promise;
  }

  [Symbol.dispose](): void {
    for (const restore of this.#restore) restore();
  }

  #kill(): never {
    // As the system does: the locks fall, though a child that another test starts at
    // this moment has these files open, too, until it is another program.
    for (const file of [...this.#open]) {
      try {
        unlockAndClose(file);
      } catch {
        // It was closed at the end of its scope.
      }
    }
    this.#isKilled = true;
    this.#killed.resolve();
    throw new Killed();
  }

  readonly #call = (original: Call, self: unknown, args: never[]): unknown => {
    if (this.#isKilled) throw new Killed();
    if (original === WRITE) this.writes.add(this.calls + 1);
    if (original === SEEK) this.#offsets.set(self as object, args[0]);
    if (++this.calls !== this.#failAt || this.#isOfClock) {
      const result = original.apply(self, args);
      if (result instanceof Deno.FsFile) this.#open.add(result);
      return result;
    }
    const fails = this.#fault;
    const arrives = fails === "short write" || fails === "kill in a write";
    if (original === WRITE && arrives) {
      const bytes: Uint8Array = args[0];
      const start = this.#offsets.get(self as object) ?? 0;
      const isInPage = start % PAGE_BYTES + bytes.length <= PAGE_BYTES;
      const length = isInPage ? bytes.length : bytes.length / 2;
      original.call(self, ...[bytes.subarray(0, length)] as never[]);
    }
    if (fails === "error" || fails === "short write") {
      throw new Error(FAULT_TEXT);
    }
    return this.#kill();
  };

  get #isOfClock(): boolean {
    return this.#fault === "set back" || this.#fault === "set forward";
  }

  readonly #look = (original: Call): unknown => {
    if (++this.looks === this.#failAt && this.#isOfClock) {
      this.#leapMs = this.#fault === "set back" ? -LEAP_MS : LEAP_MS;
    }
    return original() as number + this.#leapMs;
  };

  readonly #callAtEnd = (
    original: Call,
    self: unknown,
    args: never[],
  ): unknown => {
    if (this.#isKilled) return;
    if (original === CLOSE) this.#open.delete(self as Deno.FsFile);
    const result = original.apply(self, args);
    if (original !== CLOSE) this.onUnlock();
    return result;
  };

  #wrap(
    place: object,
    name: string,
    call: (original: Call, self: unknown, args: never[]) => unknown,
  ): void {
    const calls = place as Record<string, Call>;
    const original = calls[name];
    const process = this.#process;
    calls[name] = function (...args) {
      return process.getStore() !== true
        ? original.apply(this, args)
        : call(original, this, args);
    };
    this.#restore.push(() => calls[name] = original);
  }
}
