/**
 * A file to which many processes add lines, and which never grows beyond a size.
 *
 * It is good enough for what may be lost: a line that comes while another process
 * shortens the file may be, and one that is torn is left to the reader. Anybody may
 * have made the file as long as they like, so that no more of it is read than its size
 * allows.
 *
 * @module
 */
import { openRegular } from "./file.ts";
import { createFile } from "./paths.ts";
import { isGranted } from "./permissions.ts";

/** How long a log may become. */
export interface LogLimits {
  readonly maxBytes: number;
  /** What is kept of the end of a file that would become too large. */
  readonly shorten: (bytes: Uint8Array) => Uint8Array;
}

/** Adds bytes that end with a line; whether they were added. */
export function appendTo(
  path: string,
  bytes: Uint8Array,
  limits: LogLimits,
): boolean {
  if (!isGranted({ name: "write", path })) return false;
  try {
    let file = openRegular(path, { read: true, append: true });
    if (file === undefined) {
      createFile(path, new Uint8Array());
      file = openRegular(path, { read: true, append: true });
    }
    if (file === undefined) return false;
    using log = file;
    const { size, nlink } = log.statSync();
    // Another name of a file that must not be written to.
    if ((nlink ?? 1) > 1) return false;
    if (size + bytes.length > limits.maxBytes) shortenFile(path, limits);
    writeAll(log, bytes);
    return true;
  } catch {
    // A full disk, no rights, a directory of this name: it is only a log.
    return false;
  }
}

/** All bytes of it, or the last `maxBytes`; none where there is no such file. */
export function readLog(path: string, maxBytes: number): Uint8Array {
  using file = openRegular(path, { read: true });
  return file === undefined ? new Uint8Array() : readTail(file, maxBytes);
}

function readTail(file: Deno.FsFile, maxBytes: number): Uint8Array {
  const { size } = file.statSync();
  const bytes = new Uint8Array(Math.min(size, maxBytes));
  file.seekSync(size - bytes.length, Deno.SeekMode.Start);
  let length = 0;
  while (length < bytes.length) {
    const count = file.readSync(bytes.subarray(length));
    if (count === null) break;
    length += count;
  }
  return bytes.subarray(0, length);
}

function shortenFile(path: string, { maxBytes, shorten }: LogLimits): void {
  using file = openRegular(path, { read: true, write: true });
  // Another one does it.
  if (file === undefined || !file.tryLockSync(true)) return;
  const kept = shorten(readTail(file, maxBytes));
  file.seekSync(0, Deno.SeekMode.Start);
  writeAll(file, kept);
  file.truncateSync(kept.length);
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    done += file.writeSync(bytes.subarray(done));
  }
}
