/**
 * Whether a command can be started, found out before anything is asked for: the
 * wait may be long, and what starts it under a guard has exit codes of its own.
 *
 * @module
 */
import { EXIT } from "../exit_codes.ts";
import { ExitError } from "../failure.ts";
import { quoted } from "../text.ts";
import { interpreterOf, START_BYTES } from "./interpreter.ts";

type Finding = "runnable" | "refused" | "missing";

/** Where the system looks when `PATH` is not set. */
const DEFAULT_PATH = "/bin:/usr/bin";

function mayExecute({ mode, uid, gid }: Deno.FileInfo): boolean {
  // Windows has no such bits.
  if (mode === null) return true;
  const user = Deno.uid();
  if (user === 0 || user === null) return (mode & 0o111) !== 0;
  if (user === uid) return (mode & 0o100) !== 0;
  // The other groups of this user are not known here: the system decides then.
  return (mode & (Deno.gid() === gid ? 0o010 : 0o011)) !== 0;
}

function look(path: string): Finding {
  try {
    const info = Deno.statSync(path);
    return info.isFile && mayExecute(info) ? "runnable" : "refused";
  } catch (error) {
    // A file in the place of a directory is no less missing.
    const isMissing = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    return isMissing ? "missing" : "refused";
  }
}

/** What there is of a command, and where. */
function find(
  word: string,
  searchPath: string,
): { readonly finding: Finding; readonly path: string } {
  if (word.includes("/")) return { finding: look(word), path: word };
  let finding: Finding = "missing";
  for (const directory of searchPath.split(":")) {
    const path = `${directory || "."}/${word}`;
    const here = look(path);
    if (here === "runnable") return { finding: here, path };
    if (here === "refused") finding = here;
  }
  return { finding, path: "" };
}

/** The first bytes of a file; none if it may be run only, not read. */
function startOf(path: string): Uint8Array {
  const bytes = new Uint8Array(START_BYTES);
  try {
    using file = Deno.openSync(path);
    return bytes.subarray(0, file.readSync(bytes) ?? 0);
  } catch {
    return new Uint8Array();
  }
}

/**
 * Throws what ends `run` if a command cannot be started.
 *
 * @param word the first word of the command
 * @param searchPath where to look for it if it has no slash
 */
export function requireExecutable(
  word: string,
  searchPath: string = Deno.env.get("PATH") ?? DEFAULT_PATH,
): void {
  if (word === "") {
    throw new ExitError(
      "Cannot run an empty command: write its name",
      EXIT.notFound,
    );
  }
  const { finding, path } = find(word, searchPath);
  if (finding === "missing") {
    throw new ExitError(
      `Cannot run ${quoted(word)} as there is no such command: check its ` +
        `name${word.includes("/") ? "" : " and the PATH"}`,
      EXIT.notFound,
    );
  }
  if (finding === "refused") {
    throw new ExitError(
      `Cannot run ${quoted(word)} as it is not an executable file: check its ` +
        `name, or make it one with chmod +x`,
      EXIT.cannotRun,
    );
  }
  const interpreter = interpreterOf(startOf(path));
  if (interpreter !== undefined && look(interpreter) !== "runnable") {
    throw new ExitError(
      `Cannot run ${quoted(word)} as what it is to be run by, ` +
        `${quoted(interpreter)}, is not there: install it, or mend the first ` +
        `line of the file`,
      EXIT.cannotRun,
    );
  }
}
