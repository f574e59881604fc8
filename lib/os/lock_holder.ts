/**
 * Who holds the lock of a file, as far as the kernel tells it in `/proc`: not without
 * `--allow-all`, and not of a process in another PID namespace.
 *
 * @module
 */
import { quoted } from "../core/quoted.ts";
import { type KernelFiles, systemKernelFiles } from "./kernel_file.ts";

/** A process that has the exclusive or a shared lock of a file. */
export interface LockHolder {
  readonly pid: number;
  /** Its words, in quotes; undefined if the kernel does not tell. */
  readonly command: string | undefined;
  /** Whether it was stopped, as by Ctrl-Z or a debugger: it will not go on by itself. */
  readonly isStopped: boolean;
}

/** The file as `stat` has it. */
export interface LockedFile {
  readonly dev: number;
  readonly ino: number;
}

const COMMAND_MAX = 60;

/** `1: FLOCK  ADVISORY  WRITE 4242 fe:00:1077243 0 EOF`; those who wait have an arrow. */
const LINE = /^\d+: FLOCK +\S+ +\S+ +(\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) /;

/** Finds a process that has the lock of a file; undefined if the kernel tells of none. */
export function findLockHolder(
  { dev, ino }: LockedFile,
  kernel: KernelFiles = systemKernelFiles,
): LockHolder | undefined {
  for (const line of (kernel.read("/proc/locks") ?? "").split("\n")) {
    const match = LINE.exec(line);
    if (match === null || Number(match[4]) !== ino) continue;
    const [major, minor] = [parseInt(match[2], 16), parseInt(match[3], 16)];
    if (major === majorOf(dev) && minor === minorOf(dev)) {
      return describe(Number(match[1]), kernel);
    }
  }
  return undefined;
}

function describe(pid: number, kernel: KernelFiles): LockHolder {
  const words = kernel.read(`/proc/${pid}/cmdline`) ?? "";
  const command = words.replaceAll("\0", " ").trim();
  const status = kernel.read(`/proc/${pid}/status`) ?? "";
  return {
    pid,
    command: command === "" ? undefined : quoted(command, COMMAND_MAX),
    isStopped: /^State:\s+[Tt]/m.test(status),
  };
}

// `stat` packs both into one number, in pieces; of 64 bits, which shifts cut.

function majorOf(dev: number): number {
  return Math.floor(dev / 2 ** 8) % 2 ** 12 +
    Math.floor(dev / 2 ** 44) * 2 ** 12;
}

function minorOf(dev: number): number {
  return dev % 2 ** 8 + Math.floor(dev / 2 ** 20) % 2 ** 24 * 2 ** 8;
}
