/**
 * The scheduling rule once more, in the most obvious way: no early exits, no
 * shared tables, every assignment of cards and every set of leases tried. It is
 * slow, short, and the measure of `plan()`.
 */
import {
  diskOfKey,
  gpuKey,
  gpuOfKey,
  type LeaseRecord,
} from "../../lib/core/model.ts";
import type { Demand, PlacementPolicy } from "../../lib/core/placement.ts";
import type { PlanContext } from "../../lib/core/scheduler.ts";
import type { PoolState, Waiter } from "../../lib/core/state.ts";

/** Decisions as ids, for comparison. */
export interface BookPlan {
  readonly grants: { id: string; resources: Map<string, number> }[];
  readonly confirm: string[];
  readonly fitting: string[];
  readonly ask: string[];
  readonly withdraw: string[];
}

/** Amounts by name; a missing name is 0. */
export class Table extends Map<string, number> {
  of(name: string): number {
    return this.get(name) ?? 0;
  }
  add(amounts: ReadonlyMap<string, number>, sign: 1 | -1): void {
    for (const [name, amount] of amounts) {
      this.set(name, this.of(name) + sign * amount);
    }
  }
}

/** What to do, by the text of the design. */
export function planByTheBook(
  state: PoolState,
  context: PlanContext,
): BookPlan {
  const leased = new Table();
  for (const lease of state.leases) leased.add(lease.resources, 1);
  const capacities = new Table(state.resources);
  const free = new Table();
  for (const name of capacities.keys()) {
    if (diskOfKey(name) !== undefined) continue;
    free.set(name, Math.max(0, capacities.of(name) - leased.of(name)));
  }
  const cards = [...capacities.keys()].filter((name) =>
    gpuOfKey(name) !== undefined
  );
  const book: BookPlan = {
    grants: [],
    confirm: [],
    fitting: [],
    ask: [],
    withdraw: [],
  };

  // What the one who looked found; what is given or kept here counts there too.
  const truth = new Table();
  for (const [uuid, mb] of context.confirming?.cardFreeMb ?? []) {
    truth.set(gpuKey(uuid), mb);
  }
  for (const [name, mb] of context.confirming?.diskFreeMb ?? []) {
    truth.set(name, Math.max(0, mb - leased.of(name)));
  }
  const remove = (amounts: ReadonlyMap<string, number>) => {
    for (const table of [free, truth]) {
      for (const [name, amount] of amounts) {
        table.set(name, Math.max(0, table.of(name) - amount));
      }
    }
  };

  for (const waiter of state.waiters) {
    if (isDouble(state, waiter)) continue;
    const fits = binding(
      waiter,
      cards,
      (name) => diskOfKey(name) === undefined ? free.of(name) : Infinity,
    );
    const looked = context.confirming?.id === waiter.id;
    const looksOutside = (name: string) =>
      diskOfKey(name) !== undefined ||
      (gpuOfKey(name) !== undefined &&
        context.confirming?.cardFreeMb !== undefined);
    const granted = !waiter.confirms
      ? fits
      : looked
      ? binding(waiter, cards, (name) =>
        diskOfKey(name) !== undefined
          ? truth.of(name)
          : looksOutside(name)
          ? Math.min(free.of(name), truth.of(name))
          : free.of(name), context.confirming?.placement)
      : undefined;
    if (granted !== undefined) {
      book.grants.push({ id: waiter.id, resources: granted });
      remove(granted);
      continue;
    }
    if (fits !== undefined) book.fitting.push(waiter.id);
    if (fits !== undefined && waiter.native && !looked) {
      book.confirm.push(waiter.id);
    }
    if (context.stalled.has(waiter.id)) continue;
    if (!canEver(waiter, capacities, cards)) continue;
    if (fits === undefined && waiter.yields) continue;
    remove(claim(waiter, capacities, cards));
  }
  reclaimByTheBook(state, context, book);
  return book;
}

