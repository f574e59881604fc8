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
};

/** The keys in what was read at once: names, or the characters themselves. */
export function keysOf(text: string): string[] {
  // deno-lint-ignore no-control-regex
  const sequences = text.match(/\x1b(?:[[O][0-9;]*[A-Za-z~])?|[^\x1b]/gu) ?? [];
  return sequences.map((sequence) => NAMES[sequence] ?? sequence);
}
