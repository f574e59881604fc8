/**
 * A machine that is made up, for tests of what is read of one.
 *
 * @module
 */
import type { KernelFiles } from "../../lib/os/kernel_file.ts";
import type { Host } from "../../lib/os/host.ts";

/** Kernel files that are the entries of an object; a missing one is not there. */
export function kernelFiles(
  texts: Readonly<Record<string, string>>,
): KernelFiles {
  const paths = Object.keys(texts);
  return {
    readable: paths.length > 0,
    read: (path) => texts[path],
    list: (path) => {
      const below = paths.filter((name) => name.startsWith(`${path}/`))
        .map((name) => name.slice(path.length + 1).split("/")[0]);
      return [...new Set(below)].sort();
    },
  };
}

/** A host of 8 cores and 64 GB with one disk, where nothing else is said. */
export function host(changes: Partial<Host> = {}): Host {
  return {
    files: kernelFiles({}),
    concurrency: 8,
    contained: false,
    ramBytes: () => 64 * 2 ** 30,
    disk: (mount) => Promise.resolve({ mount, totalMb: 2048, freeMb: 1024 }),
    ...changes,
  };
}