/** Which leases are asked back and which no longer. */
function reclaimByTheBook(
  state: PoolState,
  context: PlanContext,
  book: BookPlan,
): void {
  const granted = new Set(book.grants.map(({ id }) => id));
  const waiting = state.waiters.filter((waiter) => !granted.has(waiter.id));
  const busy = new Set([...state.work].map((entry) => entry.lease_id));
  const reclaimable = [...state.leases].filter((lease) => lease.reclaimable);
  const unasked = reclaimable.filter((lease) =>
    !lease.reclaim_requested && !busy.has(lease.id)
  );
  const requested = reclaimable.filter((lease) => lease.reclaim_requested);
  const asked = requested.filter(({ id }) => !context.overdue.has(id));
  const overdue = requested.filter(({ id }) => context.overdue.has(id));

  // What the one who looked and was refused needs by what it saw, is asked first of all.
  const refused = waiting.find(({ id, yields }) =>
    id === context.confirming?.id && book.fitting.includes(id) && !yields
  );
  const neededApart = (pending: LeaseRecord[], fresh: LeaseRecord[]) =>
    refused === undefined
      ? new Set<LeaseRecord>()
      : virtually(state, context, book, pending, fresh, refused.id).used;
  const apart = neededApart(asked, unasked);
  const pending = [...asked, ...unasked.filter((lease) => apart.has(lease))];
  const fresh = unasked.filter((lease) => !apart.has(lease));

  const isForeign = (waiter: Waiter) => !waiter.native;
  /** Of what is asked, nobody knows all that these may have asked for. */
  const mayHaveAsked = (lease: LeaseRecord) => (waiter: Waiter) =>
    isForeign(waiter) ||
    (book.confirm.includes(waiter.id) && !waiter.yields &&
      waiter.priority > lease.priority);
  const isWanted = (lease: LeaseRecord, by: (waiter: Waiter) => boolean) =>
    waiting.filter(by).some(({ counters, slots }) =>
      [...lease.resources.keys()].some((name) =>
        counters.has(name) ||
        (slots.length > 0 && gpuOfKey(name) !== undefined)
      )
    );
  const { served, used } = virtually(state, context, book, pending, fresh);
  const all = [...pending, ...fresh.filter((lease) => used.has(lease))];
  let kept = all;
  if (all.some((lease) => !asked.includes(lease) || !used.has(lease))) {
    // Which could be left out with nobody worse off?
    for (const lease of all.toSorted(costliestFirst)) {
      const others = kept.filter((other) => other !== lease);
      const without = virtually(state, context, book, others, []).served;
      if ([...served].every((id) => without.has(id))) kept = others;
    }
    kept.push(
      ...pending.filter((lease) =>
        !kept.includes(lease) &&
        (apart.has(lease) || isWanted(lease, mayHaveAsked(lease)))
      ),
    );
    const others = [...pending, ...fresh].filter((lease) =>
      !kept.includes(lease)
    );
    const next = [
      ...virtually(state, context, book, kept, others).used,
      ...neededApart(kept, others),
    ];
    if (!next.every((lease) => kept.includes(lease))) kept = all;
  }
  const asks = (lease: LeaseRecord) => (waiter: Waiter) =>
    isForeign(waiter) || (!waiter.yields && waiter.priority > lease.priority);
  const withdrawn = [
    ...asked.filter((lease) => !kept.includes(lease)),
    ...overdue.filter((lease) => !isWanted(lease, asks(lease))),
  ];
  book.ask.push(
    ...kept.filter((lease) => unasked.includes(lease)).map(idOf).sort(),
  );
  book.withdraw.push(...withdrawn.map(idOf).sort());
}

function costliestFirst(a: LeaseRecord, b: LeaseRecord): number {
  return b.priority - a.priority || (a.id < b.id ? -1 : 1);
}

const idOf = ({ id }: { id: string }) => id;

/**
 * Who would be served once all came back that is used; amounts may go below 0 here.
 *
 * @param looked with an id: only what that one needs by what it saw, behind those in
 * front of it
 */
