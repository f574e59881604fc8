/**
 * Why somebody waits: what is short, who has it, who goes first, and what may be done
 * about it.
 *
 * Invariants:
 * (1) It never contradicts a plan: what is granted, fits or is asked back is taken
 *     from the plan itself, and only the reasons are found here.
 * (2) Whoever waits and could be served at all is given a reason: something of which
 *     less is left, once those in front have theirs, than it asks for.
 *
 * @module
 */
import { comingBack } from "./coming_back.ts";
import { refusalText, sentenceOf } from "./explain_text.ts";
import {
  type Explanation,
  type Holder,
  NAMED_MAX,
  type Outsider,
  type Party,
  type Shortage,
  type Verdict,
} from "./explanation.ts";
import { earliestStarts } from "./forecast.ts";
import { isOneThing, Ledger, type OutsideTruth } from "./ledger.ts";
import {
  type Amounts,
  diskOfKey,
  type EntryRecord,
  gpuKey,
  gpuOfKey,
  type LeaseRecord,
} from "./model.ts";
import { type Obstacle, obstacleTo, refusalOf } from "./placement.ts";
import { type Plan, plan, type PlanContext } from "./scheduler.ts";
import { PoolState, type Waiter } from "./state.ts";

/** Stands for the cards among the names of what is claimed. */
const CARDS = "\0cards";

/**
 * Explains those who wait.
 *
 * @param options.seen what the driver told of cards, where it was asked: those who look
 * there themselves may be held up by it
 * @param options.atMost of how many, by rank. @default {Infinity}
 */
export function explainWaiters(
  state: PoolState,
  context: PlanContext,
  nowMs: number,
  { seen, atMost = Infinity }: {
    readonly seen?: OutsideTruth;
    readonly atMost?: number;
  } = {},
): ReadonlyMap<EntryRecord, Explanation> {
  const waiters = state.waiters.slice(0, Math.max(0, atMost));
  if (waiters.length === 0) return new Map();
  const explaining = new Explaining(state, context, nowMs, seen);
  const explanations = new Map<EntryRecord, Explanation>();
  for (const waiter of waiters) {
    explanations.set(waiter.entry, explaining.explain(waiter));
    explaining.pass(waiter);
  }
  return explanations;
}

/**
 * Explains what would become of a request that came now. The state stays as it is.
 *
 * @param entry the request as it would be queued
 * @param options.gone ids of leases and entries that would be found dead
 * @param options.waitForCapacity whether it would wait for what has no capacity yet.
 * @default {false}
 */
export function explainRequest(
  state: PoolState,
  entry: EntryRecord,
  context: PlanContext,
  options: {
    readonly nowMs: number;
    readonly gone?: ReadonlySet<string>;
    readonly waitForCapacity?: boolean;
  },
): Explanation {
  const imagined = copyOf(state, options.gone ?? new Set());
  imagined.addEntry(entry);
  const explaining = new Explaining(imagined, context, options.nowMs);
  for (const waiter of imagined.waiters) {
    if (waiter.entry !== entry) {
      explaining.pass(waiter);
      continue;
    }
    const why = explaining.explain(waiter);
    if (why.verdict !== "impossible") return why;
    const { resources, cards } = imagined;
    const refusal = refusalOf(waiter, resources, cards, options);
    return refusal === undefined
      ? { ...why, verdict: "waits" }
      : explainObstacle(refusal);
  }
  throw new Error("Cannot explain a request that does not wait: report it");
}

/** What there is to say of a request that is refused. */
export function explainObstacle(obstacle: Obstacle): Explanation {
  return {
    verdict: "impossible",
    short: [],
    reclaims: [],
    obstacle,
    earliestStart: null,
    sentence: refusalText(obstacle),
  };
}

/** The state as it would be if what has no capacity had one of these. */
export function supposing(state: PoolState, capacities: Amounts): PoolState {
  if (capacities.size === 0) return state;
  const copy = copyOf(state, new Set());
  for (const [name, capacity] of capacities) {
    if (!copy.resources.has(name)) copy.setResource(name, capacity);
  }
  return copy;
}

function copyOf(state: PoolState, without: ReadonlySet<string>): PoolState {
  const copy = new PoolState();
  for (const [name, capacity] of state.resources) {
    copy.setResource(name, capacity);
  }
  for (const lease of state.leases) {
    if (!without.has(lease.id)) copy.addLease(lease);
  }
  for (const { entry } of state.waiters) {
    if (!without.has(entry.id)) copy.addEntry(entry);
  }
  for (const entry of state.work) {
    if (!without.has(entry.id)) copy.addEntry(entry);
  }
  return copy;
}

