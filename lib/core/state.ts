/**
 * The pool's state in memory: what the file says, with the sums and the order
 * that the scheduler asks for kept up to date on every change.
 *
 * Invariants:
 * (1) `used` is the sum of `resources` over `leases`, for every name; negative
 *     amounts, which only a broken client writes, count as none, and a sum that
 *     no number holds exactly counts as the largest that one does.
 * (2) `waiters` are the pending entries by rank: priority, highest first, then
 *     the order of the file, which is the order of arrival.
 * (3) `kinds` counts the waiters of each kind; none is zero.
 * (4) `changes` lists what differs from the state as it was read.
 * (5) `revision` grows with every lease and entry that comes or goes.
 *
 * @module
 */
import { parseNativeId } from "./ids.ts";
import {
  type Amounts,
  diskOfKey,
  type EntryRecord,
  type LeaseRecord,
} from "./model.ts";
import { momentMs } from "./moment.ts";
import { type RegisteredCard, registeredCards } from "./placement.ts";

/** A pending entry as the scheduler sees it. */
export interface Waiter {
  readonly entry: EntryRecord;
  readonly id: string;
  readonly priority: number;
  /** Named quantities asked for; none is 0. */
  readonly counters: Amounts;
  /** GPU memory asked for, one amount per card, largest first. */
  readonly slots: readonly number[];
  /**
   * Which resources are asked for, and of GPU memory the smallest amount, as it
   * decides which cards matter. Equal for equal sets, whatever is in the names.
   */
  readonly kind: string;
  /** One of ours, whose grant may be written by whoever holds the file lock. */
  readonly native: boolean;
  /** Only its owner may grant it: a foreign entry, or one that must look outside. */
  readonly confirms: boolean;
  /** Sets nothing aside while it does not fit. */
  readonly yields: boolean;
}

/** One difference from the state as it was read. */
export type Change =
  | { readonly type: "resources" }
  | {
    readonly type: "add" | "remove";
    readonly table: "lease";
    readonly record: LeaseRecord;
  }
  | {
    readonly type: "add" | "remove";
    readonly table: "entry";
    readonly record: EntryRecord;
    /** Its index among the waiters at that moment; -1 for work. */
    readonly at: number;
  };

/** The GPU memory that an entry asks for, one amount per card, largest first. */
export function slotsOf(entry: EntryRecord): readonly number[] {
  if (entry.vram_mb !== null) return entry.vram_mb.toSorted((a, b) => b - a);
  return new Array(entry.num_gpus).fill(entry.vram_mb_each);
}

/** Amounts without those of 0: the same map where there are none. */
function withoutZeros(amounts: Amounts): Amounts {
  for (const amount of amounts.values()) {
    if (amount === 0) {
      return new Map([...amounts].filter(([_, amount]) => amount !== 0));
    }
  }
  return amounts;
}

/** What follows from the amounts that an entry asks for. */
type Shape = Pick<Waiter, "counters" | "slots" | "kind"> & {
  readonly hasDisk: boolean;
};

let lastName: string | undefined;
let lastKind = "";

function kindOf(names: readonly string[], slots: readonly number[]): string {
  if (names.length !== 1 || slots.length > 0) {
    return JSON.stringify([...names, ...slots.slice(-1)]);
  }
  // A program asks for one and the same thing, most often.
  if (names[0] !== lastName) {
    lastName = names[0];
    lastKind = JSON.stringify(names);
  }
  return lastKind;
}

function shapeOf(entry: EntryRecord): Shape {
  const slots = slotsOf(entry);
  const counters = withoutZeros(entry.resources);
  const names = [...counters.keys()].sort();
  return {
    counters,
    slots,
    kind: kindOf(names, slots),
    hasDisk: names.some((name) => diskOfKey(name) !== undefined),
  };
}

const shapes = new WeakMap<Amounts, Shape>();

/** The same for all entries that share their amounts, as those read from one text do. */
function sharedShapeOf(entry: EntryRecord): Shape {
  if (entry.vram_mb !== null || entry.num_gpus > 0) return shapeOf(entry);
  let shape = shapes.get(entry.resources);
  if (shape === undefined) {
    shape = shapeOf(entry);
    shapes.set(entry.resources, shape);
  }
  return shape;
}

/** The scheduler's view of a pending entry. */
export function waiterOf(entry: EntryRecord, shape = shapeOf(entry)): Waiter {
  const id = parseNativeId(entry.id);
  const { counters, slots, kind, hasDisk } = shape;
  return {
    entry,
    id: entry.id,
    priority: entry.priority,
    counters,
    slots,
    kind,
    native: id !== undefined,
    // Free disk space is known to nobody but the one who looked.
    confirms: id === undefined || id.confirms || hasDisk,
    yields: id !== undefined && id.yields,
  };
}

