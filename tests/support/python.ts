/**
 * The Python package for tests: from PyPI into a virtual environment under `build/`,
 * made once and kept.
 *
 * @module
 */
import { ROOT } from "./deno.ts";

/** The version that shares the file format with this package. */
export const PYTHON_RESLOCK = "0.12.3";

const ENVIRONMENT = `${ROOT}build/python_reslock_${PYTHON_RESLOCK}`;
/** There once everything is installed. */
const COMPLETE = `${ENVIRONMENT}/complete`;
/** Says why it could not be made; test files that come soon after need not try. */
const FAILED = `${ENVIRONMENT}.failed`;
const FAILED_FOR_MS = 10 * 60_000;
const STEP_LIMIT_MS = 150_000;

/** An interpreter that has the package, or why there is none. */
export type Python =
  | { readonly executable: string }
  | { readonly missing: string };

/** Finds the interpreter, or makes its environment. */
export async function findPython(): Promise<Python> {
  await Deno.mkdir(`${ROOT}build`, { recursive: true });
  using lock = await Deno.open(`${ENVIRONMENT}.lock`, {
    write: true,
    create: true,
  });
  // Another run of the tests may be making it.
  await lock.lock(true);
  const executable = `${ENVIRONMENT}/bin/python`;
  if (await isThere(COMPLETE) && await isThere(executable)) {
    return { executable };
  }
  const missing = await recentFailure() ?? await make(executable);
  return missing === undefined ? { executable } : { missing };
}

/** Why it could not be made; undefined when it was. */
async function make(executable: string): Promise<string | undefined> {
  const failure =
    await run("python3", ["-m", "venv", "--clear", ENVIRONMENT]) ??
      await run(executable, [
        ...["-m", "pip", "install", "--quiet", "--no-input"],
        ...["--retries", "1", `reslock==${PYTHON_RESLOCK}`],
      ]);
  await Deno.writeTextFile(
    failure === undefined ? COMPLETE : FAILED,
    failure ?? "",
  );
  return failure;
}

async function recentFailure(): Promise<string | undefined> {
  try {
    const { mtime } = await Deno.stat(FAILED);
    if (Date.now() - mtime!.getTime() > FAILED_FOR_MS) return undefined;
    return await Deno.readTextFile(FAILED);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    // Follows links: the interpreter that it was made with may be gone.
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** What went wrong, in a line; undefined when nothing did. */
async function run(
  program: string,
  args: readonly string[],
): Promise<string | undefined> {
  try {
    const { success, code, stdout, stderr } = await new Deno.Command(program, {
      args: [...args],
      signal: AbortSignal.timeout(STEP_LIMIT_MS),
    }).output();
    if (success) return undefined;
    const decoder = new TextDecoder();
    const lines = (decoder.decode(stdout) + decoder.decode(stderr)).trim();
    const last = lines.split("\n").at(-1)!.replace(/^ERROR: /, "");
    return last || `${program} ended with ${code}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return `there is no ${program}`;
    throw error;
  }
}
