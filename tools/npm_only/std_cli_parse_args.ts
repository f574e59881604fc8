// deno-lint-ignore-file no-explicit-any no-import-prefix
/**
 * `@std/cli/parse-args` where JSR cannot be reached: `minimist`, from which
 * the original descends. The types of the values are not inferred.
 *
 * @module
 */
import minimist from "npm:minimist@1.2.8";

/** The options that both know. */
export interface ParseOptions {
  "--"?: boolean;
  alias?: Record<string, string | readonly string[]>;
  boolean?: boolean | string | readonly string[];
  default?: Record<string, unknown>;
  stopEarly?: boolean;
  string?: string | readonly string[];
}

export function parseArgs(
  args: readonly string[],
  options: ParseOptions = {},
): any {
  return minimist([...args], options as any);
}
