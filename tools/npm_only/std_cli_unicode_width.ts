// deno-lint-ignore-file no-import-prefix
/**
 * `@std/cli/unicode-width` where JSR cannot be reached: `get-east-asian-width`, with
 * what takes no column of its own. A package that knows whole emoji spends longer on
 * its patterns than a command takes to start.
 *
 * @module
 */
import { eastAsianWidth } from "npm:get-east-asian-width@1.7.0";

/** Controls, marks that are put on the character before them, and what is unseen. */
const WITHOUT_WIDTH = /[\p{Cc}\p{Cf}\p{Mn}\p{Me}]/gu;

/** The columns that a text takes on a terminal. */
export function unicodeWidth(text: string): number {
  let width = 0;
  for (const character of text.replace(WITHOUT_WIDTH, "")) {
    width += eastAsianWidth(character.codePointAt(0)!);
  }
  return width;
}
