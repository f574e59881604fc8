/**
 * The machine around the cards: processor cores, RAM, disks and network.
 *
 * Two things are kept apart: what the machine has, and what this process may use of
 * it. A limit of a container is the container's own affair: it must not become the
 * capacity of a pool that the host and others share, so nothing is registered from
 * inside one that has less than the machine.
 *
 * @module
 */
import { formatMb } from "../core/amount.ts";
import { type CgroupLimits, readCgroupLimits } from "./cgroup.ts";
import { type DiskSpace, parseDiskMounts, readDiskSpace } from "./disk.ts";
import { type KernelFiles, systemKernelFiles } from "./kernel_file.ts";
import { isGranted } from "./permissions.ts";
import { readNamespace } from "./process_probe.ts";

/** The processor cores of this machine. */
export interface CpuCores {
  /** How many this process may use: affinity and cgroup quotas, rounded down, at least 1. */
  readonly usable: number;
  /** How many the machine has; `null` without `--allow-all`. */
  readonly total: number | null;
}

/** The memory of this machine, in MiB. */
export interface Ram {
  /** What the machine has; `null` without `--allow-sys=systemMemoryInfo`. */
  readonly totalMb: number | null;
  /** The most that this process may use if that is less than all; `null` if it is not. */
  readonly limitMb: number | null;
  /** What a pool can hand out: the total without the reserve. */
  readonly capacityMb: number | null;
}

/** Options of {@linkcode detectRamMb}. */
export interface RamOptions {
  /** MiB to keep out of the pool, for the system and programs without a lease. @default {0} */
  readonly reserveMb?: number;
}

/** Options of {@linkcode detectDisks}. */
export interface DiskOptions {
  /** Where to look; without it at every mounted disk, which needs `--allow-all`. */
  readonly paths?: readonly string[];
}

/** A network card that is up. */
export interface NetworkLink {
  /** Its name in the system, such as `eth0`. */
  readonly name: string;
  /** How fast it sends, in Mbit/s. */
  readonly speedMbps: number;
}

/** What is asked of the system; tests put a made-up machine in its place. */
export interface Host {
  readonly files: KernelFiles;
  /** Cores by affinity and quota, as Deno sees them: needs no permission. */
  readonly concurrency: number;
  /** Whether this process is in a container, as far as that can be told. */
  readonly contained: boolean;
  /** Bytes of RAM; `undefined` if it may not be asked. */
  ramBytes(): number | undefined;
  disk(path: string): Promise<DiskSpace>;
}

const BYTES_PER_MIB = 1024 * 1024;

/** This machine. */
export const systemHost: Host = {
  files: systemKernelFiles,
  get concurrency() {
    return navigator.hardwareConcurrency;
  },
  get contained() {
    return readNamespace() === "private";
  },
  ramBytes() {
    if (!isGranted({ name: "sys", kind: "systemMemoryInfo" })) return undefined;
    return Deno.systemMemoryInfo().total;
  },
  disk: readDiskSpace,
};

/** Counts the cores in a list such as `0-3,8`; `null` if it is not one. */
export function countCpuList(text: string): number | null {
  let count = 0;
  for (const range of text.trim().split(",")) {
    const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(range);
    if (match === null) return null;
    const [, first, last = first] = match;
    count += Number(last) - Number(first) + 1;
  }
  return count > 0 ? count : null;
}

function affinity(files: KernelFiles): number | null {
  const status = files.read("/proc/self/status") ?? "";
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1];
  return list === undefined ? null : countCpuList(list);
}

/** The cores of a machine; see {@linkcode detectCpuCores}. */
export function readCpuCores(
  host: Host,
  limits: CgroupLimits = readCgroupLimits(host.files),
): CpuCores {
  const { files } = host;
  const usable = Math.min(
    host.concurrency,
    affinity(files) ?? Infinity,
    limits.cpus ?? Infinity,
  );
  const online = files.read("/sys/devices/system/cpu/online");
  return {
    usable: Math.max(1, Math.floor(usable)),
    total: online === undefined ? null : countCpuList(online),
  };
}

