/**
 * How a command that lasts is stopped: by a signal, after which it tidies up and ends
 * with that signal's code.
 *
 * @module
 */
import {
  ENDING_SIGNALS,
  type EndingSignal,
  EXIT,
  signalExitCode,
} from "./exit_codes.ts";

/** Takes the signals that end a process, until it is disposed. */
export class Ending implements Disposable {
  readonly #controller = new AbortController();
  readonly #listeners = new Map<EndingSignal, () => void>();
  /** What the command ends with; 0 unless a signal came. */
  exitCode: number = EXIT.ok;

  constructor() {
    for (const name of ENDING_SIGNALS) {
      const listener = () => {
        this.exitCode = signalExitCode(name);
        this.#controller.abort();
      };
      Deno.addSignalListener(name, listener);
      this.#listeners.set(name, listener);
    }
  }

  /** Aborts when a signal comes. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    for (const [name, listener] of this.#listeners) {
      Deno.removeSignalListener(name, listener);
    }
    this.#listeners.clear();
  }
}
