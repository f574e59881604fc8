/**
 * Reads options without cliffy, which takes longer to load than a short command runs.
 *
 * Only what needs nobody to explain it is read here: known options, each at most once
 * unless it may be repeated, each value in a word of its own or behind `=`. Everything
 * else is left to cliffy, as are all its answers: help, and what is wrong.
 *
 * @module
 */
import { flagsOf } from "./arguments.ts";

/** An option of a command: its flags as cliffy reads them, what it is for. */
export type OptionSpec = readonly [
  flags: string,
  description: string,
  settings?: { readonly collect: boolean },
];

/** What cliffy would hand to the command's action. */
export type PlainOptions = Record<string, string | boolean | string[]>;

interface KnownOption {
  /** As `--reclaim-signal` is called among the options: `reclaimSignal`. */
  readonly name: string;
  readonly takesValue: boolean;
  readonly repeats: boolean;
}

/** Options by each of their flags. */
function knownOptions(
  specs: readonly OptionSpec[],
): Map<string, KnownOption> {
  const known = new Map<string, KnownOption>();
  for (const [text, , settings] of specs) {
    const flags = flagsOf(text);
    const long = flags.at(-1)!.slice(2);
    const option = {
      name: long.replace(/-(\w)/g, (_, letter) => letter.toUpperCase()),
      takesValue: text.includes("<"),
      repeats: settings?.collect === true,
    };
    for (const flag of flags) known.set(flag, option);
  }
  return known;
}

/**
 * Reads words that are nothing but options.
 *
 * @returns undefined where cliffy has to read them
 */
export function readPlainOptions(
  words: readonly string[],
  specs: readonly OptionSpec[],
): PlainOptions | undefined {
  const known = knownOptions(specs);
  const options: PlainOptions = {};
  for (let index = 0; index < words.length; index++) {
    const [, flag, joined] = /^(--?[\w-]+)(?:=(.*))?$/s.exec(words[index]) ??
      [];
    const option = known.get(flag);
    if (option === undefined) return undefined;
    const { takesValue, repeats } = option;
    if (!takesValue) {
      if (joined !== undefined || !setOnce(options, flagOf(option))) {
        return undefined;
      }
      continue;
    }
    const value = joined ?? words[++index];
    // A value that looks like an option is cliffy's to judge.
    if (value === undefined || value === "" || value.startsWith("-")) {
      return undefined;
    }
    if (repeats) {
      const before = options[option.name] as string[] | undefined;
      options[option.name] = [...before ?? [], value];
    } else if (!setOnce(options, [option.name, value])) {
      return undefined;
    }
  }
  return options;
}

/** What a flag without a value stands for: `--no-wait` is `wait: false`. */
function flagOf({ name }: KnownOption): [name: string, value: boolean] {
  const [, rest] = /^no([A-Z]\w*)$/.exec(name) ?? [];
  return rest === undefined
    ? [name, true]
    : [rest[0].toLowerCase() + rest.slice(1), false];
}

/** False if it was given before. */
function setOnce(
  options: PlainOptions,
  [name, value]: readonly [string, string | boolean],
): boolean {
  if (Object.hasOwn(options, name)) return false;
  options[name] = value;
  return true;
}
