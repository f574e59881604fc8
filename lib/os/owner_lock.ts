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
 *
 * @module
 */
import { isOwnerName } from "../core/ids.ts";
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
  return `${directory}/${leaseId}.c`;
}

/** Makes a guard file and returns its path. */
export function createGuard(directory: string, leaseId: string): string {
  const path = guardPath(directory, leaseId);
  Deno.openSync(path, { write: true, createNew: true }).close();
  Deno.chmodSync(path, SHARED_FILE_MODE);
  return path;
}

/** Removes a guard file, where there is one. */
export function removeGuard(directory: string, leaseId: string): void {
  removeQuietly(guardPath(directory, leaseId));
}

/** When a guard was made, or `undefined` if there is none. */
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

/**
 * Removes the files that dead owners left, with what `removeSide` knows of them.
 * Call it only after their entries are gone. Other users' files are left to them.
 */
export function sweepOwners(
  directory: string,
  wallMs: number,
  removeSide: (owner: string) => void,
): void {
  for (const { name } of listQuietly(directory)) {
    const path = `${directory}/${name}`;
    const owner = name.split("-")[0];
    if (!isOwnerName(owner)) continue;
    // Not for writing: closing it would look like the death of its owner.
    const file = openRegular(path, { read: true });
    if (file === undefined) continue;
    try {
      const changed = file.statSync().mtime?.getTime() ?? wallMs;
      if (wallMs - changed < SWEEP_AFTER_MS) continue;
      // Held while it is removed: another sweeper must not take a new file of
      // this name, however unlikely, for the one it has opened.
      if (!file.tryLockSync(true) || !isSameFile(file, path)) continue;
      // Last, as nobody would look for the rest without it.
      if (owner === name) removeSide(owner);
      removeQuietly(path);
    } catch {
      // Another one sweeps as well.
    } finally {
      unlockAndClose(file);
    }
  }
}

function listQuietly(directory: string): Deno.DirEntry[] {
  try {
    // A link may lead to a place that is not ours to sweep.
    return isDirectory(directory) ? [...Deno.readDirSync(directory)] : [];
  } catch {
    return [];
  }
}
