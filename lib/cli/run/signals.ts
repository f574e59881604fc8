/**
 * Signals that reach `run`: while it waits they end the wait, while its child runs
 * they are the child's.
 *
 * Invariants:
 * (1) A signal that `run` gets never ends it before its child.
 * (2) What a terminal sends, it sends to the child, too: that is not sent again.
 * (3) A signal that is ignored when `run` begins, as after `nohup`, is ignored by
 *     `run` and by its child.
 *
 * @module
 */
import {
  ENDING_SIGNALS,
  type EndingSignal,
  SIGNAL_NUMBERS,
  signalExitCode,
} from "../exit_codes.ts";
import { ExitError } from "../failure.ts";

/** What a child cannot miss. */
const CHILD_ONLY_SIGNALS = ["SIGUSR1", "SIGUSR2"] as const;
/** What keys of a terminal send to all processes in front of it. */
const KEY_SIGNALS: readonly Deno.Signal[] = ["SIGINT", "SIGQUIT"];

/**
 * Whether this process is in front of its terminal, where keys reach it and its
 * child alike.
 */
function isForeground(): boolean {
  try {
    return isInFront(Deno.readTextFileSync("/proc/self/stat"));
  } catch {
    return Deno.stdin.isTerminal() || Deno.stderr.isTerminal();
  }
}

/** Whether that is so of a process, by its `/proc/PID/stat`. */
export function isInFront(stat: string): boolean {
  // The name, in parentheses, may itself hold some.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [, , group, , , terminalGroup] = fields;
  return group === terminalGroup;
}

/** Those that this process was told to ignore at its start; none where nobody can tell. */
function ignoredSignals(): ReadonlySet<EndingSignal> {
  try {
    const status = Deno.readTextFileSync("/proc/self/status");
    const mask = BigInt(`0x${/^SigIgn:\s*(\w+)$/m.exec(status)![1]}`);
    const isIgnored = (signal: EndingSignal) =>
      (mask >> BigInt(SIGNAL_NUMBERS[signal] - 1)) % 2n === 1n;
    return new Set(ENDING_SIGNALS.filter(isIgnored));
  } catch {
    return new Set();
  }
}

/** Sends a signal; nobody is to be told that the child has just ended. */
export function sendSignal(
  child: Deno.ChildProcess,
  signal: Deno.Signal,
): void {
  try {
    child.kill(signal);
  } catch {
    // It has ended by itself.
  }
}

/** Takes all signals of this process until it is disposed. */
export class Signals implements Disposable {
  readonly #interruption = new AbortController();
  // Before the first listener: with it, Deno takes up what it had ignored.
  readonly #ignored = ignoredSignals();
  readonly #listeners = new Map<Deno.Signal, () => void>();
  #child: Deno.ChildProcess | undefined;

  constructor() {
    for (const signal of ENDING_SIGNALS) {
      const isIgnored = this.#ignored.has(signal);
      this.#listen(signal, isIgnored ? () => {} : () => this.#end(signal));
    }
    for (const signal of CHILD_ONLY_SIGNALS) {
      this.#listen(signal, () => this.#forward(signal));
    }
  }

  /** Aborts with what ends the process, by a signal while there is no child. */
  get interruption(): AbortSignal {
    return this.#interruption.signal;
  }

  /**
   * The words that start a command so that it ignores what was ignored here.
   *
   * @param heeded the signal that is to reach it all the same
   */
  ignoringIn(
    command: readonly string[],
    heeded: Deno.Signal | undefined,
  ): readonly string[] {
    const names = [...this.#ignored].filter((signal) => signal !== heeded)
      .map((signal) => signal.slice("SIG".length));
    if (names.length === 0) return command;
    const script = `trap "" ${names.join(" ")}; exec "$@"`;
    return ["/bin/sh", "-c", script, "sh", ...command];
  }

  /** From now on signals are this child's. */
  forwardTo(child: Deno.ChildProcess): void {
    this.#child = child;
  }

  /** Leaves signals to their default again. */
  [Symbol.dispose](): void {
    for (const [signal, listener] of this.#listeners) {
      Deno.removeSignalListener(signal, listener);
    }
    this.#listeners.clear();
  }

  #listen(signal: Deno.Signal, listener: () => void): void {
    Deno.addSignalListener(signal, listener);
    this.#listeners.set(signal, listener);
  }

  #end(signal: EndingSignal): void {
    if (this.#child !== undefined) return this.#forward(signal);
    this.#interruption.abort(
      new ExitError(
        `Stopped by ${signal}: nothing was run, and the request is withdrawn`,
        signalExitCode(signal),
      ),
    );
  }

  #forward(signal: Deno.Signal): void {
    if (this.#child === undefined) return;
    if (KEY_SIGNALS.includes(signal) && isForeground()) return;
    sendSignal(this.#child, signal);
  }
}
