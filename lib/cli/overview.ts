/**
 * A pool as its views see it: what belongs together put together, and short names
 * for what has long ones.
 *
 * @module
 */
import type {
  AmountsByName,
  EntryStatus,
  LeaseStatus,
  PoolStatus,
} from "../../mod.ts";
import { cardKey } from "./card_key.ts";
import type { Cell } from "./table.ts";
import { type Naming, namingOf } from "./render.ts";
import { NO_REGISTRY, type Registry, type Who } from "./who.ts";

/** A pool with what its views need beside it. */
export interface Overview {
  readonly status: PoolStatus;
  readonly waiters: readonly EntryStatus[];
  /** Work in progress by the id of its lease. */
  readonly work: ReadonlyMap<string, readonly EntryStatus[]>;
  /** Leased amounts of what has no capacity, such as free space on a disk. */
  readonly uncounted: ReadonlyMap<string, number>;
  readonly naming: Naming;
  /** The beginning of an id, which names it alone in this pool. */
  readonly shortId: (id: string) => string;
  readonly registry: Registry;
  readonly isMissing: boolean;
  readonly leftCount: number;
  /** The id that is marked among the others. */
  readonly selected?: string;
}

/** What is known of a pool beside its state. */
export interface Surroundings {
  readonly registry?: Registry;
  /** Whether there is no such pool yet. */
  readonly isMissing?: boolean;
  /** How many capacities only the copy beside an empty pool has. @default {0} */
  readonly leftCount?: number;
}

/** Shorter beginnings are too easily those of the next one, too. */
const MIN_ID_LENGTH = 6;

function commonLength(a: string, b: string | undefined): number {
  if (b === undefined) return 0;
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

/** For each of the ids its shortest beginning that no other has. */
export function shortIds(ids: Iterable<string>): ReadonlyMap<string, string> {
  const sorted = [...new Set(ids)].sort();
  return new Map(sorted.map((id, index) => {
    const shared = Math.max(
      commonLength(id, sorted[index - 1]),
      commonLength(id, sorted[index + 1]),
    );
    const length = Math.max(MIN_ID_LENGTH, shared + 1);
    // A cut that saves nothing but the number behind the dash only puzzles.
    return [id, length >= id.length - 2 ? id : id.slice(0, length)];
  }));
}

/** Puts together what the views need. */
export function overviewOf(
  status: PoolStatus,
  { registry = NO_REGISTRY, isMissing = false, leftCount = 0 }: Surroundings =
    {},
): Overview {
  const { resources, leases, queue } = status;
  const uncounted = new Map<string, number>();
  for (const lease of leases) {
    for (const [name, amount] of Object.entries(lease.resources)) {
      if (name in resources) continue;
      uncounted.set(name, (uncounted.get(name) ?? 0) + amount);
    }
  }
  const waiters = queue.filter(({ leaseId }) => leaseId === null);
  const ids = shortIds([...leases, ...waiters].map(({ id }) => id));
  return {
    status,
    waiters,
    work: Map.groupBy(
      queue.filter(({ leaseId }) => leaseId !== null),
      ({ leaseId }) => leaseId!,
    ),
    uncounted,
    naming: namingIn(status, uncounted.keys()),
    shortId: (id) => ids.get(id) ?? id,
    registry,
    isMissing,
    leftCount,
  };
}

/** The cell of an id. */
export function idCell(
  { shortId, selected }: Overview,
  id: string,
  color: boolean,
): Cell {
  if (id !== selected) return { text: shortId(id), style: "cyan" };
  return { text: color ? shortId(id) : `>${shortId(id)}`, style: "inverse" };
}

/** The users of some, where any is not the one who looks; else nothing worth a word. */
export function usersOf(
  people: readonly Who[],
  { me }: Registry,
): readonly string[] {
  const isMixed = people.some(({ user }) => user !== null && user !== me);
  return people.map(({ user }) => isMixed ? user ?? "" : "");
}

/**
 * What the resources of a pool are called, cards by their numbers where the driver
 * tells them.
 *
 * @param others names that have no capacity there
 */
export function namingIn(
  status: Pick<PoolStatus, "resources" | "cards">,
  others: Iterable<string> = [],
): Naming {
  const names = [...Object.keys(status.resources), ...others];
  return numbered(status, namingOf(names));
}

/** Cards by their number on this machine, where the driver tells it: `gpu 0`. */
export function numbered(
  { cards }: Pick<PoolStatus, "cards">,
  naming: Naming,
): Naming {
  const names = new Map(
    cards.filter(({ index }) => index !== null)
      .map(({ uuid, index }) => [cardKey(uuid), `gpu ${index}`]),
  );
  return (name) => names.get(name) ?? naming(name);
}

/** Those of the same kind in one group, in the order of the first of each. */
export function groupsOf<T extends LeaseStatus | EntryStatus>(
  members: readonly T[],
  kindOf: (member: T) => string,
): readonly (readonly T[])[] {
  return [...Map.groupBy(members, kindOf).values()];
}

/** The sum of amounts, by name. */
export function totalOf(amounts: readonly AmountsByName[]): AmountsByName {
  const total: Record<string, number> = Object.create(null);
  for (const some of amounts) {
    for (const [name, amount] of Object.entries(some)) {
      total[name] = (total[name] ?? 0) + amount;
    }
  }
  return total;
}

/** Several priorities in short: `5`, or `0..10`. */
export function priorityRange(
  members: readonly { priority: number }[],
): string {
  const all = members.map(({ priority }) => priority);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  return low === high ? String(low) : `${low}..${high}`;
}
