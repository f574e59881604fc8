// deno-lint-ignore-file no-import-prefix
/**
 * `@std/cli/unicode-width` where JSR cannot be reached: `string-width`.
 *
 * @module
 */
import stringWidth from "npm:string-width@9.0.0";

/** The columns that a text takes on a terminal. */
export function unicodeWidth(text: string): number {
  return stringWidth(text);
}
