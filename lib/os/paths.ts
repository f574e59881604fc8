/**
 * Where the state file is, and bringing it into being.
 *
 * Everybody on the machine must come to the same file: two pools hand out the same
 * memory twice. So a directory that is there but cannot be used is an error with
 * its name in it, and never a reason to look for another.
 *
 * @module
 */
import { Image } from "../core/image.ts";
import { StateAccessError } from "../core/errors.ts";
import { isGranted, readEnv } from "./permissions.ts";

/** The directory of the pool that a whole machine shares, where it exists. */
export const SYSTEM_DIRECTORY = "/var/lib/reslock";
/** What a state file is called where only its directory is named. */
export const STATE_FILE_NAME = "state.json";

/** Everyone may add files, nobody may remove another's, as in `/tmp`. */
export const SHARED_DIRECTORY_MODE = 0o1777;
/** Everyone may read and write, whatever the umask. */
export const SHARED_FILE_MODE = 0o666;

const SYMBOLS = "0123456789abcdefghijklmnopqrstuvwxyz";

/** A name that nobody else has: 10 characters, 51 bits. */
export function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  // 256 is no multiple of 36: the first characters come a little more often,
  // which costs a fraction of a bit and no more.
  return Array.from(bytes, (byte) => SYMBOLS[byte % SYMBOLS.length]).join("");
}

/** The directory that a path is in. */
export function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : path.slice(0, slash) || "/";
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Where the copy of the capacities is: `capacities.json` beside a `state.json`. */
export function capacitiesPath(statePath: string): string {
  const directory = directoryOf(statePath);
  const name = baseName(statePath);
  // Pools of other names in one directory have to keep out of each other's way.
  const prefix = name === STATE_FILE_NAME ? "" : `${name}.`;
  return `${directory === "/" ? "" : directory}/${prefix}capacities.json`;
}

/** Whether what has this name beside a state file is of its pool. */
export function isOfPool(statePath: string, name: string): boolean {
  const state = baseName(statePath);
  return name === state || name.startsWith(`${state}.`) ||
    name === baseName(capacitiesPath(statePath));
}

/** By which rule a state file was chosen, strongest first. */
export type PathRule = "path" | "RESLOCK_DIR" | "system" | "home";

/** A state file, and why it is this one. */
export interface ChosenPath {
  readonly path: string;
  readonly rule: PathRule;
}

/**
 * The state file that is meant: the one that is given, else one in `RESLOCK_DIR`, in
 * `/var/lib/reslock` where that directory exists, or in `~/.reslock`.
 *
 * @param system the directory of the machine's own pool; tests have another one
 * @throws {StateAccessError} if no home directory is known
 */
export function choosePath(
  given: string | undefined,
  system: string = SYSTEM_DIRECTORY,
): ChosenPath {
  if (given !== undefined) return { path: fromRoot(given), rule: "path" };
  const named = readEnv("RESLOCK_DIR");
  if (named) {
    return {
      path: fromRoot(`${named}/${STATE_FILE_NAME}`),
      rule: "RESLOCK_DIR",
    };
  }
  if (directoryExists(system)) {
    return { path: `${system}/${STATE_FILE_NAME}`, rule: "system" };
  }
  const home = readEnv("HOME");
  if (home) {
    return { path: `${home}/.reslock/${STATE_FILE_NAME}`, rule: "home" };
  }
  throw new StateAccessError(
    'Cannot choose a state file as "HOME" is not set or may not be read: ' +
      'set "RESLOCK_DIR", name a path, or allow it with --allow-env=HOME,RESLOCK_DIR',
    { path: "" },
  );
}

/**
 * The path from the root: a program may change its directory, and its side files are
 * opened later than its pool. Unchanged where that directory may not be known.
 */
function fromRoot(path: string): string {
  if (path.startsWith("/") || path === "") return path;
  if (!isGranted({ name: "read", path: "." })) return path;
  return `${Deno.cwd()}/${path.replace(/^(?:\.\/+)+/, "")}`;
}

function directoryExists(path: string): boolean {
  if (!isGranted({ name: "read", path })) return false;
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    // Only a directory that is not there may be passed over.
    return !(error instanceof Deno.errors.NotFound);
  }
}

/**
 * Throws where using a path would make Deno ask somebody.
 *
 * @throws {StateAccessError} with the flag that is missing
 */
export function requireAccess(
  path: string,
  names: readonly ("read" | "write")[],
): void {
  for (const name of names) {
    if (isGranted({ name, path })) continue;
    const directory = directoryOf(path);
    throw new StateAccessError(
      `Cannot use "${path}" as this program may not ${name} it: ` +
        `run it with --allow-${name}=${directory}`,
      { path },
    );
  }
}

/** An error of the system about a path, in our words. */
export function accessError(
  action: string,
  path: string,
  error: unknown,
): StateAccessError {
  const reason = error instanceof Error ? error.message : String(error);
  return new StateAccessError(
    `Cannot ${action} "${path}" as the system refuses it ` +
      `(${reason}): ${remedyOf(reason)}`,
    { path },
    { cause: error },
  );
}

