/**
 * A file to which many processes add lines, and which never grows beyond a size.
 *
 * It is good enough for what may be lost: a line that comes while another process
 * shortens the file may be, and one that is torn is left to the reader.
 *
 * @module
 */
import { openRegular } from "./file.ts";
import { createFile } from "./paths.ts";
import { isGranted } from "./permissions.ts";

/** Adds bytes that end with a line; whether they were added. */
export function appendTo(
  path: string,
  bytes: Uint8Array,
  options: {
    readonly maxBytes: number;
    /** What is kept of a file that would become too large. */
    readonly shorten: (bytes: Uint8Array) => Uint8Array;
  },
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
    if (log.statSync().size + bytes.length > options.maxBytes) {
      shorten(path, options.shorten);
    }
    writeAll(log, bytes);
    return true;
  } catch {
    // A full disk, no rights, a directory of this name: it is only a log.
    return false;
  }
}

/** All bytes of it, or the first `maxBytes`; none where there is no such file. */
export function readLog(path: string, maxBytes: number): Uint8Array {
  using file = openRegular(path, { read: true });
  return file === undefined ? new Uint8Array() : readUpTo(file, maxBytes);
}

function readUpTo(file: Deno.FsFile, maxBytes: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(file.statSync().size, maxBytes));
  let length = 0;
  while (length < bytes.length) {
    const count = file.readSync(bytes.subarray(length));
    if (count === null) break;
    length += count;
  }
  return bytes.subarray(0, length);
}

function shorten(path: string, rest: (bytes: Uint8Array) => Uint8Array): void {
  using file = openRegular(path, { read: true, write: true });
  // Another one does it.
  if (file === undefined || !file.tryLockSync(true)) return;
  const kept = rest(readUpTo(file, Infinity));
  file.seekSync(0, Deno.SeekMode.Start);
  writeAll(file, kept);
  file.truncateSync(kept.length);
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    done += file.writeSync(bytes.subarray(done));
  }
}