function virtually(
  state: PoolState,
  context: PlanContext,
  book: BookPlan,
  pending: LeaseRecord[],
  fresh: LeaseRecord[],
  looked?: string,
): { served: Set<string>; used: Set<LeaseRecord> } {
  const capacities = new Table(state.resources);
  const cards = [...capacities.keys()].filter((name) =>
    gpuOfKey(name) !== undefined
  );
  const left = new Table(capacities);
  for (const lease of state.leases) left.add(lease.resources, -1);
  for (const { resources } of book.grants) left.add(resources, -1);
  const bindingAfter = (
    waiter: Waiter,
    back: Iterable<LeaseRecord>,
    sight?: Sight,
  ) => {
    const after = new Table(left);
    for (const lease of back) after.add(lease.resources, 1);
    return bindingIn(waiter, cards, after, sight);
  };
  const granted = new Set(book.grants.map(({ id }) => id));
  const served = new Set<string>();
  const used = new Set<LeaseRecord>();
  const use = (leases: LeaseRecord[]) => {
    for (const lease of leases) {
      used.add(lease);
      left.add(lease.resources, 1);
    }
  };
  /** High priorities first, then small ones; then drops what the rest can do without. */
  const useOf = (leases: LeaseRecord[], waiter: Waiter, sight?: Sight) => {
    const amount = heldOfShort(waiter, capacities, cards, left, sight);
    const ordered = leases.filter((lease) => amount(lease) > 0).sort((a, b) =>
      b.priority - a.priority || amount(a) - amount(b) || (a.id < b.id ? -1 : 1)
    );
    if (bindingAfter(waiter, ordered, sight) === undefined) return false;
    const size = ordered.keys().find((size) =>
      bindingAfter(waiter, ordered.slice(0, size), sight) !== undefined
    );
    let chosen = ordered.slice(0, size);
    for (const lease of chosen.toReversed()) {
      const others = chosen.filter((other) => other !== lease);
      if (bindingAfter(waiter, others, sight) !== undefined) chosen = others;
    }
    use(chosen);
    return true;
  };

  /** Lets a waiter through with leases that come back, or that are to be asked. */
  const serve = (waiter: Waiter, sight?: Sight) => {
    const unused = (leases: LeaseRecord[]) =>
      leases.filter((lease) =>
        !used.has(lease) &&
        (!waiter.native || lease.priority < waiter.priority)
      );
    const coming = unused(pending);
    if (useOf(coming, waiter, sight) || !waiter.native) return;
    const after = new Table(left);
    for (const lease of coming) after.add(lease.resources, 1);
    const asked = leastLossByTheBook(
      waiter,
      capacities,
      cards,
      after,
      unused(fresh),
      sight,
    );
    if (asked === undefined) return;
    use(asked);
    useOf(coming, waiter, sight);
  };

  for (const waiter of state.waiters) {
    if (granted.has(waiter.id) || isDouble(state, waiter)) continue;
    if (waiter.id === looked) {
      const inFront = new Set(used);
      serve(waiter, sightOf(state, context));
      return { served, used: used.difference(inFront) };
    }
    if (context.stalled.has(waiter.id)) continue;
    if (bindingAfter(waiter, []) === undefined) {
      if (waiter.yields || !canEver(waiter, capacities, cards)) continue;
      serve(waiter);
    }
    const bound = bindingAfter(waiter, []);
    if (bound === undefined) left.add(claim(waiter, capacities, cards), -1);
    else {
      left.add(bound, -1);
      served.add(waiter.id);
    }
  }
  return { served, used: looked === undefined ? used : new Set() };
}

/** What one who looked outside knows of what is left. */
interface Sight {
  /** Of a name, where the accounting has so much left. */
  readonly room: (name: string, left: Table) => number;
  readonly placement: PlacementPolicy | undefined;
}

/**
 * What was seen of a card or a disk, less what has been taken since, but with what
 * leases give back, as the accounting counts that. A card that was not seen will not do.
 */
function sightOf(state: PoolState, { confirming }: PlanContext): Sight {
  const { cardFreeMb, diskFreeMb, placement } = confirming!;
  const leased = new Table();
  for (const lease of state.leases) leased.add(lease.resources, 1);
  const room = (name: string, left: Table) => {
    const unleased = (state.resources.get(name) ?? 0) - leased.of(name);
    const since = left.of(name) - unleased;
    if (diskOfKey(name) !== undefined) {
      return (diskFreeMb?.get(name) ?? 0) - leased.of(name) + since;
    }
    const uuid = gpuOfKey(name);
    if (uuid === undefined || cardFreeMb === undefined) return left.of(name);
    return Math.min(unleased, cardFreeMb.get(uuid) ?? -Infinity) + since;
  };
  return { room, placement };
}

/** How much of each name is left; without a sight, disk space is taken for granted. */
function roomIn(left: Table, sight: Sight | undefined) {
  return (name: string) =>
    sight !== undefined
      ? sight.room(name, left)
      : diskOfKey(name) === undefined
      ? left.of(name)
      : Infinity;
}

/** What a lease would hold. */
function bindingIn(
  waiter: Demand,
  cards: string[],
  left: Table,
  sight: Sight | undefined,
): Map<string, number> | undefined {
  return binding(waiter, cards, roomIn(left, sight), sight?.placement);
}

