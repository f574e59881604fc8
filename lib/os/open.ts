/**
 * Opening what was a regular file a moment ago, and may be a FIFO by now: to open that
 * waits for its other end, for ever, and with it the whole program.
 *
 * Linux does not wait where a FIFO is opened to read and to write. Where a file may only
 * be read, it has to be told not to wait. Deno cannot say so; Node's functions can, but
 * loading them takes 20 ms and some megabytes. So they are for files that somebody
 * untrusted may put another in the place of, and no others.
 *
 * @module
 */
import { systemKernelFiles } from "./kernel_file.ts";
import { directoryOf } from "./paths.ts";
import { isGranted } from "./permissions.ts";

type NodeFiles = typeof import("node:fs");

const FOR_OTHERS_TO_WRITE = 0o022;
const STICKY = 0o1000;

/**
 * Opens a file of which `lstat` has told this. The caller has to see whether it is the
 * one that it meant.
 *
 * Deno lets only programs that may do everything open a file as it has to be done for
 * those of others: any other one may be made to wait.
 */
export function openAtOnce(
  path: string,
  options: Deno.OpenOptions,
  { uid }: Deno.FileInfo,
): Deno.FsFile {
  const isPlain = options.read && (options.write || options.append) ||
    isTrusted(uid) && isKept(directoryOf(path)) || !systemKernelFiles.readable;
  return isPlain ? Deno.openSync(path, options) : openToRead(path);
}

function openToRead(path: string): Deno.FsFile {
  const files = nodeFiles();
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = files.constants;
  let fd: number;
  try {
    fd = files.openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    throw code === "ENOENT" ? new Deno.errors.NotFound(path) : error;
  }
  try {
    if (!files.fstatSync(fd).isFile()) throw new Error("It was exchanged");
    // The same file, whatever has that name by now.
    return Deno.openSync(`/proc/self/fd/${fd}`);
  } finally {
    files.closeSync(fd);
  }
}

let loaded: NodeFiles | undefined;

/** Not by an import, for which one has to wait. */
function nodeFiles(): NodeFiles {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: "node:fs"): NodeFiles };
  };
  return loaded ??= process.getBuiltinModule("node:fs");
}

/** Whether a user is this program's own or root, which need no tricks. */
function isTrusted(uid: number | null): boolean {
  return uid === 0 || uid === null || uid === ownUid();
}

let own: { readonly uid: number | null | undefined } | undefined;

function ownUid(): number | null | undefined {
  own ??= {
    uid: isGranted({ name: "sys", kind: "uid" }) ? Deno.uid() : undefined,
  };
  return own.uid;
}

const kept = new Map<string, boolean>();

/** Whether nobody untrusted may put files in the place of those of others there. */
function isKept(directory: string): boolean {
  let known = kept.get(directory);
  if (known === undefined) {
    const { uid, mode } = Deno.statSync(directory);
    const isClosed = ((mode ?? 0) & FOR_OTHERS_TO_WRITE) === 0 ||
      ((mode ?? 0) & STICKY) !== 0;
    known = isClosed && isTrusted(uid);
    kept.set(directory, known);
  }
  return known;
}
