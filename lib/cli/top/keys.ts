/**
 * What a terminal sends for a key, as the name of the key.
 *
 * @module
 */

const NAMES: Readonly<Record<string, string>> = {
  "\x03": "ctrl-c",
  "\x1a": "ctrl-z",
  "\r": "enter",
  "\n": "enter",
  "\x7f": "backspace",
  "\b": "backspace",
  "\x1b": "escape",
  "\x1b[A": "up",
  "\x1b[B": "down",
  "\x1bOA": "up",
  "\x1bOB": "down",
  "\x1b[5~": "page-up",
  "\x1b[6~": "page-down",
  "\x1b[H": "home",
  "\x1bOH": "home",
  "\x1b[1~": "home",
  "\x1b[7~": "home",
  "\x1b[F": "end",
  "\x1bOF": "end",
  "\x1b[4~": "end",
  "\x1b[8~": "end",
};

/** The key of a sequence: its name, or the sequence itself. */
export function keyOf(sequence: string): string {
  return NAMES[sequence] ?? sequence;
}

/**
 * The keys in what was read so far. On a slow link what one key sends arrives in parts:
 * `rest` is what more of it may follow.
 */
export function keysOf(
  text: string,
): { readonly keys: readonly string[]; readonly rest: string } {
  // deno-lint-ignore no-control-regex
  const rest = /\x1b(?:[[O][0-9;]*)?$/.exec(text)?.[0] ?? "";
  const whole = text.slice(0, text.length - rest.length);
  // deno-lint-ignore no-control-regex
  const sequences = whole.match(/\x1b(?:[[O][0-9;]*[A-Za-z~])?|[^\x1b]/gu);
  return { keys: (sequences ?? []).map(keyOf), rest };
}