function isNative({ id }: LeaseRecord | EntryRecord): boolean {
  return parseNativeId(id) !== undefined;
}

/** Beyond it sums are not exact; no capacity is larger. */
const MOST = Number.MAX_SAFE_INTEGER;

/** Leases, queue and capacities, with what is derived from them. */
export class PoolState {
  readonly #resources = new Map<string, number>();
  readonly #leases = new Set<LeaseRecord>();
  readonly #leasesById = new Map<string, LeaseRecord>();
  readonly #reclaimable = new Set<LeaseRecord>();
  readonly #used = new Map<string, number>();
  readonly #waiters: Waiter[] = [];
  readonly #work = new Set<EntryRecord>();
  readonly #entriesById = new Map<string, EntryRecord>();
  readonly #kinds = new Map<string, number>();
  /** Made when asked for, dropped with every change of a capacity. */
  #cards: readonly RegisteredCard[] | undefined;
  #foreignCount = 0;
  #revision = 0;
  #changes: Change[] = [];

  /** Capacity by name. */
  get resources(): Amounts {
    return this.#resources;
  }

  /** All leases. */
  get leases(): ReadonlySet<LeaseRecord> {
    return this.#leases;
  }

  /** The leases that may be asked back. */
  get reclaimable(): ReadonlySet<LeaseRecord> {
    return this.#reclaimable;
  }

  /** Leased amount by name; a name that nobody leases is missing or 0. */
  get used(): Amounts {
    return this.#used;
  }

  /** Pending entries, by rank. */
  get waiters(): readonly Waiter[] {
    return this.#waiters;
  }

  /** Entries of work in progress on a lease. */
  get work(): ReadonlySet<EntryRecord> {
    return this.#work;
  }

  /** How many waiters there are of each kind. */
  get kinds(): ReadonlyMap<string, number> {
    return this.#kinds;
  }

  /** Differs whenever leases or entries do; says nothing of other states. */
  get revision(): number {
    return this.#revision;
  }

  /** How many leases and entries other kinds of clients have. */
  get foreignCount(): number {
    return this.#foreignCount;
  }

  /** The cards that have a capacity, largest first. */
  get cards(): readonly RegisteredCard[] {
    return this.#cards ??= registeredCards(this.#resources);
  }

