/**
 * Reading what the kernel tells in `/proc` and `/sys`.
 *
 * Deno lets a program read there only if everything is allowed. Without it, what
 * hangs on these files is left out and said to be.
 *
 * @module
 */
import { isGranted } from "./permissions.ts";

/** The kernel's files; tests put a made-up machine in their place. */
export interface KernelFiles {
  /** Whether they may be read at all. */
  readonly readable: boolean;
  /** A file's text; `undefined` if it is not there or cannot be read. */
  read(path: string): string | undefined;
  /** The names in a directory, sorted; none if it is not there. */
  list(path: string): readonly string[];
}

class SystemKernelFiles implements KernelFiles {
  #readable: boolean | undefined;

  get readable(): boolean {
    return this.#readable ??= this.read("/proc/self/mountinfo") !== undefined;
  }

  read(path: string): string | undefined {
    if (!isGranted({ name: "read", path })) return undefined;
    try {
      return Deno.readTextFileSync(path);
    } catch {
      // Not there, not ours, or a driver that answers with an error, as the speed
      // of a network card that is down does: all mean that it is not told.
      return undefined;
    }
  }

  list(path: string): readonly string[] {
    if (!isGranted({ name: "read", path })) return [];
    try {
      return Array.from(Deno.readDirSync(path), ({ name }) => name).sort();
    } catch {
      return [];
    }
  }
}

/** The kernel's files of this machine. */
export const systemKernelFiles: KernelFiles = new SystemKernelFiles();
