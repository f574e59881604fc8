/**
 * Owner files: the proof that a process lives.
 *
 * A pool that waits or holds keeps one file locked. The kernel drops the lock when
 * the process is gone, however it went; it knows no reused pids, no zombies and no
 * PID namespaces. Whoever can open the file can ask.
 *
 * Invariants:
 * (1) The lock is held before any entry names its owner, and until the last is gone.
 * (2) A name is never used twice.
 * (3) A probe takes the lock shared: two who probe a dead owner at once must not
 *     take each other for it.
 * (4) A file is removed by others only if its owner was found dead, and then no entry
 *     or lease that it tells of was found in the state.
 *
 * @module
 */
import { isOwnerName, parseNativeId } from "../core/ids.ts";
import {
  isSameFile,
  openRegular,
  removeQuietly,
  unlockAndClose,
} from "./file.ts";
import {
  accessError,
  ensureSideDirectory,
  isDirectory,
  randomName,
  SHARED_FILE_MODE,
} from "./paths.ts";
import { isGranted } from "./permissions.ts";

/** What a probe found; `unknown` where there is no file, or none that can be asked. */
export type Probe = "held" | "free" | "unknown";

/** Files of nobody are kept this long, as their maker may be about to lock them. */
const SWEEP_AFTER_MS = 60_000;
const ATTEMPTS = 5;
const GUARD_ENDING = ".c";

/** Where an owner's file is. */
export function ownerPath(directory: string, owner: string): string {
  return `${directory}/${owner}`;
}

/** A lock of this process, from creation to {@linkcode OwnerLock.close}. */
export class OwnerLock {
  /** The owner's name, as ids begin with it. */
  readonly name: string;
  readonly #path: string;
  #file: Deno.FsFile | undefined;

  private constructor(name: string, path: string, file: Deno.FsFile) {
    this.name = name;
    this.#path = path;
    this.#file = file;
  }

  /**
   * Makes and locks a new owner file.
   *
   * @throws {StateAccessError} if the directory does not allow it
   */
  static create(directory: string): OwnerLock {
    ensureSideDirectory(directory);
    for (let attempt = 1;; attempt++) {
      try {
        const lock = OwnerLock.#tryCreate(directory);
        if (lock !== undefined) return lock;
        throw new Error("The new file was locked or replaced by another");
      } catch (error) {
        if (attempt < ATTEMPTS) continue;
        throw accessError("make an owner file in", directory, error);
      }
    }
  }