  /** What is left of a capacity: 0 at least, 0 for a name without one. */
  free(name: string): number {
    const capacity = this.#resources.get(name) ?? 0;
    return Math.max(0, capacity - (this.#used.get(name) ?? 0));
  }

  lease(id: string): LeaseRecord | undefined {
    return this.#leasesById.get(id);
  }

  /** A pending or working entry. */
  entry(id: string): EntryRecord | undefined {
    return this.#entriesById.get(id);
  }

  /** The ids of the leases on which work is in progress. */
  busyLeases(): Set<string> {
    const busy = new Set<string>();
    for (const entry of this.#work) busy.add(entry.lease_id!);
    return busy;
  }

  /** What changed since the last call, or since the state was read. */
  takeChanges(): Change[] {
    const changes = this.#changes;
    if (changes.length > 0) this.#changes = [];
    return changes;
  }

  /** What changed since then, without forgetting it. */
  get changes(): readonly Change[] {
    return this.#changes;
  }

  setResource(name: string, capacity: number): void {
    if (this.#resources.get(name) === capacity) return;
    this.#resources.set(name, capacity);
    this.#cards = undefined;
    this.#changes.push({ type: "resources" });
  }

  unsetResource(name: string): boolean {
    const existed = this.#resources.delete(name);
    if (!existed) return false;
    this.#cards = undefined;
    this.#changes.push({ type: "resources" });
    return true;
  }

  addLease(lease: LeaseRecord): void {
    this.#leases.add(lease);
    this.#leasesById.set(lease.id, lease);
    if (lease.reclaimable) this.#reclaimable.add(lease);
    this.#use(lease, 1);
    this.#count(isNative(lease), 1);
    this.#changes.push({ type: "add", table: "lease", record: lease });
  }

  removeLease(lease: LeaseRecord): void {
    if (!this.#leases.delete(lease)) return;
    if (this.#leasesById.get(lease.id) === lease) {
      this.#leasesById.delete(lease.id);
    }
    this.#reclaimable.delete(lease);
    this.#use(lease, -1);
    this.#count(isNative(lease), -1);
    this.#changes.push({ type: "remove", table: "lease", record: lease });
  }

  /** Puts a changed copy in a lease's place and returns it. */
  replaceLease(lease: LeaseRecord, fields: Partial<LeaseRecord>): LeaseRecord {
    const changed = { ...lease, ...fields };
    this.removeLease(lease);
    this.addLease(changed);
    return changed;
  }

  /**
   * Queues an entry behind those of its priority; work goes last.
   *
   * @param waiter the scheduler's view of it, where that is known already
   */
  addEntry(
    entry: EntryRecord,
    waiter: Waiter = waiterOf(entry, sharedShapeOf(entry)),
  ): void {
    this.#insertEntry(entry, waiter, this.#endOf(entry.priority));
  }

  /** Puts an entry that was removed by somebody back before those that came later. */
  restoreEntry(entry: EntryRecord): void {
    const ms = momentMs(entry.queued_at);
    const isLater = ({ priority, entry: { queued_at } }: Waiter) =>
      priority === entry.priority && momentMs(queued_at) > ms;
    // From the end, where most come back to: a thousand may, under one lock.
    let at = this.#endOf(entry.priority);
    while (at > 0 && isLater(this.#waiters[at - 1])) at--;
    this.#insertEntry(entry, waiterOf(entry, sharedShapeOf(entry)), at);
  }

  /** Where the waiters of a priority end. */
  #endOf(priority: number): number {
    let at = this.#waiters.length;
    while (at > 0 && this.#waiters[at - 1].priority < priority) at--;
    return at;
  }

  #insertEntry(entry: EntryRecord, waiter: Waiter, place: number): void {
    this.#entriesById.set(entry.id, entry);
    const at = entry.lease_id === null ? place : -1;
    if (at < 0) {
      this.#work.add(entry);
    } else {
      if (at === this.#waiters.length) this.#waiters.push(waiter);
      else this.#waiters.splice(at, 0, waiter);
      this.#kinds.set(waiter.kind, (this.#kinds.get(waiter.kind) ?? 0) + 1);
    }
    this.#count(waiter.native, 1);
    this.#changes.push({ type: "add", table: "entry", record: entry, at });
  }

  removeEntry(entry: EntryRecord): void {
    let native: boolean;
    let at = -1;
    if (entry.lease_id !== null) {
      if (!this.#work.delete(entry)) return;
      native = isNative(entry);
    } else {
      // Who came last and was granted at once, or whoever stands in front.
      at = this.#waiters.at(-1)?.entry === entry
        ? this.#waiters.length - 1
        : this.#waiters.findIndex((waiter) => waiter.entry === entry);
      if (at < 0) return;
      const { kind } = this.#waiters[at];
      native = this.#waiters[at].native;
      if (at === 0) this.#waiters.shift();
      else this.#waiters.splice(at, 1);
      const left = this.#kinds.get(kind)! - 1;
      if (left > 0) this.#kinds.set(kind, left);
      else this.#kinds.delete(kind);
    }
    if (this.#entriesById.get(entry.id) === entry) {
      this.#entriesById.delete(entry.id);
    }
    this.#count(native, -1);
    this.#changes.push({ type: "remove", table: "entry", record: entry, at });
  }

  /** Puts the waiters in the order in which the file has them, by priority. */
  orderEntries(entries: readonly EntryRecord[]): void {
    // Who goes is in front and who comes is at the end, most often.
    if (this.#waiters.every(({ entry }, at) => entry === entries[at])) return;
    const known = new Map<EntryRecord, Waiter>();
    for (const waiter of this.#waiters) known.set(waiter.entry, waiter);
    this.#waiters.length = 0;
    for (const entry of entries) {
      const waiter = known.get(entry);
      if (waiter !== undefined) this.#waiters.push(waiter);
    }
    this.#waiters.sort((a, b) => b.priority - a.priority);
  }

  #count(native: boolean, sign: 1 | -1): void {
    this.#revision++;
    if (!native) this.#foreignCount += sign;
  }

  #use(lease: LeaseRecord, sign: 1 | -1): void {
    for (const [name, amount] of lease.resources) {
      // A negative amount, which nobody means, must not add to what is free.
      const counted = sign * Math.max(0, amount);
      const before = this.#used.get(name) ?? 0;
      const isExact = before < MOST && before + counted < MOST;
      this.#used.set(name, isExact ? before + counted : this.#sum(name));
    }
  }

  /** Adds up anew what is too much to be added and taken off without a trace. */
  #sum(name: string): number {
    let sum = 0;
    for (const { resources } of this.#leases) {
      sum = Math.min(MOST, sum + Math.max(0, resources.get(name) ?? 0));
    }
    return sum;
  }
}
