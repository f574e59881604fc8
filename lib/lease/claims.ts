/**
 * What a pool stands for in the file: the entries and leases of its own.
 *
 * Invariants:
 * (1) An id is in the table before an entry of that id is written, and leaves it only
 *     after the entry and the lease of that id are gone, or with a doubt.
 * (2) An entry or lease of our owner that is not in the table is left over from a
 *     write whose outcome nobody saw; the next transaction removes it.
 * (3) A waiter whose entry somebody else removed is put back where it was, unless
 *     its lease says that it was cancelled.
 *
 * @module
 */
import { parseNativeId } from "../core/ids.ts";
import { saysCancelled } from "../core/marks.ts";
import type { EntryRecord, LeaseRecord } from "../core/model.ts";
import type { PoolState } from "../core/state.ts";
import { release } from "../core/transitions.ts";
import type { Observer } from "../store/store.ts";

/** Somebody who waits for a grant. */
export interface WaitingClaim {
  readonly entry: EntryRecord;
  /** Told once, with its place in the queue, if it has to wait. */
  readonly queued: (position: number) => void;
  /** Told once, with the lease. */
  readonly granted: (lease: LeaseRecord) => void;
  /** Told once, when somebody cancelled it; its empty lease is still to be removed. */
  readonly cancelled: () => void;
}

/** Somebody who holds a lease. */
export interface HeldClaim {
  /** Told the lease as the file has it, each time it is read. */
  readonly seen: (lease: LeaseRecord, state: PoolState) => void;
  /** Told once, when it is gone from the file. */
  readonly gone: () => void;
}

/** An id of ours, by how far it has come. */
type Claim =
  /** Its entry is about to be written. */
  | { readonly phase: "asked"; readonly waiting: WaitingClaim }
  /** Its entry was seen in the file, and is missed if it is no longer there. */
  | { readonly phase: "queued"; readonly waiting: WaitingClaim }
  | { readonly phase: "held"; readonly held: HeldClaim }
  /** Its lease is about to be removed: that it goes is no news to anybody. */
  | { readonly phase: "releasing" };

/** The table of one pool. */
export class Claims implements Observer {
  readonly #claims = new Map<string, Claim>();
  /** Ids of work, with that of the lease. */
  readonly #work = new Map<string, string>();
  /** Called after each look at the state. */
  onObserved: (state: PoolState) => void = () => {};
  /** Called when something has to be put right, with no transaction under way. */
  onDoubted: () => void = () => {};
  /** The owner that our ids begin with. */
  owner: string | undefined;
  /** Whether there may be strays. */
  #doubts = false;
  /** Whether a lease was lost: with a file that comes back, so does that one. */
  #hasLost = false;
  #missing = false;

  /** Whether a transaction has to put something right. */
  get needsRepair(): boolean {
    return this.#doubts || this.#missing;
  }

  /** Whether only a look can tell that nothing has to be put right. */
  get mayNeedRepair(): boolean {
    return this.needsRepair || this.#hasLost;
  }

  /** Whether nothing in the file is ours, as far as anybody knows. */
  get isEmpty(): boolean {
    return this.#claims.size + this.#work.size === 0 && !this.#doubts;
  }

  ask(waiting: WaitingClaim): void {
    this.#claims.set(waiting.entry.id, { phase: "asked", waiting });
  }

  hold(id: string, held: HeldClaim): void {
    this.#claims.set(id, { phase: "held", held });
  }

  /** From now on it was not taken from us if it is missing. */
  giveBack(id: string): void {
    this.#claims.set(id, { phase: "releasing" });
  }

  addWork(id: string, leaseId: string): void {
    this.#work.set(id, leaseId);
  }

  hasWork(id: string): boolean {
    return this.#work.has(id);
  }

  dropWork(id: string): void {
    this.#work.delete(id);
  }

  /** It is gone from the file, with the work on it. */
  drop(id: string): void {
    this.#claims.delete(id);
    for (const [work, leaseId] of this.#work) {
      if (leaseId === id) this.#work.delete(work);
    }
  }

  /** A write of it failed: what of it is in the file has to be looked for. */
  doubt(id: string): void {
    this.drop(id);
    this.dropWork(id);
    this.#doubts = true;
    this.onDoubted();
  }

  prepare(state: PoolState): void {
    if (this.#doubts || this.#hasLost) this.#removeStrays(state);
    for (const [id, claim] of this.#claims) {
      if (claim.phase !== "queued") continue;
      const known = state.entry(id) ?? state.lease(id);
      if (known === undefined) state.restoreEntry(claim.waiting.entry);
    }
    this.#missing = false;
  }

  observe(state: PoolState): void {
    this.#missing = false;
    // Only what was seen is certain: a removal may have failed as well.
    if (this.#doubts || this.#hasLost) {
      const { leases, entries } = this.#strays(state);
      this.#doubts = leases.length + entries.length > 0;
    }
    // Who is granted something stands at the end then, as one who holds.
    for (const [id, claim] of this.#claims) {
      if (claim.phase === "held") this.#seeHeld(id, claim.held, state);
      else if (claim.phase !== "releasing") this.#seeWaiting(id, claim, state);
    }
    this.onObserved(state);
  }

  #seeHeld(id: string, { seen, gone }: HeldClaim, state: PoolState): void {
    const lease = state.lease(id);
    if (lease !== undefined) return seen(lease, state);
    this.#claims.delete(id);
    this.#hasLost = true;
    gone();
  }

  #seeWaiting(
    id: string,
    { phase, waiting }: Extract<Claim, { readonly waiting: WaitingClaim }>,
    state: PoolState,
  ): void {
    const lease = state.lease(id);
    const entry = state.entry(id);
    if (lease !== undefined && saysCancelled(lease)) {
      this.giveBack(id);
      waiting.cancelled();
    } else if (lease !== undefined) {
      this.#claims.delete(id);
      waiting.granted(lease);
    } else if (entry === undefined) {
      if (phase === "queued") this.#missing = true;
    } else if (phase === "asked") {
      this.#claims.set(id, { phase: "queued", waiting });
      waiting.queued(placeOf(id, state));
    } else if (entry.priority !== waiting.entry.priority) {
      // So it is to be put back, if ever.
      this.#claims.set(id, { phase, waiting: { ...waiting, entry } });
    }
  }

  /** Entries and leases of our owner that are not in the table. */
  #strays(state: PoolState): { leases: LeaseRecord[]; entries: EntryRecord[] } {
    const isStray = ({ id }: { readonly id: string }) =>
      this.owner !== undefined && parseNativeId(id)?.owner === this.owner &&
      !this.#claims.has(id) && !this.#work.has(id);
    const entries = [...state.work, ...state.waiters.map(({ entry }) => entry)];
    return {
      leases: [...state.leases].filter(isStray),
      entries: entries.filter(isStray),
    };
  }

  #removeStrays(state: PoolState): void {
    const { leases, entries } = this.#strays(state);
    for (const { id } of leases) release(state, id);
    for (const entry of entries) state.removeEntry(entry);
  }
}

/** The place of a waiter, from 1; who came last is looked for first. */
function placeOf(id: string, { waiters }: PoolState): number {
  return waiters.findLastIndex((waiter) => waiter.id === id) + 1;
}
