/**
 * The limits that the kernel sets to this process and those around it.
 *
 * Limits nest, and the innermost group often says "max": the smallest one between
 * the own group and the top counts. A container mostly sees a part of the tree, so
 * what is mounted is walked, not what the host would see.
 *
 * @module
 */
import type { KernelFiles } from "./kernel_file.ts";

/** What this process may use; `null` where nothing limits it. */
export interface CgroupLimits {
  readonly memoryMb: number | null;
  /** Processor time as a number of cores; may be a fraction. */
  readonly cpus: number | null;
}

/** A mounted tree of groups. */
export interface CgroupMount {
  /** The group that is visible at `point`. */
  readonly root: string;
  readonly point: string;
  /** Its controllers; empty for version 2, which has all in one tree. */
  readonly controllers: readonly string[];
}

const BYTES_PER_MIB = 1024 * 1024;

/** The group of this process for each controller; the key is "" for version 2. */
export function parseCgroupPaths(text: string): ReadonlyMap<string, string> {
  const paths = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    if (match === null) continue;
    for (const controller of match[1].split(",")) {
      paths.set(controller, match[2]);
    }
  }
  return paths;
}

/** Undoes how the kernel writes spaces and the like in paths. */
export function unescapePath(path: string): string {
  return path.replace(
    /\\([0-7]{3})/g,
    (_, octal) => String.fromCharCode(parseInt(octal, 8)),
  );
}

/** The trees of groups among the mounts of this process. */
export function parseCgroupMounts(mountinfo: string): CgroupMount[] {
  const mounts: CgroupMount[] = [];
  for (const line of mountinfo.split("\n")) {
    const [left, right] = line.split(" - ");
    if (right === undefined) continue;
    const [, , , root, point] = left.split(" ").map(unescapePath);
    const [type, , options = ""] = right.split(" ");
    if (type !== "cgroup" && type !== "cgroup2") continue;
    const controllers = type === "cgroup2" ? [] : options.split(",");
    mounts.push({ root, point, controllers });
  }
  return mounts;
}

/** The directories of a group and of all around it that can be seen, innermost first. */
export function cgroupDirectories(path: string, mount: CgroupMount): string[] {
  const root = mount.root === "/" ? "" : mount.root;
  // A group outside of what is mounted is told as another one, or with "..".
  const inside = !path.includes("/..") &&
    (path === root || path.startsWith(`${root}/`));
  const names = inside
    ? path.slice(root.length).split("/").filter((name) => name !== "")
    : [];
  const directories = [mount.point];
  for (const name of names) directories.push(`${directories.at(-1)}/${name}`);
  return directories.reverse();
}

function parseLimit(text: string | undefined): number | null {
  const limit = Number(text?.trim() || NaN);
  // Version 1 tells "no limit" as a number of pages that no machine has, or -1.
  return Number.isSafeInteger(limit) && limit > 0 ? limit : null;
}

function memoryLimit(files: KernelFiles, directory: string): number | null {
  const bytes = parseLimit(files.read(`${directory}/memory.max`)) ??
    parseLimit(files.read(`${directory}/memory.limit_in_bytes`));
  return bytes === null ? null : Math.floor(bytes / BYTES_PER_MIB);
}

function cpuLimit(files: KernelFiles, directory: string): number | null {
  const [quotaText, periodText] = files.read(`${directory}/cpu.max`)
    ?.split(" ") ?? [
    files.read(`${directory}/cpu.cfs_quota_us`),
    files.read(`${directory}/cpu.cfs_period_us`),
  ];
  const quota = parseLimit(quotaText);
  const period = parseLimit(periodText);
  return quota === null || period === null ? null : quota / period;
}

function smaller(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

/** The smallest limits that hold for this process. */
export function readCgroupLimits(files: KernelFiles): CgroupLimits {
  const paths = parseCgroupPaths(files.read("/proc/self/cgroup") ?? "");
  const mounts = parseCgroupMounts(files.read("/proc/self/mountinfo") ?? "");
  let memoryMb: number | null = null;
  let cpus: number | null = null;
  for (const mount of mounts) {
    const { controllers } = mount;
    const all = controllers.length === 0;
    const path = paths.get(all ? "" : controllers.find((c) => paths.has(c))!);
    if (path === undefined) continue;
    for (const directory of cgroupDirectories(path, mount)) {
      if (all || controllers.includes("memory")) {
        memoryMb = smaller(memoryMb, memoryLimit(files, directory));
      }
      if (all || controllers.includes("cpu")) {
        cpus = smaller(cpus, cpuLimit(files, directory));
      }
    }
  }
  return { memoryMb, cpus };
}
