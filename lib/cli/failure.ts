/**
 * How a command ends that could not do its work: from any error to one line and
 * an exit code.
 *
 * @module
 */
import {
  AcquireTimeoutError,
  CorruptStateError,
  SchemaVersionMismatch,
  StateAccessError,
} from "../../mod.ts";
import { EXIT } from "./exit_codes.ts";
import { visible } from "./text.ts";

/** The command line is wrong. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The command ends with this code; its message, unless empty, is all to be said. */
export class ExitError extends Error {
  override readonly name = "ExitError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** What is said on standard error, and the exit code. */
export interface Failure {
  /** Without an end of line; empty if there is nothing to say. */
  readonly message: string;
  readonly exitCode: number;
}

// deno-lint-ignore no-control-regex
const COLOR_CODES = /\x1b\[[0-9;]*m/g;

/** One line, without colours, controls and a period at its end. */
function oneLine(message: string): string {
  const text = message.replace(COLOR_CODES, "").trim().replace(
    /\s*\n\s*/g,
    " ",
  );
  return visible(text).replace(/\.$/, "");
}

/** What went wrong first, where closing what was open failed as well. */
function firstOf(error: unknown): unknown {
  return error instanceof SuppressedError ? firstOf(error.suppressed) : error;
}

/** The exit code for an error that is not about the command line. */
function exitCodeOf(error: unknown, command: string | undefined): number {
  if (error instanceof ExitError) return error.exitCode;
  if (error instanceof AcquireTimeoutError) return EXIT.timedOut;
  const isStateFile = error instanceof CorruptStateError ||
    error instanceof SchemaVersionMismatch || error instanceof StateAccessError;
  if (isStateFile) return EXIT.stateFile;
  return command === "run" ? EXIT.runFailed : EXIT.failure;
}

/**
 * What to say about an error that ended a command, and the exit code.
 *
 * @param command its name, where there is such a command
 */
export function failureOf(thrown: unknown, command?: string): Failure {
  const error = firstOf(thrown);
  const message = oneLine(
    error instanceof Error ? error.message : String(error),
  );
  if (error instanceof UsageError) {
    const help = `reslock ${command === undefined ? "" : `${command} `}--help`;
    const end = /[?!]$/.test(message) ? "" : ".";
    return { message: `${message}${end} See "${help}"`, exitCode: EXIT.usage };
  }
  const exitCode = exitCodeOf(error, command);
  const isTold = message.includes("reslock doctor");
  return exitCode === EXIT.stateFile && !isTold
    ? { message: `${message}; see "reslock doctor"`, exitCode }
    : { message, exitCode };
}
