// deno-lint-ignore-file no-import-prefix
/**
 * `@std/testing/time` where JSR cannot be reached: `@sinonjs/fake-timers`.
 *
 * @module
 */
import FakeTimers from "npm:@sinonjs/fake-timers@15.5.0";

/** Stands in for the clock and the timers until it is restored. */
export class FakeTime implements Disposable {
  readonly #clock: FakeTimers.Clock;
  /** When it began, in milliseconds since the epoch. */
  readonly start: number;

  constructor(start?: number | string | Date | null) {
    this.start = start === undefined || start === null
      ? Date.now()
      : new Date(start).getTime();
    this.#clock = FakeTimers.install({
      now: this.start,
      toFake: [
        "Date",
        "setTimeout",
        "clearTimeout",
        "setInterval",
        "clearInterval",
      ],
    });
  }

  get now(): number {
    return this.#clock.now;
  }

  set now(value: number) {
    this.#clock.tick(value - this.#clock.now);
  }

  tick(milliseconds: number = 0): void {
    this.#clock.tick(milliseconds);
  }

  async tickAsync(milliseconds: number = 0): Promise<void> {
    await this.#clock.tickAsync(milliseconds);
  }

  /** Goes to the next timer; false if there is none. */
  next(): boolean {
    const any = this.#clock.countTimers() > 0;
    this.#clock.next();
    return any;
  }

  async nextAsync(): Promise<boolean> {
    const any = this.#clock.countTimers() > 0;
    await this.#clock.nextAsync();
    return any;
  }

  runAll(): void {
    this.#clock.runAll();
  }

  async runAllAsync(): Promise<void> {
    await this.#clock.runAllAsync();
  }

  async runMicrotasks(): Promise<void> {
    await this.#clock.tickAsync(0);
  }

  restore(): void {
    this.#clock.uninstall();
  }

  [Symbol.dispose](): void {
    this.restore();
  }
}
