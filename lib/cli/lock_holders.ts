/**
 * Which process here holds the lock of a file, proven by the kernel.
 *
 * Process ids that others wrote down are those of their own namespace: here they may be
 * anybody's. A lock is proof, of whoever has it open or, where that may not be looked
 * at, of whom the kernel names.
 *
 * @module
 */

/** How a file is locked: by one process for itself, or with others. */
export type LockKind = "WRITE" | "READ";

/** A lock of a whole file. */
export interface FileLock {
  readonly kind: LockKind;
  /** Who took it. Another one that has inherited it may have it still. */
  readonly pid: number;
  /** The device of the file, as in `fe:00`. */
  readonly device: string;
  readonly inode: string;
}

const LINE =
  /^(?:lock:\s*)?\d+: FLOCK\s+\S+\s+(READ|WRITE)\s+(\d+)\s+([\da-f]+:[\da-f]+):(\d+)\s/gm;

/**
 * The locks in a list such as `/proc/locks`: without those that are waited for, and
 * without those of processes that cannot be seen from here.
 */
export function parseLocks(text: string): FileLock[] {
  return [...text.matchAll(LINE)]
    .map(([, kind, pid, device, inode]) => ({
      kind: kind as LockKind,
      pid: Number(pid),
      device,
      inode,
    }))
    .filter(({ pid }) => pid > 0);
}

/** The device of a file, as a list of locks writes it. */
export function deviceText(dev: number): string {
  // `stat` packs both numbers into one, in pieces; of 64 bits, which shifts cut.
  const major = Math.floor(dev / 2 ** 8) % 2 ** 12 +
    Math.floor(dev / 2 ** 44) * 2 ** 12;
  const minor = dev % 2 ** 8 + Math.floor(dev / 2 ** 20) % 2 ** 24 * 2 ** 8;
  return [major, minor].map((part) => part.toString(16).padStart(2, "0"))
    .join(":");
}

/** The locks of this machine, as of the moment when one was first asked for. */
export class LockHolders {
  #locks: ReadonlyMap<string, readonly FileLock[]> | undefined;
  // Programs open their files in the same order: it is often the same number.
  #descriptor = "0";

  /**
   * A process that holds the lock of a file.
   *
   * @param likely who probably does, which is cheaper to find out
   */
  find(
    path: string,
    kind: LockKind,
    likely: readonly number[],
  ): number | undefined {
    const file = statQuietly(path);
    if (file === undefined) return undefined;
    const holder = this.#locks === undefined
      ? likely.find((pid) => this.#holds(pid, file, kind))
      : undefined;
    if (holder !== undefined) return holder;
    // Only now: the kernel makes a list of all locks only when nobody takes or drops
    // one, and has everybody on the machine wait for that, some 10 ms.
    this.#locks ??= Map.groupBy(
      parseLocks(readQuietly("/proc/locks") ?? ""),
      ({ inode }) => inode,
    );
    return (this.#locks.get(String(file.ino)) ?? []).find((lock) =>
      lock.kind === kind &&
      // Who took a lock to share may have left it to others, and its id, too.
      (kind === "WRITE" && lock.device === deviceText(file.dev) ||
        this.#holds(lock.pid, file, kind))
    )?.pid;
  }

  /** Whether a process has the file open with this lock; false where nobody tells. */
  #holds(pid: number, file: Deno.FileInfo, kind: LockKind): boolean {
    for (const one of descriptorsOf(pid, this.#descriptor)) {
      const isLocked = parseLocks(
        readQuietly(`/proc/${pid}/fdinfo/${one}`) ?? "",
      )
        .some((lock) => lock.kind === kind && lock.inode === String(file.ino));
      if (!isLocked) continue;
      const opened = statQuietly(`/proc/${pid}/fd/${one}`);
      if (opened?.ino !== file.ino || opened.dev !== file.dev) continue;
      this.#descriptor = one;
      return true;
    }
    return false;
  }
}

/** A number, then those of the files that a process has open where that is told. */
function* descriptorsOf(pid: number, first: string): Generator<string> {
  yield first;
  try {
    for (const { name } of Deno.readDirSync(`/proc/${pid}/fdinfo`)) yield name;
  } catch {
    // It has ended, or is another user's.
  }
}

/** A file's text; undefined where it cannot be read. */
export function readQuietly(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

/** What is told of a file; undefined where nothing is. */
export function statQuietly(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    return undefined;
  }
}
