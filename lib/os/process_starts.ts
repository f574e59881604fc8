/**
 * When processes began, as the kernel counts it: in ticks since the boot, which no
 * clock that is set can move.
 *
 * Read from `/proc`, for which Deno has no smaller permission than `--allow-all`.
 *
 * @module
 */
import { type KernelFiles, systemKernelFiles } from "./kernel_file.ts";
import { isGranted } from "./permissions.ts";

/** What is asked about processes; tests put made-up ones in their place. */
export interface ProcessStarts {
  /**
   * The boot and the namespaces in which the answers hold; `undefined` where nothing is
   * told.
   */
  readonly view: string | undefined;
  /** When a process began; `undefined` if that is not told. */
  ticksOf(pid: number): number | undefined;
}

/** Reads them from the kernel's files. */
export class KernelStarts implements ProcessStarts {
  readonly #files: KernelFiles;
  #view: { readonly known: string | undefined } | undefined;

  constructor(files: KernelFiles = systemKernelFiles) {
    this.#files = files;
  }

  get view(): string | undefined {
    this.#view ??= { known: this.#readView() };
    return this.#view.known;
  }

  ticksOf(pid: number): number | undefined {
    return parseStart(this.#files.read(`/proc/${pid}/stat`) ?? "");
  }

  #readView(): string | undefined {
    const boot = this.#files.read("/proc/sys/kernel/random/boot_id")?.trim();
    const pids = namespaceOf("pid");
    if (!boot || pids === undefined) return undefined;
    // A namespace of time moves the moment of the boot; old kernels have none.
    return `${boot}/${pids}/${namespaceOf("time") ?? ""}`;
  }
}

function namespaceOf(kind: "pid" | "time"): string | undefined {
  if (!isGranted({ name: "read" })) return undefined;
  try {
    return Deno.readLinkSync(`/proc/self/ns/${kind}`);
  } catch {
    return undefined;
  }
}

/** The moment in a line of `/proc/<pid>/stat`; `undefined` if it is not one. */
export function parseStart(text: string): number | undefined {
  // The program's name is in parentheses and may have any in it.
  const end = text.lastIndexOf(") ");
  if (end < 0) return undefined;
  const ticks = text.slice(end + 2).split(" ")[19];
  return /^\d{1,15}$/.test(ticks ?? "") ? Number(ticks) : undefined;
}
