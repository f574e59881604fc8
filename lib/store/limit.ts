/**
 * Until when a call is wanted: it may be called off, and it may take too long.
 *
 * Nothing is watched before the call has to wait, as most never do.
 *
 * @module
 */

/** The longest delay of a timer; a longer wait is as good as an endless one. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** What a limit is made of. */
export interface LimitOptions {
  /** Calls it off. */
  readonly signal?: AbortSignal;
  /** How long it may take, from now on. @default {Infinity} */
  readonly timeoutMs?: number;
  /** What a call ends with that has taken too long. */
  readonly tooLate: (waitedMs: number) => Error;
}

/** The limit of one call, from its beginning to its end. */
export class Limit implements Disposable {
  /** Once it has aborted, the result of the call is no longer wanted. */
  readonly signal: AbortSignal | undefined;
  readonly #timeoutMs: number;
  readonly #tooLate: (waitedMs: number) => Error;
  readonly #since = performance.now();
  #isTooLate = false;
  #over: PromiseWithResolvers<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor({ signal, timeoutMs = Infinity, tooLate }: LimitOptions) {
    this.signal = signal;
    this.#timeoutMs = timeoutMs;
    this.#tooLate = tooLate;
  }

  /** How long it has taken so far. */
  get waitedMs(): number {
    return Math.round(performance.now() - this.#since);
  }

  /** Throws what the call ends with, if it is over. */
  check(): void {
    this.signal?.throwIfAborted();
    if (this.#isTooLate || this.#leftMs <= 0) {
      throw this.#tooLate(this.waitedMs);
    }
  }

  /** Resolves when it is over: from then on {@linkcode Limit.check} throws. */
  get over(): Promise<void> {
    if (this.#over === undefined) this.#watch();
    return this.#over!.promise;
  }

  /** It has taken long enough. */
  end(): void {
    this.#isTooLate = true;
    this.#over?.resolve();
  }

  /** What work comes to; throws if it takes longer than the call may. */
  async during<T>(work: Promise<T>): Promise<T> {
    if (this.signal !== undefined || this.#timeoutMs !== Infinity) {
      const isDone = await Promise.race([work.then(() => true), this.over]);
      if (isDone !== true) this.check();
    }
    return await work;
  }

  [Symbol.dispose](): void {
    if (this.#over === undefined) return;
    this.signal?.removeEventListener("abort", this.#onAbort);
    if (this.#timer !== undefined) clearTimeout(this.#timer);
  }

  readonly #onAbort = () => this.#over?.resolve();

  #watch(): void {
    this.#over = Promise.withResolvers();
    if (this.signal?.aborted || this.#isTooLate) this.#over.resolve();
    this.signal?.addEventListener("abort", this.#onAbort, { once: true });
    const left = Math.max(0, this.#leftMs);
    if (left <= MAX_TIMER_MS) this.#timer = setTimeout(() => this.end(), left);
  }

  get #leftMs(): number {
    if (this.#timeoutMs === Infinity) return Infinity;
    return this.#timeoutMs - (performance.now() - this.#since);
  }
}
