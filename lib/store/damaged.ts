/**
 * The copy that is kept of a damaged state file before another takes its place.
 *
 * @module
 */
import { refuseOthers } from "../core/layout.ts";
import { openRegular, removeQuietly } from "../os/file.ts";
import { accessError } from "../os/paths.ts";

/** More than a state file has, whose beginning tells what it is. */
const PART_BYTES = 1024 * 1024;

/**
 * Copies a file that is locked to one beside it, under a name that is free.
 *
 * @param wallMs the time, which is part of the name
 * @returns the path of the copy; null where the file is empty
 * @throws {CorruptStateError} if it is no state file, whole or damaged
 * @throws {StateAccessError} if no copy can be made
 */
export function keepDamaged(path: string, wallMs: number): string | null {
  const time = new Date(wallMs).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const copyPath = `${path}.damaged-${time}`;
  using source = openRegular(path, { read: true });
  if (source === undefined) {
    throw accessError("keep a copy of", path, "it cannot be opened");
  }
  const part = new Uint8Array(PART_BYTES);
  let count = source.readSync(part);
  if (count === null) return null;
  refuseOthers(part.subarray(0, count), path);
  let isOurs = false;
  try {
    using copy = Deno.openSync(copyPath, { write: true, createNew: true });
    isOurs = true;
    for (; count !== null; count = source.readSync(part)) {
      for (let done = 0; done < count;) {
        done += copy.writeSync(part.subarray(done, count));
      }
    }
  } catch (error) {
    if (isOurs) removeQuietly(copyPath);
    throw accessError("keep a copy in", copyPath, error);
  }
  return copyPath;
}
