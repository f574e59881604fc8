/**
 * What is decided about the words of a command line before cliffy reads them:
 * which command is meant, and where the words of a child begin.
 *
 * Invariants:
 * (1) The words of a child are never read as anything of ours, nor changed.
 * (2) An empty value is an error. cliffy takes `--label ""` as if it were not there.
 * (3) A word that is not UTF-8 is an error. Deno gives out `\ufffd` in the place of
 *     such bytes, and a file of that name is another one.
 *
 * @module
 */
import { UsageError } from "./failure.ts";
import { quoted } from "./text.ts";

/** The option that stands before or after the command's name. */
export const STATE_FLAGS = "-s, --state <file:string>";

/** Where the own words of a command line end. */
interface Extent {
  /** How many words are options with their values. */
  readonly end: number;
  /** Whether these are followed by `--`. */
  readonly dashes: boolean;
}

/** The flags of an option as cliffy reads it: `-s` and `--state`. */
export function flagsOf(option: string): string[] {
  return option.match(/(?<![\w-])--?[\w-]+/g) ?? [];
}

/** The flags of options that take a value: `--state` and `-s`. */
function flagsWithValue(options: readonly string[]): Set<string> {
  return new Set(
    options.filter((option) => option.includes("<")).flatMap(flagsOf),
  );
}

/** The flag whose value is the next word, if that is so. */
function awaitsValue(
  word: string,
  valued: ReadonlySet<string>,
): string | undefined {
  if (word.startsWith("--") || word.length === 2) {
    return valued.has(word) ? word : undefined;
  }
  // Of a cluster such as -qp the last may take the next word, if none before it
  // takes the rest of this one.
  const flags = [...word.slice(1)].map((letter) => `-${letter}`);
  const first = flags.findIndex((flag) => valued.has(flag));
  return first >= 0 && first === flags.length - 1 ? flags[first] : undefined;
}

/** Walks over the options at the start of a command line. */
function ownWords(
  args: readonly string[],
  options: readonly string[],
): Extent {
  const valued = flagsWithValue(options);
  let index = 0;
  while (index < args.length) {
    const word = args[index];
    if (word === "--") return { end: index, dashes: true };
    if (!word.startsWith("-") || word === "-") break;
    const flag = awaitsValue(word, valued);
    index++;
    if (flag === undefined) continue;
    if (index >= args.length || args[index] === "--") {
      throw withoutValue(flag);
    }
    index++;
  }
  return { end: index, dashes: false };
}

/** The error of an option whose value is missing. */
export function withoutValue(flag: string): UsageError {
  return new UsageError(`Cannot use ${flag} without a value`);
}

/** Throws for a value that is empty. */
export function refuseEmpty(args: readonly string[]): void {
  for (const [index, word] of args.entries()) {
    const flag = /^(--?[\w-]+)=$/.exec(word)?.[1] ??
      (word === "" ? args[index - 1] ?? "" : undefined);
    if (flag === undefined) continue;
    throw new UsageError(
      flag.startsWith("-")
        ? `Cannot use an empty value for ${flag}: give one, or leave it out`
        : "Cannot use an empty word: give a name, a value or an id",
    );
  }
}

/** The command line of this process as it was given; nothing where nobody tells. */
function givenBytes(): Uint8Array {
  try {
    return Deno.readFileSync("/proc/self/cmdline");
  } catch {
    return new Uint8Array();
  }
}

/**
 * Throws for a word that was not UTF-8 when it was given.
 *
 * @param given the bytes of all words
 */
export function refuseMangled(
  args: readonly string[],
  given: () => Uint8Array = givenBytes,
): void {
  const word = args.find((word) => word.includes("\ufffd"));
  if (word === undefined) return;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(given());
  } catch {
    throw new UsageError(
      `Cannot use the word ${quoted(word)} as it is not UTF-8: let a shell ` +
        `name it, as in reslock run -- sh -c 'cat caf*'`,
    );
  }
}

