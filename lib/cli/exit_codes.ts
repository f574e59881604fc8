/**
 * What the exit code tells, in one place.
 *
 * `run` ends with the code of its command; what stands for itself is chosen as
 * `env`, `timeout` and the shells do, so that scripts need learn nothing new.
 *
 * @module
 */

/** Exit codes by meaning. */
export const EXIT = {
  /** All done. */
  ok: 0,
  /** It could not be done. */
  failure: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The state file is not ours to touch: damaged, another version, no rights. */
  stateFile: 3,
  /** `orphans`: there are some. */
  found: 4,
  /** `why`: could never be granted here (`EX_UNAVAILABLE`). */
  impossible: 69,
  /** `run --no-wait`, `why`: not free now (`EX_TEMPFAIL`). */
  notGranted: 75,
  /** `run --timeout`, `wait --timeout`: gave up waiting. */
  timedOut: 124,
  /** `run` itself failed, not its command. */
  runFailed: 125,
  /** The command of `run` is there but cannot be run. */
  cannotRun: 126,
  /** The command of `run` is not there. */
  notFound: 127,
} as const;

/** Where the codes of processes begin that ended by a signal. */
const SIGNAL_BASE = 128;

/** The signals that end a wait, with their numbers, which are the same everywhere. */
export const SIGNAL_NUMBERS = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGTERM: 15,
} as const;

/** A signal that ends a wait for resources. */
export type EndingSignal = keyof typeof SIGNAL_NUMBERS;

/** All signals that end a wait for resources. */
export const ENDING_SIGNALS = Object.keys(SIGNAL_NUMBERS) as EndingSignal[];

/** The exit code of a process that a signal ended. */
export function signalExitCode(signal: EndingSignal): number {
  return SIGNAL_BASE + SIGNAL_NUMBERS[signal];
}
