/**
 * The driver: what is in use on every card at this moment, and by whose processes.
 *
 * @module
 */
import type { DriverReading, SeenProcess } from "../core/cards.ts";
import type { ToolRunner } from "./command.ts";
import { type GpuSource, gpuSources, surveyUse } from "./gpu.ts";
import { type KernelFiles, systemKernelFiles } from "./kernel_file.ts";
import { isGranted } from "./permissions.ts";
import { readNamespace } from "./process_probe.ts";

/** What came of asking. */
export type DriverAnswer =
  | { readonly kind: "told"; readonly reading: DriverReading }
  /** No tool tells of any card, or none may be run. */
  | { readonly kind: "absent"; readonly why: string }
  /** A tool is there but broken, or too slow. */
  | { readonly kind: "broken"; readonly why: string };

/** The driver's port; tests put one of their own in its place. */
export interface Driver {
  /** Which machine is seen from here: those of one view are told the same. */
  readonly view: string;
  read(): Promise<DriverAnswer>;
}

/** No process has more; a loop in what is read must not be followed for ever. */
const ANCESTORS_MAX = 64;
const LEASE_VARIABLE = /(?:^|\0)RESLOCK_LEASE_ID=([^\0]{1,100})/;

/** Where processes are and whose children; undefined if this cannot be told here. */
function canTrace(files: KernelFiles): boolean {
  return readNamespace() === "host" && parentOf(files, Deno.pid) !== undefined;
}

/** A process's parent; undefined if it is gone, or may not be looked at. */
function parentOf(files: KernelFiles, pid: number): number | undefined {
  const stat = files.read(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The program's name is in parentheses and may have any in it.
  const parent = /^ \S (\d+) /.exec(stat.slice(stat.lastIndexOf(")") + 1));
  return parent === null ? undefined : Number(parent[1]);
}

function ancestorsOf(files: KernelFiles, pid: number): number[] {
  const ancestors: number[] = [];
  for (let one = parentOf(files, pid); one !== undefined && one > 1;) {
    ancestors.push(one);
    if (ancestors.length === ANCESTORS_MAX) break;
    one = parentOf(files, one);
  }
  return ancestors;
}

/** Other users' environments cannot be read: for those the ancestors have to do. */
function leaseNamedBy(files: KernelFiles, pid: number): string | null {
  const environment = files.read(`/proc/${pid}/environ`);
  return LEASE_VARIABLE.exec(environment ?? "")?.[1] ?? null;
}

/** What programs of one view have in common, as far as this one may see it. */
function viewOf(): string {
  if (isGranted({ name: "read" })) {
    try {
      return Deno.readLinkSync("/proc/self/ns/mnt");
    } catch {
      // No such file system here: the name of the host will do.
    }
  }
  const host = isGranted({ name: "sys", kind: "hostname" })
    ? Deno.hostname()
    : "";
  return `host:${host}`;
}

/** The drivers of this machine, through their tools. */
export class ToolDriver implements Driver {
  readonly #files: KernelFiles;
  #sources: readonly (readonly GpuSource[])[];
  #view: string | undefined;

  constructor(tools: ToolRunner, files: KernelFiles = systemKernelFiles) {
    this.#files = files;
    this.#sources = gpuSources(tools, files);
  }

  get view(): string {
    // Who takes ids for the machine's own is told more than who does not.
    return this.#view ??= `${viewOf()} ${readNamespace()}`;
  }

  async read(): Promise<DriverAnswer> {
    const uses = await Promise.all(this.#sources.map(surveyUse));
    const failure = uses.flatMap(({ failures }) => failures).at(0);
    if (failure !== undefined) return { kind: "broken", why: failure.message };
    if (uses.every(({ gpus }) => gpus.length === 0)) {
      const [finding] = uses.flatMap(({ findings }) => findings);
      return { kind: "absent", why: finding.detail };
    }
    // Vendors without a card need not be asked once a second.
    this.#sources = this.#sources.filter((_, at) => uses[at].gpus.length > 0);
    const traced = canTrace(this.#files);
    return {
      kind: "told",
      reading: {
        cards: uses.flatMap(({ gpus }) =>
          gpus.map(({ uuid, index, name, usedMb, freeMb }) => ({
            uuid,
            index,
            name,
            usedMb,
            freeMb,
          }))
        ),
        processes: uses.flatMap(({ processes }) =>
          processes.map(({ uuid, pid, name, usedMb }): SeenProcess => ({
            uuid,
            pid,
            name,
            usedMb,
            ancestors: traced ? ancestorsOf(this.#files, pid) : [],
            leaseId: traced ? leaseNamedBy(this.#files, pid) : null,
          }))
        ),
        traced,
      },
    };
  }
}
