/**
 * A file that many processes share: opened once, locked, read and written in place.
 *
 * @module
 */
import { StateAccessError } from "../core/errors.ts";
import { openAtOnce } from "./open.ts";
import {
  accessError,
  directoryOf,
  requireAccess,
  STATE_FILE_NAME,
} from "./paths.ts";
import { isGranted } from "./permissions.ts";

/** What the store needs of a file; tests put failing ones in its place. */
export interface SharedFile extends Disposable {
  /** Takes the lock of the whole file, shared or exclusive; false if it is taken. */
  tryLock(exclusive: boolean): boolean;
  unlock(): void;
  stat(): SharedFileInfo;
  /** Whether the path that it was opened by still leads to it. */
  isNamed(): boolean;
  /**
   * Reads from the start; how many bytes there were, at most the buffer's length.
   *
   * @param expected where as many come at once, the end is not looked for
   */
  read(buffer: Uint8Array, expected?: number): number;
  /** Writes all bytes at an offset. */
  write(bytes: Uint8Array, offset: number): void;
  truncate(length: number): void;
  /** Lets other processes run for a moment: some 30 us, where a timer takes 1 ms. */
  pause(): Promise<void>;
}

/** What the system knows of a shared file. */
export interface SharedFileInfo {
  readonly length: number;
  /** How many names lead to it: none any more, one, or others beside the one known. */
  readonly links: number;
  /** Which file it is. */
  readonly dev: number;
  readonly ino: number;
  /** When it was written last, by the wall clock, in milliseconds since 1970. */
  readonly writtenMs: number;
}

/** How a file is opened. */
export interface OpenOptions {
  /** Whether it will be written. @default {true} */
  readonly write?: boolean;
}

/**
 * Opens a file that exists.
 *
 * Creating never happens here: in a sticky directory Linux refuses to open another
 * user's file with that flag, even to root.
 *
 * @throws {Deno.errors.NotFound} if it does not exist
 * @throws {StateAccessError} if it is not a regular file or may not be opened
 */
export function openSharedFile(
  path: string,
  { write = true }: OpenOptions = {},
): SharedFile {
  requireAccess(path, write ? ["read", "write"] : ["read"]);
  const info = lstat(path);
  if (!info.isFile) {
    throw wrongKind(path, info);
  }
  let file: Deno.FsFile | undefined;
  try {
    file = openAtOnce(path, { read: true, write }, info);
    // Between the two someone may have put a link there, to a file that is not ours.
    if (isSameFile(file, path)) return new SystemFile(path, file);
  } catch (error) {
    file?.close();
    if (error instanceof Deno.errors.NotFound) throw error;
    throw accessError(write ? "write" : "read", path, error);
  }
  file.close();
  throw accessError("use", path, "it was replaced at this moment");
}

/** The error about something that is no regular file, with what was probably meant. */
function wrongKind(path: string, info: Deno.FileInfo): StateAccessError {
  const another = "name another path with --state or RESLOCK_DIR";
  const [kind, advice] = info.isSymlink
    ? ["symbolic link", `name the file that it leads to, or ${another}`]
    : info.isDirectory && !path.includes(STATE_FILE_NAME)
    ? [
      "directory",
      `did you mean "${path}/${STATE_FILE_NAME}"? If not, ${another}`,
    ]
    : [info.isDirectory ? "directory" : "special file", another];
  return new StateAccessError(
    `Cannot use "${path}" as it is a ${kind} and must be a regular file: ${advice}`,
    { path },
  );
}

function lstat(path: string): Deno.FileInfo {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw error;
    throw accessError("open", path, error);
  }
}

class SystemFile implements SharedFile {
  readonly #path: string;
  readonly #file: Deno.FsFile;

  constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
  }

  tryLock(exclusive: boolean): boolean {
    try {
      return this.#file.tryLockSync(exclusive);
    } catch (error) {
      throw accessError("lock", this.#path, error);
    }
  }

  unlock(): void {
    this.#file.unlockSync();
  }

  stat(): SharedFileInfo {
    try {
      const { size, nlink, dev, ino, mtime } = this.#file.statSync();
      return {
        ...{ length: size, links: nlink ?? 1, dev, ino: ino ?? 0 },
        writtenMs: mtime?.getTime() ?? 0,
      };
    } catch (error) {
      throw accessError("look at", this.#path, error);
    }
  }

  isNamed(): boolean {
    try {
      return isSameFile(this.#file, this.#path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw accessError("look at", this.#path, error);
    }
  }

  read(buffer: Uint8Array, expected?: number): number {
    try {
      this.#file.seekSync(0, Deno.SeekMode.Start);
      let length = this.#file.readSync(buffer) ?? 0;
      if (length === expected) return length;
      while (length < buffer.length) {
        const count = this.#file.readSync(buffer.subarray(length));
        if (count === null) break;
        length += count;
      }
      return length;
    } catch (error) {
      throw accessError("read", this.#path, error);
    }
  }

  write(bytes: Uint8Array, offset: number): void {
    try {
      this.#file.seekSync(offset, Deno.SeekMode.Start);
      for (let done = 0; done < bytes.length;) {
        done += this.#file.writeSync(done === 0 ? bytes : bytes.subarray(done));
      }
    } catch (error) {
      throw accessError("write", this.#path, error);
    }
  }

  truncate(length: number): void {
    try {
      this.#file.truncateSync(length);
    } catch (error) {
      throw accessError("shorten", this.#path, error);
    }
  }

  async pause(): Promise<void> {
    // Whatever goes through the runtime's thread pool frees this processor.
    await this.#file.stat();
  }

  [Symbol.dispose](): void {
    unlockAndClose(this.#file);
  }
}

/**
 * Closes a file that may be locked. Closing alone keeps the lock a moment longer where
 * another thread of this program starts a child: until that has become another program,
 * it has open what is open here.
 */
export function unlockAndClose(file: Deno.FsFile): void {
  try {
    file.unlockSync();
  } finally {
    file.close();
  }
}

/** Whether a path leads to the file that is open, and that is a regular one. */
export function isSameFile(file: Deno.FsFile, path: string): boolean {
  const opened = file.statSync();
  const named = Deno.lstatSync(path);
  return named.isFile && opened.ino === named.ino && opened.dev === named.dev;
}

/** Removes a file, where there is one that may be removed. */
export function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Someone tidied up before, or the directory is gone: the aim is reached.
  }
}

/** Opens a regular file that nobody can swap for another; undefined if there is none. */
export function openRegular(
  path: string,
  options: Deno.OpenOptions,
): Deno.FsFile | undefined {
  let file: Deno.FsFile | undefined;
  try {
    const facts = Deno.lstatSync(path);
    if (!facts.isFile) return undefined;
    file = openAtOnce(path, options, facts);
    if (isSameFile(file, path)) return file;
  } catch {
    // Gone, or not ours to open.
  }
  file?.close();
  return undefined;
}

const NO_DESCRIPTOR = ["EMFILE", "ENFILE"];

/**
 * Throws where no descriptor is left. To be called before a part of the program is
 * loaded: Deno does not fail then, but ends the program and all that it holds.
 *
 * @throws {StateAccessError} about the path, beside which it is tried
 */
export function requireDescriptor(path: string): void {
  const directory = directoryOf(path);
  if (!isGranted({ name: "read", path: directory })) return;
  try {
    Deno.openSync(directory).close();
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    // Whatever else is wrong with it is told when it is used.
    if (NO_DESCRIPTOR.some((one) => one === code)) {
      throw accessError("use", path, error);
    }
  }
}
