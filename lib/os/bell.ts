/**
 * Bells: how one process wakes another.
 *
 * A bell is a file of one byte. Writing the byte is what a watcher of the file
 * hears; what is written is never read, and nothing depends on its being heard: a
 * sleeper looks by itself now and then.
 *
 * @module
 */
import { isOwnerName } from "../core/ids.ts";
import { openRegular, removeQuietly } from "./file.ts";
import {
  createFile,
  ensureSideDirectory,
  isDirectory,
  sweepDrafts,
} from "./paths.ts";

const BYTE = Uint8Array.of(0x21);
/** Open bells of others; enough for all who wait on one machine. */
const MAX_OPEN_BELLS = 64;
/** Bells of nobody are kept this long. */
const SWEEP_AFTER_MS = 60_000;

/** Rings others' bells, keeping those open that it rings often. */
export class Ringer {
  readonly #directory: string;
  readonly #open = new Map<string, Deno.FsFile>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Wakes an owner if it can be woken. Must not be called under the file lock. */
  ring(owner: string): void {
    try {
      const bell = this.#open.get(owner) ?? this.#openBell(owner);
      bell?.seekSync(0, Deno.SeekMode.Start);
      bell?.writeSync(BYTE);
    } catch {
      // A full disk, say: the sleeper finds out by itself.
      this.#forget(owner);
    }
  }

  /** The owners that have a bell. */
  owners(): string[] {
    try {
      return [...Deno.readDirSync(this.#directory)].map(({ name }) => name)
        .filter(isOwnerName);
    } catch {
      // Nobody has made one yet.
      return [];
    }
  }

  close(): void {
    for (const bell of this.#open.values()) bell.close();
    this.#open.clear();
  }

  #openBell(owner: string): Deno.FsFile | undefined {
    const path = `${this.#directory}/${owner}`;
    // Anyone may put anything under this name.
    const bell = openRegular(path, { read: true, write: true });
    if (bell === undefined) return undefined;
    if (this.#open.size >= MAX_OPEN_BELLS) {
      this.#forget(this.#open.keys().next().value!);
    }
    this.#open.set(owner, bell);
    if ((bell.statSync().nlink ?? 1) <= 1) return bell;
    // Another name of a file that must not be written to.
    this.#forget(owner);
    return undefined;
  }

  #forget(owner: string): void {
    this.#open.get(owner)?.close();
    this.#open.delete(owner);
  }
}

/** Makes an owner's bell. */
export function createBell(directory: string, owner: string): void {
  ensureSideDirectory(directory);
  createFile(`${directory}/${owner}`, BYTE);
}

/** Removes an owner's bell, where there is one. */
export function removeBell(directory: string, owner: string): void {
  removeQuietly(`${directory}/${owner}`);
}

/**
 * Removes the bells of owners that are gone: of one that died while it closed or made it,
 * or whose bell could not be removed.
 */
export function sweepBells(
  directory: string,
  owners: string,
  wallMs: number,
): void {
  try {
    // A link may lead to a place that is not ours to sweep.
    if (!isDirectory(directory)) return;
    sweepDrafts(directory, isOwnerName, wallMs);
    for (const { name } of Deno.readDirSync(directory)) {
      // An owner's file is there before its bell, and as long as it lives.
      if (!isOwnerName(name) || exists(`${owners}/${name}`)) continue;
      const path = `${directory}/${name}`;
      const rung = Deno.lstatSync(path).mtime?.getTime() ?? wallMs;
      if (wallMs - rung >= SWEEP_AFTER_MS) removeQuietly(path);
    }
  } catch {
    // There are none, or another one sweeps as well.
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

/** A watch on one file or directory. */
export interface Watch {
  /** Whether it keeps the program alive; at first it does not. */
  setRef(ref: boolean): void;
  close(): void;
}

/** What the runtime's watchers can do beyond their documented type. */
interface RefWatcher extends Deno.FsWatcher {
  ref?(): void;
  unref?(): void;
}

/**
 * Calls `onEvent` with the paths of each event of one of these kinds.
 *
 * @returns `undefined` where nothing can be watched: the system's limit is reached
 * (inotify allows 128 instances a user), or it knows no such thing
 */
export function watch(
  path: string,
  kinds: readonly Deno.FsEvent["kind"][],
  onEvent: (paths: readonly string[]) => void,
): Watch | undefined {
  let watcher: RefWatcher;
  try {
    watcher = Deno.watchFs(path, { recursive: false });
  } catch {
    return undefined;
  }
  const events = watcher[Symbol.asyncIterator]();
  let keepsAlive = false;
  const apply = () => keepsAlive ? watcher.ref?.() : watcher.unref?.();
  const next = async () => {
    for (;;) {
      const pending = events.next();
      // Counts only while something is pending, so it has to be said each time.
      apply();
      const { done, value } = await pending;
      if (done) return;
      if (kinds.includes(value.kind)) onEvent(value.paths);
    }
  };
  // A watch that breaks off is one that does not hear: the sleeper polls.
  next().catch(() => {});
  return {
    setRef(ref) {
      keepsAlive = ref;
      apply();
    },
    close: () => watcher.close(),
  };
}