/**
 * Finds how many processor cores this process may use: its affinity, and the quotas
 * of its cgroup and of every one around it. Needs no permission; with `--allow-all`
 * it also tells how many the machine has.
 */
export function detectCpuCores(): CpuCores {
  return readCpuCores(systemHost);
}

/** The memory of a machine; see {@linkcode detectRamMb}. */
export function readRam(
  host: Host,
  { reserveMb = 0 }: RamOptions = {},
  limits: CgroupLimits = readCgroupLimits(host.files),
): Ram {
  if (!Number.isSafeInteger(reserveMb) || reserveMb < 0) {
    throw new RangeError(
      `Cannot keep a reserve of RAM as it must be a whole number of MB, 0 or ` +
        `more: current value is ${reserveMb}`,
    );
  }
  const bytes = host.ramBytes();
  if (bytes === undefined) {
    return { totalMb: null, limitMb: null, capacityMb: null };
  }
  const totalMb = Math.floor(bytes / BYTES_PER_MIB);
  if (reserveMb >= totalMb) {
    throw new RangeError(
      `Cannot keep ${
        formatMb(reserveMb)
      } of RAM in reserve as the machine has ` +
        `${formatMb(totalMb)}: reserve less`,
    );
  }
  const { memoryMb } = limits;
  return {
    totalMb,
    limitMb: memoryMb !== null && memoryMb < totalMb ? memoryMb : null,
    capacityMb: totalMb - reserveMb,
  };
}

/**
 * Finds how much RAM the machine has, what a pool can hand out of it, and the limit
 * that this process is under. Needs `--allow-sys=systemMemoryInfo`, for the limit
 * `--allow-all`.
 *
 * @throws {RangeError} if the reserve is not a whole number, or leaves nothing
 */
export function detectRamMb(options: RamOptions = {}): Ram {
  return readRam(systemHost, options);
}

/** Disks that answered, and why others did not. */
export interface DiskSurvey {
  readonly disks: readonly DiskSpace[];
  readonly failures: readonly string[];
}

/** The disks of a machine; see {@linkcode detectDisks}. */
export async function readDisks(
  host: Host,
  { paths }: DiskOptions = {},
): Promise<DiskSurvey> {
  const mountinfo = host.files.read("/proc/self/mountinfo") ?? "";
  const answers = await Promise.allSettled(
    (paths ?? parseDiskMounts(mountinfo)).map((path) => host.disk(path)),
  );
  const disks: DiskSpace[] = [];
  const failures: string[] = [];
  for (const answer of answers) {
    if (answer.status === "fulfilled") disks.push(answer.value);
    else failures.push(String(answer.reason?.message ?? answer.reason));
  }
  return { disks, failures };
}

/**
 * Finds how much room disks have. Those that may not be asked, or do not answer
 * within 2 seconds, are left out. Needs `--allow-read` and `--allow-sys=statfs`.
 */
export async function detectDisks(
  options: DiskOptions = {},
): Promise<readonly DiskSpace[]> {
  return (await readDisks(systemHost, options)).disks;
}

/** The network cards of a machine; see {@linkcode detectNetwork}. */
export function readNetwork({ files }: Host): NetworkLink[] {
  const links: NetworkLink[] = [];
  for (const name of files.list("/sys/class/net")) {
    const path = `/sys/class/net/${name}`;
    // Bridges and the like claim a speed, but what they carry goes through a card.
    if (files.list(`${path}/device`).length === 0) continue;
    if (files.read(`${path}/operstate`)?.trim() !== "up") continue;
    const speedMbps = Number(files.read(`${path}/speed`)?.trim());
    if (Number.isSafeInteger(speedMbps) && speedMbps > 0) {
      links.push({ name, speedMbps });
    }
  }
  return links;
}

/**
 * Finds how fast the network cards that are up can send. Linux only; needs
 * `--allow-all`, and finds none without it.
 */
export function detectNetwork(): readonly NetworkLink[] {
  return readNetwork(systemHost);
}
