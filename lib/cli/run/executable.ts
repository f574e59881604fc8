/**
 * Whether a command can be started, found out before anything is asked for: the
 * wait may be long, and what starts it under a guard has exit codes of its own.
 *
 * @module
 */
import { EXIT } from "../exit_codes.ts";
import { ExitError } from "../failure.ts";
import { quoted } from "../text.ts";

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

function find(word: string, searchPath: string): Finding {
  if (word.includes("/")) return look(word);
  let found: Finding = "missing";
  for (const directory of searchPath.split(":")) {
    const finding = look(`${directory || "."}/${word}`);
    if (finding === "runnable") return finding;
    if (finding === "refused") found = finding;
  }
  return found;
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
  const finding = find(word, searchPath);
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
}