/** What to do, by the number of the system's error. */
function remedyOf(reason: string): string {
  switch (/\(os error (\d+)\)/.exec(reason)?.[1]) {
    case "23":
    case "24":
      return 'set a higher limit on open files ("ulimit -n"), and try again';
    case "28":
    case "122":
      return "make room on that disk, and try again";
    default:
      return "mend the path or its rights, or name another with --state or " +
        "RESLOCK_DIR";
  }
}

/** Makes a directory unless it is there; its modes are left alone then. */
export function ensureSharedDirectory(path: string): void {
  requireAccess(`${path}/`, ["read", "write"]);
  try {
    if (Deno.statSync(path).isDirectory) return;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return makeSharedDirectory(path);
    throw accessError("use the directory", path, error);
  }
  throw accessError("use the directory", path, "it is not a directory");
}

/**
 * Makes a directory beside the state file unless it is there. Never one that a link
 * leads to: what is made and swept in it would be in a place of somebody's choice.
 */
export function ensureSideDirectory(path: string): void {
  requireAccess(`${path}/`, ["read", "write"]);
  if (!lstat(path)?.isDirectory) makeSharedDirectory(path);
}

/**
 * Makes a directory that every user may put files into. It comes under its name when
 * it is open to all, so that nobody is kept out of it who comes a moment later, or for
 * ever where its maker is killed.
 */
function makeSharedDirectory(path: string): void {
  const draft = draftPath(path);
  // A program may be allowed the directory and nothing beside it.
  const mayDraft = isGranted({ name: "read", path: draft }) &&
    isGranted({ name: "write", path: draft });
  const made = mayDraft ? draft : path;
  try {
    Deno.mkdirSync(made, { recursive: true });
    Deno.chmodSync(made, SHARED_DIRECTORY_MODE);
    if (mayDraft) Deno.renameSync(draft, path);
  } catch (error) {
    if (mayDraft) discard(draft);
    // Somebody else was faster.
    if (lstat(path)?.isDirectory) return;
    throw accessError("make the directory", path, error);
  }
}

/** Whether a directory is there, and not a link to one. */
export function isDirectory(path: string): boolean {
  try {
    return Deno.lstatSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Puts a complete file into place unless there is one.
 *
 * It is written under another name and then linked: a reader never meets half of
 * it, and of many who create it at once exactly one wins.
 *
 * @returns whether this call made it
 */
export function createFile(path: string, bytes: Uint8Array): boolean {
  const draft = draftPath(path);
  try {
    writeNew(draft, bytes);
    try {
      Deno.linkSync(draft, path);
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) return false;
      // Some file systems know no links. What a reader may meet then, he reads
      // again until it is whole.
      return writeNew(path, bytes);
    } finally {
      discard(draft);
    }
  } catch (error) {
    throw accessError("create the file", path, error);
  }
}

/**
 * What a file or directory is called until it is put into place: as nothing else is, as
 * there may be anything beside a state file.
 */
export function draftPath(path: string): string {
  return `${path}.reslock-${randomName()}.new`;
}

const DRAFT = /^(.+)\.reslock-[0-9a-z]{10}\.new$/s;
/** Whoever takes longer over one is dead. */
const DRAFT_MAX_MS = 60_000;

/** Removes what processes left that died while they made one of these files. */
export function sweepDrafts(
  directory: string,
  isOurs: (name: string) => boolean,
  wallMs: number,
): void {
  for (const { name } of list(directory)) {
    if (!isDraftOf(name, isOurs)) continue;
    const path = `${directory}/${name}`;
    const facts = lstat(path);
    const isDrafted = facts?.isFile || facts?.isDirectory;
    const changed = facts?.mtime?.getTime() ?? wallMs;
    if (isDrafted && wallMs - changed >= DRAFT_MAX_MS) discard(path);
  }
}

/** Whether a name is that of a draft of one of these files. */
export function isDraftOf(
  name: string,
  isOurs: (name: string) => boolean,
): boolean {
  const file = DRAFT.exec(name)?.[1];
  return file !== undefined && isOurs(file);
}

function list(directory: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(directory)];
  } catch {
    return [];
  }
}

function lstat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch {
    return undefined;
  }
}

/** Removes a file or an empty directory, where that may be done. */
function discard(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Not there, somebody else's, or swept later.
  }
}

function writeNew(path: string, bytes: Uint8Array): boolean {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { write: true, createNew: true });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  }
  try {
    for (let done = 0; done < bytes.length;) {
      done += file.writeSync(bytes.subarray(done));
    }
    Deno.chmodSync(path, SHARED_FILE_MODE);
  } catch (error) {
    // A full disk, say: half of a file is of no use to anybody.
    discard(path);
    throw error;
  } finally {
    file.close();
  }
  return true;
}

/**
 * Makes the state file, its directory, and those beside it, where they are missing: who
 * owns one may remove what others put there, so that all had better be of one user.
 */
export function createStateFile(path: string, sides: readonly string[]): void {
  ensureSharedDirectory(directoryOf(path));
  for (const side of sides) {
    try {
      ensureSideDirectory(side);
    } catch {
      // Whoever needs it is told.
    }
  }
  createFile(path, Image.empty());
}