/** Tries every set of leases and sorts those that are enough by their loss. */
function leastLossByTheBook(
  waiter: Waiter,
  capacities: Table,
  cards: string[],
  left: Table,
  leases: readonly LeaseRecord[],
  sight: Sight | undefined,
): LeaseRecord[] | undefined {
  const amount = heldOfShort(waiter, capacities, cards, left, sight);
  const ordered = leases.toSorted((a, b) =>
    a.priority - b.priority || amount(b) - amount(a) || (a.id < b.id ? -1 : 1)
  );
  const enough: number[][] = [];
  for (let bits = 0; bits < 1 << ordered.length; bits++) {
    const chosen = ordered.flatMap((_, at) => bits >> at & 1 ? [at] : []);
    const after = new Table(left);
    for (const at of chosen) after.add(ordered[at].resources, 1);
    if (bindingIn(waiter, cards, after, sight) !== undefined) {
      enough.push(chosen);
    }
  }
  const loss = (set: number[]) => [
    Math.max(-Infinity, ...set.map((at) => ordered[at].priority)),
    set.length,
    set.reduce((sum, at) => sum + amount(ordered[at]), 0),
    ...set,
  ];
  enough.sort((a, b) => compareLists(loss(a), loss(b)));
  return enough.at(0)?.map((at) => ordered[at]);
}

/** How much of what a waiter is short of a lease holds. */
function heldOfShort(
  waiter: Waiter,
  capacities: Table,
  cards: string[],
  left: Table,
  sight: Sight | undefined,
): (lease: LeaseRecord) => number {
  const short = shortNames(waiter, capacities, cards, left, sight);
  return ({ resources }) =>
    short.reduce((sum, name) => sum + (resources.get(name) ?? 0), 0);
}

function shortNames(
  waiter: Waiter,
  capacities: Table,
  cards: string[],
  left: Table,
  sight: Sight | undefined,
): string[] {
  const room = roomIn(left, sight);
  const short = [...waiter.counters.keys()].filter((name) =>
    waiter.counters.get(name)! > room(name)
  );
  const slotsOnly = { ...waiter, counters: new Map() };
  if (binding(slotsOnly, cards, room) !== undefined) return short;
  for (const [name, slot] of claim(slotsOnly, capacities, cards)) {
    if (slot > room(name)) short.push(name);
  }
  return short;
}

/** What a lease would hold where `room` tells how much of each name there is. */
export function binding(
  { counters, slots }: Demand,
  cards: string[],
  room: (name: string) => number,
  placement?: PlacementPolicy,
): Map<string, number> | undefined {
  for (const [name, amount] of counters) {
    if (amount < 0 || amount > room(name)) return undefined;
  }
  const free = (card: string) => room(card) - (counters.get(card) ?? 0);
  const packs = placement === undefined
    ? slots.length === 1
    : placement === "pack";
  const sign = packs ? 1 : -1;
  const preferred = [...cards].sort((a, b) =>
    sign * (free(a) - free(b)) || (a < b ? -1 : 1)
  );
  // In this order the first of all assignments has the preferred cards first.
  for (const choice of arrangements(preferred, slots.length)) {
    if (!choice.every((card, at) => free(card) >= slots[at])) continue;
    const bound = new Table(counters);
    choice.forEach((card, at) => bound.add(new Map([[card, slots[at]]]), 1));
    return bound;
  }
  return undefined;
}

/** Every way to take `count` of the items, in order. */
export function* arrangements<T>(
  items: readonly T[],
  count: number,
): Generator<T[]> {
  if (count === 0) yield [];
  else {
    for (const [at, item] of items.entries()) {
      const others = items.toSpliced(at, 1);
      for (const rest of arrangements(others, count - 1)) {
        yield [item, ...rest];
      }
    }
  }
}

/** What is set aside: every counter, and on every card the most that may go there. */
export function claim(
  { counters, slots }: Demand,
  capacities: Table,
  cards: string[],
): Map<string, number> {
  const claimed = new Table(counters);
  for (const card of cards) {
    const servable = slots.filter((slot) => slot <= capacities.of(card));
    if (servable.length > 0) {
      claimed.add(new Map([[card, Math.max(...servable)]]), 1);
    }
  }
  return claimed;
}

export function canEver(
  demand: Demand,
  capacities: Table,
  cards: string[],
): boolean {
  return binding(
    demand,
    cards,
    (name) => diskOfKey(name) === undefined ? capacities.of(name) : Infinity,
  ) !== undefined;
}

/** Whether the id of one of ours stands for something else, too. */
function isDouble(state: PoolState, waiter: Waiter): boolean {
  return waiter.native && (state.lease(waiter.id) !== undefined ||
    state.entry(waiter.id) !== waiter.entry);
}

function compareLists(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, at) => value !== b[at]);
  return at < 0 ? 0 : a[at] - (b[at] ?? -Infinity);
}
