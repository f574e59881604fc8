/**
 * Leases that use more than they hold, by what was measured or by what their holders
 * say.
 *
 * @module
 */
import { isSizeName } from "./amount.ts";
import { gpuOfKey } from "./model.ts";

/** What a lease has to tell, as in the status of a pool. */
export interface LeaseFacts {
  /** Its id. */
  readonly id: string;
  /** The process that holds it, as that sees itself. */
  readonly pid: number;
  /** Its number on the host, where the holder knew it; 1 if it sees none of the host's. */
  readonly hostPid: number | null;
  /** Children for which the lease is kept. */
  readonly pids: readonly number[];
  /** What is held. */
  readonly resources: Readonly<Record<string, number>>;
  /** What the holder says that it uses. */
  readonly actualResources: Readonly<Record<string, number>>;
}

/** What the processes of a lease use. */
export interface LeaseUsage {
  /** Its processes that were found to use something, in the order of their ids. */
  readonly pids: readonly number[];
  /**
   * MiB by resource name: `ram_mb`, and `gpu_<uuid>_vram_mb` for each card that they
   * hold memory of.
   */
  readonly resources: Readonly<Record<string, number>>;
  /** Their processor time in seconds, with that of children that have ended. */
  readonly cpuSeconds: number | null;
}

/** A resource of which more is used than was leased. */
export interface Overuse {
  /** Its name. */
  readonly resource: string;
  /** What the lease holds of it, in MiB. */
  readonly leasedMb: number;
  /** What is used of it, in MiB. */
  readonly usedMb: number;
}

/**
 * What a lease uses beyond what it holds, by what was measured, else by what its
 * holder says.
 *
 * @param usage what was measured of it, as by {@linkcode measureUsage}
 */
export function overuseOf(
  { resources, actualResources }: Pick<
    LeaseFacts,
    "resources" | "actualResources"
  >,
  usage?: LeaseUsage,
): Overuse[] {
  const used: Record<string, number> = {
    ...actualResources,
    ...usage?.resources,
  };
  const cards = Object.keys(resources).filter((name) =>
    gpuOfKey(name) !== undefined
  );
  return Object.entries(used).flatMap(([resource, usedMb]) => {
    if (!isSizeName(resource)) return [];
    // The Python package tells the memory of all cards in one figure.
    const isAllCards = resource === "vram_mb" && !(resource in resources);
    const leasedMb = isAllCards
      ? cards.reduce((all, name) => all + resources[name], 0)
      : resources[resource] ??
        (gpuOfKey(resource) === undefined ? undefined : 0);
    // What it never asked for was not promised to others either.
    if (leasedMb === undefined || usedMb <= leasedMb) return [];
    if (isAllCards && cards.length === 0) return [];
    return [{ resource, leasedMb, usedMb }];
  });
}
