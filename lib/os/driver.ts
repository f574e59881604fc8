/**
 * The driver: what is in use on every card at this moment, and by whose processes.
 *
 * @module
 */
import type { DriverReading, SeenProcess } from "../core/cards.ts";
import type { ToolRunner } from "./command.ts";
import { gpuSources, surveyUse } from "./gpu.ts";
import type { GpuSource } from "./gpu/source.ts";
import { type KernelFiles, systemKernelFiles } from "./kernel_file.ts";
import { isGranted } from "./permissions.ts";
import { readNamespace } from "./process_probe.ts";
import {
  KernelProcessTable,
  lineageOf,
  type ProcessTable,
} from "./process_table.ts";

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

function ancestorsOf(table: ProcessTable, pid: number): number[] {
  const [, ...ancestors] = lineageOf(pid, (one) => table.parentOf(one));
  return ancestors;
}

/** The drivers of this machine, through their tools. */
export class ToolDriver implements Driver {
  readonly #table: ProcessTable;
  #sources: readonly (readonly GpuSource[])[];
  #view: string | undefined;

  constructor(tools: ToolRunner, files: KernelFiles = systemKernelFiles) {
    this.#table = new KernelProcessTable(files);
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
    const table = this.#table;
    const traced = table.isWhole && table.parentOf(Deno.pid) !== undefined;
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
            ancestors: traced ? ancestorsOf(table, pid) : [],
            // Other users' environments cannot be read: the ancestors have to do.
            leaseId: traced ? table.leaseOf(pid) ?? null : null,
          }))
        ),
        traced,
      },
    };
  }
}
