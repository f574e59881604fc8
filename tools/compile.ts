/**
 * Makes `build/reslock`, the command line as one program for this machine:
 * bundles cli.ts, which halves its start, then compiles the bundle with the
 * permission that it needs. What a command does not need stays in files of its own,
 * which are not loaded.
 *
 * @module
 */
import { jsrResolves, NPM_ONLY_NOTICE, npmOnly, ROOT } from "./jsr.ts";

const BUNDLE_DIRECTORY = "build/bundle";
const BUNDLE = `${BUNDLE_DIRECTORY}/cli.js`;
const PROGRAM = "build/reslock";
/** Nothing less lets it read in /proc, where it sees whose process ids these are. */
export const PERMISSION = "--allow-all";

/** The runtime that `deno compile` downloads has some 40 MB. */
const LIMIT_MS = 5 * 60_000;

async function deno(
  args: readonly string[],
  isNpmOnly: boolean,
): Promise<{ success: boolean; errors: string }> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    ...(isNpmOnly ? npmOnly(args) : { args: [...args] }),
    cwd: ROOT,
    stdout: "inherit",
    signal: AbortSignal.timeout(LIMIT_MS),
  }).output();
  return { success, errors: new TextDecoder().decode(stderr).trim() };
}

/** What to tell of a failed compilation, whose bundle is complete. */
export function compileFailure(errors: string): string {
  const bundle = `deno run -A ${BUNDLE}`;
  return errors.includes("denort")
    ? `Cannot compile ${PROGRAM} as the runtime "denort" could not be ` +
      `downloaded: use the bundle, with ${bundle}`
    : `${errors}\nCannot compile ${PROGRAM}: use the bundle, with ${bundle}`;
}

if (import.meta.main) {
  const isNpmOnly = !await jsrResolves();
  if (isNpmOnly) console.error(NPM_ONLY_NOTICE);
  // Names are not kept, as that costs a call for each function that is made: errors
  // say themselves what they are.
  const bundling = ["bundle", "--quiet", "--minify", "--code-splitting"];
  const bundle = await deno(
    [...bundling, "--outdir", BUNDLE_DIRECTORY, "cli.ts"],
    isNpmOnly,
  );
  if (!bundle.success) {
    console.error(bundle.errors);
    Deno.exit(1);
  }
  const compile = await deno(
    ["compile", "--no-check", "--output", PROGRAM, PERMISSION, BUNDLE],
    false,
  );
  if (!compile.success) console.error(compileFailure(compile.errors));
  Deno.exit(compile.success ? 0 : 1);
}
