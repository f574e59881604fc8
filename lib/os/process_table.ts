/**
 * The processes of this machine: whose children they are, and what they use.
 *
 * Read from `/proc`, for which Deno has no smaller permission than `--allow-all`.
 *
 * @module
 */
import { type KernelFiles, systemKernelFiles } from "./kernel_file.ts";
import { readNamespace } from "./process_probe.ts";

/** A process as it is listed. */
export interface ListedProcess {
  readonly pid: number;
  /** Its parent; 0 for the first. */
  readonly parent: number;
  /** Processor time of its own and of children that have ended, in seconds. */
  readonly cpuSeconds: number;
}

/** What is asked about processes; tests put a made-up machine in its place. */
export interface ProcessTable {
  /** Whether ids here are the machine's own, and processes may be looked at. */
  readonly isWhole: boolean;
  /** All processes that can be seen. */
  list(): readonly ListedProcess[];
  /** The parent of a process; `undefined` if it is not there. */
  parentOf(pid: number): number | undefined;
  /** The lease that its environment names, where that may be read. */
  leaseOf(pid: number): string | undefined;
  /** Its share of the RAM in MiB; `undefined` if it is not there. */
  ramMb(pid: number): number | undefined;
}

/** No process has more; a loop in what is read must not be followed for ever. */
const ANCESTORS_MAX = 64;
/** The same on every Linux that runs today. */
const TICKS_PER_SECOND = 100;
const LEASE_VARIABLE = /(?:^|\0)RESLOCK_LEASE_ID=([^\0]{1,100})/;

/** A process and those that it descends from, its parent first. */
export function* lineageOf(
  pid: number,
  parentOf: (pid: number) => number | undefined,
): Generator<number> {
  yield pid;
  let one = parentOf(pid);
  for (let i = 0; i < ANCESTORS_MAX && one !== undefined && one > 0; i++) {
    yield one;
    one = parentOf(one);
  }
}

/** Reads a line of `/proc/<pid>/stat`; `undefined` if it is not one. */
export function parseStat(text: string): ListedProcess | undefined {
  const pid = /^(\d+) \(/.exec(text)?.[1];
  // The program's name is in parentheses and may have any in it.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [parent, ...times] = [fields[1], ...fields.slice(11, 15)].map(Number);
  const ticks = times.reduce((sum, time) => sum + time, 0);
  if (pid === undefined || times.length < 4) return undefined;
  if (!Number.isSafeInteger(parent) || !Number.isFinite(ticks)) {
    return undefined;
  }
  return { pid: Number(pid), parent, cpuSeconds: ticks / TICKS_PER_SECOND };
}

/** Reads a figure in kB from a list such as `/proc/<pid>/status`, in MiB. */
function figure(text: string | undefined, name: string): number | undefined {
  const kb = new RegExp(`^${name}:\\s*(\\d+) kB$`, "m").exec(text ?? "")?.[1];
  return kb === undefined ? undefined : Number(kb) / 1024;
}

/** The processes in the kernel's files. */
export class KernelProcessTable implements ProcessTable {
  readonly #files: KernelFiles;
  readonly #namespace: () => "host" | "private" | "unknown";

  constructor(
    files: KernelFiles = systemKernelFiles,
    namespace: () => "host" | "private" | "unknown" = () => readNamespace(),
  ) {
    this.#files = files;
    this.#namespace = namespace;
  }

  get isWhole(): boolean {
    return this.#files.readable && this.#namespace() === "host";
  }

  list(): readonly ListedProcess[] {
    return this.#files.list("/proc").filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => this.#stat(pid) ?? []);
  }

  parentOf(pid: number): number | undefined {
    return this.#stat(pid)?.parent;
  }

  leaseOf(pid: number): string | undefined {
    const environment = this.#files.read(`/proc/${pid}/environ`);
    return LEASE_VARIABLE.exec(environment ?? "")?.[1];
  }

  ramMb(pid: number): number | undefined {
    // Pages that several processes share count for each in part. Of another user's
    // process that is not told.
    return figure(this.#files.read(`/proc/${pid}/smaps_rollup`), "Pss") ??
      figure(this.#files.read(`/proc/${pid}/status`), "VmRSS");
  }

  #stat(pid: number | string): ListedProcess | undefined {
    const text = this.#files.read(`/proc/${pid}/stat`);
    return text === undefined ? undefined : parseStat(text);
  }
}