/** The index of the command's name; -1 if there is none. */
export function commandIndex(args: readonly string[]): number {
  const { end, dashes } = ownWords(args, [STATE_FLAGS]);
  return dashes || end >= args.length ? -1 : end;
}

/**
 * The words after a command's name with `--` in front of the child's, whether or
 * not it was written: what follows it, cliffy leaves as it is.
 */
export function separateChild(
  args: readonly string[],
  options: readonly string[],
): string[] {
  const { end, dashes } = ownWords(args, [STATE_FLAGS, ...options]);
  refuseEmpty(args.slice(0, end));
  return [...args.slice(0, end), "--", ...args.slice(dashes ? end + 1 : end)];
}

/**
 * The arguments of a command: those before and after `--`.
 *
 * @param given what cliffy took for arguments: unknown options are among them
 * @param literal what stood behind `--`
 */
export function operands(
  given: readonly (string | undefined)[],
  literal: readonly string[],
): string[] {
  const words = given.filter((word) => word !== undefined);
  const option = words.find((word) => /^-[^\d.]/.test(word));
  if (option !== undefined) {
    throw new UnknownOptionError(`Unknown option ${quoted(option)}`);
  }
  return [...words, ...literal];
}

/** An option that the command has not; which it has, it cannot tell itself. */
export class UnknownOptionError extends UsageError {}

/** An option as a help shows it. */
export interface ShownOption {
  /** Such as `-l` and `--label`. */
  readonly flags: readonly string[];
  readonly takesValue: boolean;
}

/** The options at the beginnings of lines of a help. */
export function optionsIn(help: string): ShownOption[] {
  return help.split("\n").flatMap((line) => {
    const [, short, long, value] =
      /^\s+(?:(-\w), +)?(--[a-z][\w-]*)(\s+<)?/.exec(line) ?? [];
    if (long === undefined) return [];
    return [{
      flags: short === undefined ? [long] : [short, long],
      takesValue: value !== undefined,
    }];
  });
}

/** Their flags: `-s` and `--state`. */
export function flagsIn(help: string): string[] {
  return optionsIn(help).flatMap(({ flags }) => flags);
}

/**
 * Throws for the first option that is not among the flags, with the one that was
 * probably meant.
 */
export function refuseUnknownOption(
  words: readonly string[],
  flags: readonly string[],
): void {
  const end = words.indexOf("--");
  const own = end < 0 ? words : words.slice(0, end);
  const options = own.filter((word) => /^-[^\d.]/.test(word))
    .map((word) => word.split("=", 1)[0]);
  const unknown = options.find((option) =>
    !flags.includes(option) &&
    // One of several letters in one word.
    (option.startsWith("--") || !flags.includes(option.slice(0, 2)))
  );
  if (unknown === undefined) return;
  // Any letter is near to any other.
  const meant = unknown.length === 2
    ? undefined
    : closest(unknown, flags.filter((flag) => flag.startsWith("--")));
  throw new UnknownOptionError(
    `Unknown option ${quoted(unknown)}` +
      (meant === undefined ? "" : `: did you mean "${meant}"?`),
  );
}

/** How many single changes make one word of the other; a swap of neighbours is one. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] &&
        a[i - 2] === b[j - 1];
      const swapped = isSwap ? before[j - 2] + 1 : Infinity;
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, replaced, swapped));
    }
    [before, row] = [row, next];
  }
  return row[b.length];
}

/** The word that was probably meant, if one is near enough. */
export function closest(
  word: string,
  known: readonly string[],
): string | undefined {
  if (word.length > 40) return undefined;
  const near = known
    .map((name) => ({ name, steps: distance(word, name) }))
    .filter(({ name, steps }) => steps <= Math.max(1, name.length / 3))
    .sort((a, b) => a.steps - b.steps);
  return near[0]?.name;
}