  static #tryCreate(directory: string): OwnerLock | undefined {
    const name = randomName();
    const path = ownerPath(directory, name);
    const file = Deno.openSync(path, {
      read: true,
      write: true,
      createNew: true,
    });
    try {
      if (file.tryLockSync(true) && isSameFile(file, path)) {
        // Others have to open it, whatever the umask: a file that cannot be
        // asked counts as a process that cannot be asked.
        Deno.chmodSync(path, 0o644);
        file.writeSync(new TextEncoder().encode(describeOwner()));
        return new OwnerLock(name, path, file);
      }
    } catch (error) {
      file.close();
      throw error;
    }
    file.close();
    return undefined;
  }

  /** Removes the file and drops the lock; only when no entry names the owner. */
  close(): void {
    removeQuietly(this.#path);
    this.abandon();
  }

  /** Drops the lock: the file stays, as the proof that its entries are nobody's. */
  abandon(): void {
    if (this.#file !== undefined) unlockAndClose(this.#file);
    this.#file = undefined;
  }
}

/** Facts for people who look into the directory. */
function describeOwner(): string {
  const hostname = isGranted({ name: "sys", kind: "hostname" })
    ? Deno.hostname()
    : null;
  return JSON.stringify({ pid: Deno.pid, hostname }) + "\n";
}

/**
 * Whether the process behind a lock file lives.
 *
 * @param options.exclusive for files whose lock is held shared
 */
export function probeLock(
  path: string,
  { exclusive = false }: { exclusive?: boolean } = {},
): Probe {
  const file = openRegular(path, { read: true });
  if (file === undefined) return "unknown";
  try {
    return file.tryLockSync(exclusive) ? "free" : "held";
  } catch {
    return "unknown";
  } finally {
    unlockAndClose(file);
  }
}

/**
 * The file whose lock a guarded child of a lease holds, beside the owner's own, so
 * that the lease outlives the program that took it.
 */
export function guardPath(directory: string, leaseId: string): string {
  return `${directory}/${guardName(leaseId)}`;
}

function guardName(leaseId: string): string {
  return `${leaseId}${GUARD_ENDING}`;
}

/**
 * Makes a guard file for a command that is about to lock it, and returns its path. One
 * that earlier commands have locked becomes as young as a new one.
 *
 * @throws {StateAccessError} if it cannot be made, or is not this program's own
 */
export function makeGuard(directory: string, leaseId: string): string {
  const path = guardPath(directory, leaseId);
  try {
    Deno.openSync(path, { write: true, createNew: true }).close();
    Deno.chmodSync(path, SHARED_FILE_MODE);
  } catch (error) {
    const isMade = error instanceof Deno.errors.AlreadyExists;
    if (!isMade) throw accessError("make the guard", path, error);
    const [owner] = filesOf(leaseId);
    renewGuard(path, ownerPath(directory, owner));
  }
  return path;
}

/** Makes a guard young, if it is of the same user as the owner's file. */
function renewGuard(path: string, ownersPath: string): void {
  try {
    using file = openRegular(path, { read: true });
    // Whoever else put it there could take it away, and the lease with it.
    if (file?.statSync().uid !== Deno.lstatSync(ownersPath).uid) {
      throw new Error("it is somebody else's");
    }
    const now = new Date();
    file?.utimeSync(now, now);
  } catch (error) {
    throw accessError("use the guard", path, error);
  }
}

/** Removes a guard file, where there is one. */
export function removeGuard(directory: string, leaseId: string): void {
  removeQuietly(guardPath(directory, leaseId));
}

/** When a guard was last made or renewed, or `undefined` if there is none. */
export function guardTime(
  directory: string,
  leaseId: string,
): number | undefined {
  try {
    return Deno.lstatSync(guardPath(directory, leaseId)).mtime?.getTime();
  } catch {
    return undefined;
  }
}

/** The names of the files that tell whether an entry or lease of this id lives. */
export function filesOf(id: string): readonly string[] {
  const owner = parseNativeId(id)?.owner;
  return owner === undefined ? [] : [owner, guardName(id)];
}

/** Whether a file of this name can be an owner's or a guard. */
export function isOwnersFile(name: string): boolean {
  if (!name.endsWith(GUARD_ENDING)) return isOwnerName(name);
  return parseNativeId(name.slice(0, -GUARD_ENDING.length)) !== undefined;
}

/** What a sweep needs to know. */
export interface SweepOptions {
  readonly wallMs: number;
  /** The ids of all entries and leases, as they are when it is called. */
  readonly standing: () => Promise<Iterable<string>>;
  /** Removes what else an owner has left. */
  readonly removeSide: (owner: string) => void;
}

/**
 * Removes the files of dead owners, and the guards, that no entry or lease needs. Other
 * users' files are left to them.
 */
export async function sweepOwners(
  directory: string,
  { wallMs, standing, removeSide }: SweepOptions,
): Promise<void> {
  const left = namesIn(directory).filter((name) => {
    const path = `${directory}/${name}`;
    if (!isOwnersFile(name) || !isOld(path, wallMs)) return false;
    return !isOwnerName(name) || probeLock(path) === "free";
  });
  if (left.length === 0) return;
  // Only now: until they died, they may have taken what they need their files for. And
  // no lease comes back that is gone, so that its guard guards nothing any more.
  const needed = new Set([...await standing()].flatMap(filesOf));
  for (const name of left) {
    if (!needed.has(name)) removeUnlocked(directory, name, removeSide);
  }
}

function isOld(path: string, wallMs: number): boolean {
  try {
    const changed = Deno.lstatSync(path).mtime?.getTime() ?? wallMs;
    return wallMs - changed >= SWEEP_AFTER_MS;
  } catch {
    return false;
  }
}

function removeUnlocked(
  directory: string,
  name: string,
  removeSide: (owner: string) => void,
): void {
  const path = `${directory}/${name}`;
  // Not for writing: closing it would look like the death of its owner.
  const file = openRegular(path, { read: true });
  if (file === undefined) return;
  try {
    // Held while it is removed: another sweeper must not take a new file of
    // this name, however unlikely, for the one it has opened.
    if (!file.tryLockSync(true) || !isSameFile(file, path)) return;
    // Last, as nobody would look for the rest without it.
    if (isOwnerName(name)) removeSide(name);
    removeQuietly(path);
  } catch {
    // Another one sweeps as well.
  } finally {
    unlockAndClose(file);
  }
}

function namesIn(directory: string): string[] {
  try {
    // A link may lead to a place that is not ours to sweep.
    if (!isDirectory(directory)) return [];
    return Array.from(Deno.readDirSync(directory), ({ name }) => name);
  } catch {
    return [];
  }
}
