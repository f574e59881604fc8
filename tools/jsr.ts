/**
 * Whether the `jsr:` imports of deno.json resolve on this machine, and how
 * Deno is called where they do not: with the npm packages behind the adapters
 * in `npm_only/`.
 *
 * @module
 */

/** The repository's folder. Not by `node:url`: it would take 7 ms to load. */
export const ROOT: string = `${import.meta.dirname}/..`;

/** Said once by whoever then calls Deno with the adapters. */
export const NPM_ONLY_NOTICE =
  "JSR cannot be reached: using the npm packages of tools/npm_only";

const IMPORT_MAP = `${import.meta.dirname}/npm_only/import_map.json`;

/** A module without imports: three small requests, none once it is cached. */
const PROBE = "@std/assert/assertion-error";

/** Deno itself waits for a silent server without limit. */
const PROBE_LIMIT_MS = 1500;

/** How long a failure is remembered; a wrong memory only costs the adapters. */
const MEMORY_MS = 10 * 60_000;
const MEMORY = `${ROOT}/build/jsr_unreachable`;

const ACCEPTS_IMPORT_MAP: ReadonlySet<string | undefined> = new Set([
  ...["bench", "bundle", "check", "compile", "doc", "install"],
  ...["run", "serve", "test"],
]);

/** Whether the `jsr:` imports resolve, at most 1.5 s later. */
export async function jsrResolves(
  options: { ignoreMemory?: boolean } = {},
): Promise<boolean> {
  if (!options.ignoreMemory && remembersFailure()) return false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, PROBE_LIMIT_MS, false);
  });
  // Not a literal, so that Deno resolves it here and not before this runs.
  const probe: Promise<boolean> = import(PROBE).then(() => true, () => false);
  const resolves = await Promise.race([probe, limit]);
  clearTimeout(timer);
  remember(resolves);
  return resolves;
}

/** What to start instead of `deno ARGS...`. */
export interface DenoInvocation {
  args: string[];
  env: Record<string, string>;
}

/** How `deno ARGS...` is called where the `jsr:` imports do not resolve. */
export function npmOnly(args: readonly string[]): DenoInvocation {
  const [subcommand, ...rest] = args;
  if (ACCEPTS_IMPORT_MAP.has(subcommand)) {
    const importMap = `--import-map=${IMPORT_MAP}`;
    return { args: [subcommand, importMap, ...rest], env: {} };
  }
  // The linter takes no import map, but does without what is refused at once.
  const env: Record<string, string> = subcommand === "lint"
    ? { JSR_URL: "http://127.0.0.1:1/" }
    : {};
  return { args: [...args], env };
}

/** Another registry than the remembered one is asked anew. */
function registry(): string {
  return Deno.env.get("JSR_URL") ?? "https://jsr.io/";
}

function remembersFailure(): boolean {
  try {
    const age = Date.now() - (Deno.statSync(MEMORY).mtime?.getTime() ?? 0);
    return age >= 0 && age < MEMORY_MS &&
      Deno.readTextFileSync(MEMORY) === registry();
  } catch {
    return false;
  }
}

function remember(resolves: boolean): void {
  try {
    if (resolves) {
      Deno.removeSync(MEMORY);
    } else {
      Deno.mkdirSync(`${ROOT}/build`, { recursive: true });
      Deno.writeTextFileSync(MEMORY, registry());
    }
  } catch {
    // Nothing was remembered, or this checkout cannot be written to and is
    // asked anew each time.
  }
}
