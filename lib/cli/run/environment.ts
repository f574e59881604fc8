/**
 * What the child of `run` finds in its environment beside what was inherited.
 *
 * @module
 */
import type { AmountsByName } from "../../../mod.ts";
import { type Environment, type Sight, visibleCards } from "./visible.ts";

/** What a child is told of. */
export interface ChildFacts extends Sight {
  readonly leaseId: string;
  /** All that the lease holds. */
  readonly resources: AmountsByName;
  /** The state file, as an absolute path. */
  readonly statePath: string;
}

/** What is set for the child. */
export interface ChildEnvironment {
  readonly env: Readonly<Record<string, string>>;
  /** What the user should know; empty if nothing. */
  readonly warning: string;
}

/** Those that not every lease sets: one around this one may have. */
const AMOUNT_VARIABLES = [
  "RESLOCK_GPUS",
  "RESLOCK_VRAM_MB",
  "RESLOCK_CPU_CORES",
  "RESLOCK_RAM_MB",
];

/**
 * The variables of a child.
 *
 * @throws {ExitError} if it would see none of its cards
 */
export function childEnvironment(facts: ChildFacts): ChildEnvironment {
  const { leaseId, statePath, resources, inherited } = facts;
  const { env, uuids, hidden } = visibleCards(facts);
  return {
    env: {
      RESLOCK_LEASE_ID: leaseId,
      RESLOCK_STATE: statePath,
      RESLOCK_RESOURCES: JSON.stringify(resources),
      ...outdated(inherited),
      ...amountVariables(resources, uuids),
      ...env,
    },
    warning: hidden,
  };
}

/** Empties what a lease around this one has set. */
function outdated(inherited: Environment): Record<string, string> {
  return Object.fromEntries(
    AMOUNT_VARIABLES.filter((name) => inherited(name)).map((
      name,
    ) => [name, ""]),
  );
}

function amountVariables(
  resources: AmountsByName,
  uuids: readonly string[],
): Record<string, string> {
  const { cpu_cores: cores, ram_mb: ram } = resources;
  const vram = uuids.map((uuid) => resources[`gpu_${uuid}_vram_mb`]);
  return {
    ...(uuids.length > 0 && {
      RESLOCK_GPUS: uuids.join(","),
      RESLOCK_VRAM_MB: vram.join(","),
    }),
    ...(cores !== undefined && { RESLOCK_CPU_CORES: String(cores) }),
    ...(ram !== undefined && { RESLOCK_RAM_MB: String(ram) }),
  };
}
