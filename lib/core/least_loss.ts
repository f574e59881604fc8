/**
 * Which of several leases are to come back so that a request fits.
 *
 * @module
 */
import type { Ledger, OutsideTruth } from "./ledger.ts";
import type { LeaseRecord } from "./model.ts";
import type { Demand } from "./placement.ts";

/**
 * With more leases to choose from, the least loss is approached, not searched:
 * twice as many sets for every lease more would hold up the file lock.
 */
const SEARCHED_LEASES_MAX = 10;

/**
 * The leases whose return lets a demand through with the least loss, or
 * `undefined` if not even all of them would do. Of all such sets, the one
 * (1) whose highest priority is the lowest,
 * (2) of these with the fewest leases,
 * (3) of these that gives back the least of the names that are short,
 * (4) of these the first by priority, amount of those names and id.
 *
 * With more than `SEARCHED_LEASES_MAX` leases to choose from, (1) holds and no
 * lease is superfluous, but (2) and (3) may be missed.
 *
 * @param truth what the one who demands it saw outside, to be judged by that as well
 */
export function leastLoss(
  ledger: Ledger,
  demand: Demand,
  leases: readonly LeaseRecord[],
  truth?: OutsideTruth,
): LeaseRecord[] | undefined {
  const need = { ledger, demand, truth };
  if (fits(need)) return [];
  const candidates = candidatesFor(need, leases).sort((a, b) =>
    a.lease.priority - b.lease.priority || b.amount - a.amount || byId(a, b)
  );
  const enough = firstEnough(need, candidates);
  if (enough === undefined) return undefined;
  // Those of lower priority alone were not enough, so this one is the lowest.
  const highest = enough.at(-1)!.lease.priority;
  const eligible = candidates.filter(({ lease }) => lease.priority <= highest);
  const chosen = eligible.length <= SEARCHED_LEASES_MAX
    ? smallestSet(need, eligible)
    : withoutSuperfluous(need, enough);
  return chosen.map(({ lease }) => lease);
}

/**
 * Of leases that come back anyway, some that let a demand through, none of them
 * superfluous; `undefined` if not even all of them would do. High priorities are
 * taken first, as they are of use to fewer other waiters, of these small ones.
 */
export function leastShared(
  ledger: Ledger,
  demand: Demand,
  leases: readonly LeaseRecord[],
  truth?: OutsideTruth,
): LeaseRecord[] | undefined {
  const need = { ledger, demand, truth };
  if (fits(need)) return [];
  const candidates = candidatesFor(need, leases).sort((a, b) =>
    b.lease.priority - a.lease.priority || a.amount - b.amount || byId(a, b)
  );
  const enough = firstEnough(need, candidates);
  if (enough === undefined) return undefined;
  return withoutSuperfluous(need, enough).map(({ lease }) => lease);
}

/** A lease with how much it holds of what is short. */
interface Candidate {
  readonly lease: LeaseRecord;
  readonly amount: number;
}

/** Who is to be let through, and what is left for it. */
interface Need {
  readonly ledger: Ledger;
  readonly demand: Demand;
  /** What it saw outside, if that is what stands in its way. */
  readonly truth: OutsideTruth | undefined;
}

function fits({ ledger, demand, truth }: Need): boolean {
  return ledger.bind(demand, truth) !== undefined;
}

function candidatesFor(
  { ledger, demand, truth }: Need,
  leases: readonly LeaseRecord[],
): Candidate[] {
  if (leases.length === 0) return [];
  const names = ledger.shortNames(demand, truth);
  const candidates: Candidate[] = [];
  for (const lease of leases) {
    let held = 0;
    for (const [name, amount] of lease.resources) {
      if (names.has(name)) held += amount;
    }
    if (held > 0) candidates.push({ lease, amount: held });
  }
  return candidates;
}

/** Any order will do that depends on neither time nor file. */
function byId(a: Candidate, b: Candidate): number {
  return a.lease.id < b.lease.id ? -1 : 1;
}

/** The shortest beginning of the candidates that lets the demand through. */
function firstEnough(
  need: Need,
  candidates: readonly Candidate[],
): readonly Candidate[] | undefined {
  const { ledger } = need;
  let size = 0;
  let isEnough = false;
  while (!isEnough && size < candidates.length) {
    ledger.give(candidates[size++].lease.resources);
    isEnough = fits(need);
  }
  const enough = candidates.slice(0, size);
  for (const { lease } of enough) ledger.take(lease.resources);
  return isEnough ? enough : undefined;
}

/** The set of candidates by (2) to (4) of {@linkcode leastLoss}; all together are enough. */
function smallestSet(
  need: Need,
  candidates: readonly Candidate[],
): readonly Candidate[] {
  const { ledger } = need;
  const chosen: Candidate[] = [];
  let best = candidates;
  let bestAmount = Infinity;
  const choose = (size: number, from: number, amount: number) => {
    if (amount >= bestAmount) return;
    if (size === 0) {
      if (!fits(need)) return;
      best = [...chosen];
      bestAmount = amount;
      return;
    }
    for (let at = from; at <= candidates.length - size; at++) {
      const candidate = candidates[at];
      chosen.push(candidate);
      ledger.give(candidate.lease.resources);
      choose(size - 1, at + 1, amount + candidate.amount);
      ledger.take(candidate.lease.resources);
      chosen.pop();
    }
  };
  for (
    let size = 1;
    bestAmount === Infinity && size < candidates.length;
    size++
  ) {
    choose(size, 0, 0);
  }
  return best;
}

/** Drops whatever the rest is enough without, beginning with the last. */
function withoutSuperfluous(
  need: Need,
  candidates: readonly Candidate[],
): readonly Candidate[] {
  const { ledger } = need;
  const needed = new Set(candidates);
  for (const { lease } of candidates) ledger.give(lease.resources);
  for (const candidate of candidates.toReversed()) {
    ledger.take(candidate.lease.resources);
    if (fits(need)) needed.delete(candidate);
    else ledger.give(candidate.lease.resources);
  }
  for (const { lease } of needed) ledger.take(lease.resources);
  return [...needed];
}
