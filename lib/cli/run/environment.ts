/**
 * What the child of `run` finds in its environment beside what was inherited.
 *
 * @module
 */
import type { AmountsByName } from "../../../mod.ts";
import { cardKey } from "../card_key.ts";
import { type Environment, type Sight, visibleCards } from "./visible.ts";

/** What a child is told of. */
export interface ChildFacts extends Sight {
  readonly leaseId: string;
  /** All that the lease holds. */
  readonly resources: AmountsByName;
  /** The state file, as an absolute path. */
  readonly statePath: string;
  /** How many cores it is pinned to; `null` if it is not. */
  readonly cores: number | null;
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

const THREAD_VARIABLES = [
  "OMP_NUM_THREADS",
  "MKL_NUM_THREADS",
  "OPENBLAS_NUM_THREADS",
  "BLIS_NUM_THREADS",
  "NUMEXPR_NUM_THREADS",
  "RAYON_NUM_THREADS",
];

/**
 * The variables of a child.
 *
 * @throws {ExitError} if it would see none of its cards
 */
export function childEnvironment(facts: ChildFacts): ChildEnvironment {
  const { leaseId, statePath, resources, inherited } = facts;
  const { env, uuids, warning } = visibleCards(facts);
  return {
    env: {
      RESLOCK_LEASE_ID: leaseId,
      RESLOCK_STATE: statePath,
      RESLOCK_RESOURCES: JSON.stringify(resources),
      ...outdated(inherited),
      ...amountVariables(resources, uuids),
      ...threadVariables(facts),
      ...env,
    },
    warning,
  };
}

/**
 * How many threads libraries start, which would go by the cores of the machine. Who has
 * set the one that most of them follow has decided for all.
 */
function threadVariables(
  { cores, inherited }: ChildFacts,
): Record<string, string> {
  if (cores === null || inherited(THREAD_VARIABLES[0])) return {};
  return Object.fromEntries(
    THREAD_VARIABLES.filter((name) => !inherited(name))
      .map((name) => [name, String(cores)]),
  );
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
  const vram = uuids.map((uuid) => resources[cardKey(uuid)]);
  return {
    ...(uuids.length > 0 && {
      RESLOCK_GPUS: uuids.join(","),
      RESLOCK_VRAM_MB: vram.join(","),
    }),
    ...(cores !== undefined && { RESLOCK_CPU_CORES: String(cores) }),
    ...(ram !== undefined && { RESLOCK_RAM_MB: String(ram) }),
  };
}
