/**
 * For tests that start Deno programs of this repository.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** The repository's folder, with a slash at its end. */
export const ROOT: string = fileURLToPath(
  new URL("../../", import.meta.url),
);

/**
 * What stands between `Deno.execPath()` and a program, so that the program's
 * imports resolve as those of this test run do.
 */
export function denoRunArgs(
  permissions: readonly string[] = ["-A"],
): string[] {
  const usesAdapters = import.meta.resolve("@std/assert").startsWith("file:");
  return [
    "run",
    "--quiet",
    "--no-prompt",
    ...(usesAdapters
      ? [`--import-map=${ROOT}tools/npm_only/import_map.json`]
      : []),
    ...permissions,
  ];
}

/** What Deno itself needs to find its cache and to trust this network. */
const NEEDED =
  /^(PATH|HOME|XDG_CACHE_HOME|DENO_.*|JSR_URL|NPM_CONFIG_.*|SSL_CERT_.*|.*_PROXY)$/i;

/** An environment for `clearEnv: true`, with nothing of reslock's in it. */
export function plainEnv(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => NEEDED.test(name)),
  );
}

/** Deno's cache, for programs that get another home. */
export function denoCache(): string {
  const given = Deno.env.get("DENO_DIR");
  if (given !== undefined) return given;
  const caches = Deno.env.get("XDG_CACHE_HOME") ??
    `${Deno.env.get("HOME")}/.cache`;
  return `${caches}/deno`;
}
