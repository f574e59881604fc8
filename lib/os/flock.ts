/**
 * Whether this machine has the `flock` of util-linux, which can become the command that
 * it was given; the one of busybox cannot.
 *
 * @module
 */
import { isGranted, readEnv } from "./permissions.ts";

/** The whole name of `-F`, which stands in every program that knows it. */
const NAME_OF_OPTION = "no-fork";
/** Larger than it ever was, and smaller than what has the commands of many in one. */
const MAX_BYTES = 256 * 1024;

/**
 * Whether `flock -F FILE COMMAND` works.
 *
 * @throws what the system says where there is no process or file left to try it
 */
export async function hasFlock(): Promise<boolean> {
  if (!isGranted({ name: "run", command: "flock" })) return false;
  const path = pathOf("flock");
  return path !== undefined && knowsNoFork(path) || await isTried();
}

/** Where a program is found; undefined where that may not be looked for. */
function pathOf(program: string): string | undefined {
  for (const directory of (readEnv("PATH") ?? "").split(":")) {
    // A relative one is left to the system.
    if (!directory.startsWith("/")) return undefined;
    const path = `${directory}/${program}`;
    if (!isGranted({ name: "read", path })) return undefined;
    try {
      const { isFile, mode } = Deno.statSync(path);
      if (isFile && (mode ?? 0) & 0o111) return path;
    } catch {
      // The next one may have it.
    }
  }
  return undefined;
}

/** Whether a program says so itself: to read it costs less than to start it. */
export function knowsNoFork(path: string): boolean {
  try {
    if (Deno.statSync(path).size > MAX_BYTES) return false;
    const text = new TextDecoder("latin1").decode(Deno.readFileSync(path));
    return text.startsWith("\x7fELF") && text.includes(NAME_OF_OPTION);
  } catch {
    return false;
  }
}

async function isTried(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("flock", {
      args: ["-F", "-s", "/dev/null", "true"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    const cannotBeRun = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotCapable ||
      error instanceof Deno.errors.PermissionDenied;
    if (cannotBeRun) return false;
    throw error;
  }
}
