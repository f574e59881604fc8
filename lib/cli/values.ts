/**
 * Values of options and arguments: from what was typed to what is meant. Every
 * error names the option, the value, and what to write instead.
 *
 * @module
 */
import { checkLabel, checkName, parseAmount, parseCount } from "../../mod.ts";
import { UsageError } from "./failure.ts";
import { quoted } from "./text.ts";

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
/** The longest time that timers can wait: 24.8 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** The longest time that nobody waits for: a hundred years. */
const MAX_SPAN_MS = 36_500 * MS_PER_UNIT.d;

const SIGNALS = new Set<Deno.Signal>([
  ...["SIGABRT", "SIGALRM", "SIGCONT", "SIGHUP", "SIGINT", "SIGKILL"] as const,
  ...["SIGQUIT", "SIGSTOP", "SIGTERM", "SIGTSTP", "SIGUSR1"] as const,
  ...["SIGUSR2", "SIGWINCH"] as const,
]);

/** The signals that can be named, without the SIG at their beginning. */
export const SIGNAL_NAMES: readonly string[] = [...SIGNALS]
  .map((known) => known.slice(3));

/** The error to throw where a value was refused: one about the command line. */
export function refusal(where: string, error: unknown): unknown {
  const isRefusal = error instanceof RangeError ||
    error instanceof SyntaxError || error instanceof TypeError;
  return isRefusal
    ? new UsageError(`${where}: ${error.message}`, { cause: error })
    : error;
}

function reading<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw refusal(where, error);
  }
}

/** An amount of a resource: a size such as `4G` where its name says so. */
export function readAmount(
  where: string,
  name: string,
  text: string,
  options?: { readonly orZero?: boolean },
): number {
  return reading(where, () => parseAmount(name, text, options));
}

/** A number of pieces. */
export function readCount(where: string, text: string): number {
  return reading(where, () => parseCount(text));
}

/** The name of a resource. */
export function readName(where: string, name: string): string {
  reading(where, () => checkName(name));
  return name;
}

/** The label of a request. */
export function readLabel(where: string, label: string): string {
  reading(where, () => checkLabel(label));
  return label;
}

/** A name and its amount: `gpu_slots=2`. */
export function readNamedAmount(
  where: string,
  text: string,
): [name: string, amount: number] {
  // The last one: a mount may have one in its name, an amount has not.
  const at = text.lastIndexOf("=");
  if (at < 0) {
    throw new UsageError(
      `${where}: Cannot read ${quoted(text)} as it has no amount: ` +
        `write it like gpu_slots=2`,
    );
  }
  const name = readName(where, text.slice(0, at));
  return [name, readAmount(where, name, text.slice(at + 1))];
}

/** A priority: any whole number. */
export function readPriority(where: string, text: string): number {
  const priority = Number(text);
  const isWhole = /^[+-]?\d+$/.test(text);
  if (isWhole && Number.isSafeInteger(priority)) return priority;
  const [reason, advice] = isWhole
    ? [
      `too ${priority < 0 ? "low" : "high"}`,
      `write one from ${Number.MIN_SAFE_INTEGER} to ${Number.MAX_SAFE_INTEGER}`,
    ]
    : ["not a whole number", "write it like 10 or -5"];
  throw new UsageError(
    `${where}: Cannot use the priority ${
      quoted(text)
    } as it is ${reason}: ${advice}`,
  );
}

/** How long something took or will take, where nobody waits for it. */
export function readSpanMs(where: string, text: string): number {
  return readDurationMs(where, text, { maxMs: MAX_SPAN_MS });
}

/** The same in whole seconds, rounded; 1 at least. */
export function readSpanSeconds(where: string, text: string): number {
  return Math.max(1, Math.round(readSpanMs(where, text) / MS_PER_UNIT.s));
}

/**
 * A time to wait for, such as `500ms`, `30s`, `10m` or `2h`; seconds without a unit.
 *
 * @param options.maxMs the longest one; without it, what timers can wait for
 */
export function readDurationMs(
  where: string,
  text: string,
  { orZero = false, maxMs = MAX_TIMER_MS }: {
    readonly orZero?: boolean;
    readonly maxMs?: number;
  } = {},
): number {
  const match = /^(\d{1,15}(?:\.\d{1,9})?)\s*(ms|s|m|h|d)?$/i.exec(text);
  if (match === null) {
    throw new UsageError(
      `${where}: Cannot read the time ${quoted(text)} as it is not a number ` +
        `with a unit: write it like 500ms, 30s, 10m, 2h or 1d`,
    );
  }
  const [, amount, unit = "s"] = match;
  const ms = Math.round(Number(amount) * MS_PER_UNIT[unit.toLowerCase()]);
  if (ms > maxMs || (ms === 0 && !orZero)) {
    const advice = ms === 0
      ? "short: write 1ms or more"
      : `long: write ${Math.trunc(maxMs / MS_PER_UNIT.d)}d or less`;
    throw new UsageError(
      `${where}: Cannot use the time ${quoted(text)} as it is too ${advice}`,
    );
  }
  return ms;
}

/** A signal such as `TERM` or `SIGUSR1`. */
export function readSignal(where: string, text: string): Deno.Signal {
  const name = text.toUpperCase();
  const signal = name.startsWith("SIG") ? name : `SIG${name}`;
  for (const known of SIGNALS) if (known === signal) return known;
  throw new UsageError(
    `${where}: Cannot use the signal ${quoted(text)} as it is unknown: ` +
      `use one of ${SIGNAL_NAMES.join(", ")}`,
  );
}

/** One of a few words. */
export function readWord<T extends string>(
  where: string,
  text: string,
  words: readonly T[],
): T {
  for (const word of words) if (word === text) return word;
  throw new UsageError(
    `${where}: Cannot use ${quoted(text)} as it is unknown: use ` +
      `${words.join(" or ")}`,
  );
}