/** A walk over the waiters by rank, with what is left for each of them. */
class Explaining {
  readonly #state: PoolState;
  readonly #context: PlanContext;
  readonly #plan: Plan;
  readonly #granted: ReadonlyMap<Waiter, Plan["grants"][number]>;
  readonly #fitting: ReadonlySet<string>;
  readonly #starts: ReadonlyMap<Waiter, number>;
  readonly #reclaims: ReadonlyMap<Waiter, readonly LeaseRecord[]>;
  readonly #ledger: Ledger;
  readonly #claims = new Map<string, Claims>();
  readonly #leases = new Map<string, readonly Holder[]>();
  readonly #seen: OutsideTruth | undefined;
  /** Cards by the numbers that people know, as far as a driver told. */
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #nowMs: number;

  constructor(
    state: PoolState,
    context: PlanContext,
    nowMs: number,
    seen?: OutsideTruth,
  ) {
    this.#seen = seen;
    this.#numbers = numbersIn(seen ?? context.confirming);
    this.#nowMs = nowMs;
    this.#state = state;
    this.#context = context;
    this.#plan = plan(state, context);
    const { grants, fitting } = this.#plan;
    this.#granted = new Map(grants.map((grant) => [grant.waiter, grant]));
    this.#fitting = new Set(fitting);
    this.#starts = earliestStarts(state, grants, context.stalled, nowMs);
    this.#reclaims = comingBack(
      state,
      this.#plan,
      context,
      (waiter) => this.#truthFor(waiter),
    );
    this.#ledger = new Ledger(state);
  }

  /** Explains the next one. */
  explain(waiter: Waiter): Explanation {
    const { resources, cards } = this.#state;
    const obstacle = obstacleTo(waiter, resources, cards) ?? null;
    const verdict = this.#verdict(waiter, obstacle);
    const start = verdict === "waits" ? this.#starts.get(waiter) : undefined;
    // By the accounting it would start now: what it waits for, no estimate tells of.
    const isTold = start !== undefined && start > this.#nowMs;
    const reclaims = this.#reclaims.get(waiter) ?? [];
    const facts = {
      verdict,
      short: verdict === "waits" ? this.#shortages(waiter) : [],
      reclaims: reclaims.map(({ id, label }) => ({ id, label })),
      obstacle: verdict === "impossible" ? obstacle : null,
      earliestStart: isTold ? isoTime(start) : null,
    };
    return { ...facts, sentence: sentenceOf(facts, this.#numbers) };
  }

  /** Goes on to the one behind: takes or sets aside what the plan does. */
  pass(waiter: Waiter): void {
    const ledger = this.#ledger;
    const grant = this.#granted.get(waiter);
    if (grant !== undefined) ledger.take(grant.resources);
    else if (this.#keeps(waiter)) ledger.setAside(waiter);
    else return;
    const wanted = new Set([...waiter.counters.keys()].map(groupOf));
    if (waiter.slots.length > 0) wanted.add(CARDS);
    for (const group of wanted) this.#claim(group, waiter);
  }

  #keeps(waiter: Waiter): boolean {
    if (this.#context.stalled.has(waiter.id)) return false;
    if (this.#fitting.has(waiter.id)) return true;
    return !waiter.yields && isOneThing(this.#state, waiter) &&
      this.#ledger.canEver(waiter);
  }

  #verdict(waiter: Waiter, obstacle: Obstacle | null): Verdict {
    if (this.#granted.has(waiter)) return "grantable";
    // Whoever looked outside and was not granted knows that it does not fit.
    const truth = this.#truthFor(waiter);
    const isShort = truth !== undefined &&
      this.#ledger.bind(waiter, truth) === undefined;
    if (this.#fitting.has(waiter.id) && !isShort) return "unconfirmed";
    return obstacle === null ? "waits" : "impossible";
  }

  /** What the waiter itself sees, or saw. */
  #truthFor({ id, native, confirms, counters }: Waiter) {
    const { confirming } = this.#context;
    if (confirming?.id === id) return confirming;
    // Of disks nobody else can tell.
    const isJudged = native && confirms &&
      [...counters.keys()].every((name) => diskOfKey(name) === undefined);
    return isJudged ? this.#seen : undefined;
  }

  #claim(group: string, { id, entry: { label } }: Waiter): void {
    const claims = this.#claims.get(group) ?? NO_CLAIMS;
    this.#claims.set(group, {
      first: claims.count < NAMED_MAX
        ? [...claims.first, { id, label }]
        : claims.first,
      count: claims.count + 1,
    });
  }

  #shortages(waiter: Waiter): Shortage[] {
    const { counters, slots } = waiter;
    const truth = this.#truthFor(waiter);
    const short: Shortage[] = [];
    for (const [name, requested] of counters) {
      if (this.#ledger.admits(name, requested, truth)) continue;
      short.push({
        resource: name,
        requested,
        ...this.#amounts(name, truth),
        slot: null,
        ...this.#holders(name, [name], truth),
        ...this.#behind(groupOf(name)),
      });
    }
    if (slots.length === 0) return short;
    const cards = this.#state.cards.map(({ key }) => this.#amounts(key, truth));
    const left = cards.map(({ left }) => left).sort(descending);
    // The n-th best card serves the n-th largest slot, or none does.
    const slot = slots.findIndex((amount, at) => amount > left[at]);
    if (slot >= 0 || short.length === 0) {
      const free = cards.map(({ free }) => free).sort(descending);
      // Cards may fall short of both together: a name of one beside those we choose.
      const at = Math.max(0, slot);
      const requested = slots[at];
      short.push({
        resource: "vram_mb",
        requested,
        free: free[at],
        left: left[at],
        slot: at,
        ...this.#cardHolders(requested, truth),
        ...this.#behind(CARDS),
      });
    }
    return short;
  }

  /** Who has memory of the cards that could have so much. */
  #cardHolders(requested: number, truth: OutsideTruth | undefined): Held {
    const keys = this.#state.cards
      .filter(({ capacityMb }) => capacityMb >= requested)
      .map(({ key }) => key);
    // The largest ones: their number tells which.
    return this.#holders(`${CARDS} ${keys.length}`, keys, truth);
  }

  /** What is free, and what is left of it for the next one. */
  #amounts(
    name: string,
    truth: OutsideTruth | undefined,
  ): { readonly free: number; readonly left: number } {
    const now = this.#ledger.unleased(name, truth);
    const taken = this.#ledger.taken(name);
    return { free: Math.max(0, now), left: Math.max(0, now - taken) };
  }

  #behind(group: string): Pick<Shortage, "behind" | "behindCount"> {
    const { first, count } = this.#claims.get(group) ?? NO_CLAIMS;
    return { behind: first, behindCount: count };
  }

  #holders(
    memo: string,
    names: readonly string[],
    truth: OutsideTruth | undefined,
  ): Held {
    const holders = this.#leasesOn(memo, names);
    const outside = outsidersOn(names, truth);
    return {
      holders: holders.slice(0, NAMED_MAX),
      holderCount: holders.length,
      outside: outside.slice(0, NAMED_MAX),
      outsideCount: outside.length,
    };
  }

  /** Who holds any of these, looked up once for all who lack them. */
  #leasesOn(memo: string, names: readonly string[]): readonly Holder[] {
    const known = this.#leases.get(memo);
    if (known !== undefined) return known;
    const holders: Holder[] = [];
    for (const { id, label, resources } of this.#state.leases) {
      for (const resource of names) {
        const amount = resources.get(resource) ?? 0;
        if (amount > 0) holders.push({ id, label, resource, amount });
      }
    }
    holders.sort((a, b) => b.amount - a.amount);
    this.#leases.set(memo, holders);
    return holders;
  }
}

