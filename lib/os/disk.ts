/**
 * How much room the mounted disks have.
 *
 * @module
 */
import { unescapePath } from "./cgroup.ts";
import { type KernelFiles, systemKernelFiles } from "./kernel_file.ts";
import { isGranted } from "./permissions.ts";

/** How much room a file system has. */
export interface DiskSpace {
  /** The path that was asked about. */
  readonly mount: string;
  /** All of it in MiB. */
  readonly totalMb: number;
  /** What a program without special rights can still write, in MiB. */
  readonly freeMb: number;
}

const BYTES_PER_MIB = 1024 * 1024;
/** A mount whose server is gone answers never. */
const TIMEOUT_MS = 2_000;
/** Images that are mounted: full by nature. */
const IMAGE_TYPES = new Set(["squashfs", "erofs", "iso9660", "udf"]);

/** The mounts that are disks, one for each disk: the one with the shortest path. */
export function parseDiskMounts(mountinfo: string): string[] {
  const pointOf = new Map<string, string>();
  for (const line of mountinfo.split("\n")) {
    const [left, right] = line.split(" - ");
    if (right === undefined) continue;
    const point = unescapePath(left.split(" ")[4]);
    const [type, source] = right.split(" ");
    const isDisk = source.startsWith("/dev/") || source.includes(":/") ||
      source.startsWith("//") || type === "zfs";
    if (!isDisk || IMAGE_TYPES.has(type)) continue;
    const known = pointOf.get(source);
    if (known === undefined || point.length < known.length) {
      pointOf.set(source, point);
    }
  }
  // The root of a container is made of layers and has no disk of its own.
  return [...new Set(["/", ...pointOf.values()])].sort();
}

/** The innermost mount that has an absolute path; the path if none is known. */
export function mountOf(path: string, mountinfo: string): string {
  let mount: string | undefined;
  for (const line of mountinfo.split("\n")) {
    const point = unescapePath(line.split(" ")[4] ?? "");
    const holds = point === "/" || path === point ||
      path.startsWith(`${point}/`);
    if (point !== "" && holds && point.length >= (mount?.length ?? 0)) {
      mount = point;
    }
  }
  return mount ?? path;
}

/** The table of mounts as the kernel tells it; empty without `--allow-all`. */
export function readMountinfo(files: KernelFiles = systemKernelFiles): string {
  return files.read("/proc/self/mountinfo") ?? "";
}

/**
 * Finds where the file system that holds `path` is mounted. A program that may not
 * read `/proc`, which needs `--allow-all`, is told the path without its links.
 *
 * @throws {Deno.errors.NotFound} if there is no such path
 */
export async function findMount(
  path: string,
  files: KernelFiles = systemKernelFiles,
): Promise<string> {
  return mountOf(await Deno.realPath(path), readMountinfo(files));
}

function requireStatfs(path: string): void {
  // Deno's types do not list this kind.
  const kind = "statfs" as Deno.SysPermissionDescriptor["kind"];
  for (
    const [granted, flag] of [
      [isGranted({ name: "read", path }), `--allow-read=${path}`],
      [isGranted({ name: "sys", kind }), "--allow-sys=statfs"],
    ] as const
  ) {
    if (granted) continue;
    throw new Deno.errors.NotCapable(
      `Cannot read the free space of "${path}" as this program may not ask ` +
        `for it: run it with ${flag}`,
    );
  }
}

/**
 * Reads how much room the file system that holds `path` has.
 *
 * @throws {Deno.errors.NotCapable} without `--allow-read` and `--allow-sys=statfs`
 * @throws {Deno.errors.NotFound} if there is no such path
 * @throws {Deno.errors.TimedOut} if it does not answer within 2 seconds
 */
export async function readDiskSpace(path: string): Promise<DiskSpace> {
  const { totalBytes, freeBytes } = await readDiskBytes(path);
  return {
    mount: path,
    totalMb: Math.floor(totalBytes / BYTES_PER_MIB),
    freeMb: Math.floor(freeBytes / BYTES_PER_MIB),
  };
}

/** The same in bytes, with the same errors. */
export async function readDiskBytes(
  path: string,
): Promise<{ readonly totalBytes: number; readonly freeBytes: number }> {
  requireStatfs(path);
  // Not imported above: loading it takes longer than starting everything else.
  const { statfs } = await import("node:fs/promises");
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(
      new Deno.errors.TimedOut(
        `Cannot read the free space of "${path}" as it does not answer: ` +
          `look after the server or disk that is mounted there`,
      ),
    );
  }, TIMEOUT_MS);
  try {
    const stats = await Promise.race([statfs(path), late.promise]);
    // Blocks are counted in fragments, which Node's types do not know.
    const { frsize = stats.bsize } = stats as { readonly frsize?: number };
    return {
      totalBytes: stats.blocks * frsize,
      freeBytes: stats.bavail * frsize,
    };
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    if (error.code !== "ENOENT") throw error;
    throw new Deno.errors.NotFound(
      `Cannot read the free space of "${path}" as it does not exist: ` +
        `name a directory that does`,
      { cause: error },
    );
  } finally {
    clearTimeout(timer);
  }
}