/** Who has what is short, with a lease and without. */
type Held = Pick<
  Shortage,
  "holders" | "holderCount" | "outside" | "outsideCount"
>;

/** Who uses these without a lease, the largest first: cards that will do, as seen. */
function outsidersOn(
  names: readonly string[],
  { judged = [], cardFreeMb }: OutsideTruth = {},
): Outsider[] {
  return judged.flatMap(({ uuid, outside }) => {
    const resource = gpuKey(uuid);
    const counts = names.includes(resource) && cardFreeMb?.has(uuid);
    return counts ? outside.map((use) => ({ ...use, resource })) : [];
  }).sort((a, b) => b.usedMb - a.usedMb);
}

/** The numbers of cards by the names of their memory. */
function numbersIn(
  { judged = [] }: OutsideTruth = {},
): ReadonlyMap<string, number> {
  return new Map(
    judged.flatMap(({ uuid, seen }) =>
      seen === undefined ? [] : [[gpuKey(uuid), seen.index]]
    ),
  );
}

/** Those who claim a resource, as far as they are named. */
interface Claims {
  readonly first: readonly Party[];
  readonly count: number;
}

/** Those who name a card may be in the way of those for whom one is chosen. */
function groupOf(name: string): string {
  return gpuOfKey(name) === undefined ? name : CARDS;
}

const NO_CLAIMS: Claims = { first: [], count: 0 };

function descending(a: number, b: number): number {
  return b - a;
}

function isoTime(ms: number): string | null {
  // Beyond the year 275760 there is no date: an estimate may be any number.
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : null;
}
