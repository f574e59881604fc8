/**
 * What a pool stands for in the file: the entries and leases of its own.
 *
 * Invariants:
 * (1) An id is in the table before an entry of that id is written, and leaves it only
 *     after the entry and the lease of that id are gone.
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
import type { Observer } from "../store/store.ts";

/** Somebody who waits for a grant. */
export interface WaitingClaim {
  readonly entry: EntryRecord;
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

/** The table of one pool. */
export class Claims implements Observer {
  readonly #waiting = new Map<string, WaitingClaim>();
  readonly #queued = new Set<string>();
  readonly #held = new Map<string, HeldClaim>();
  /** Ids of work, with that of the lease. */
  readonly #work = new Map<string, string>();
  /** Called after each look at the state. */
  onObserved: (state: PoolState) => void = () => {};
  /** Called when something has to be put right, with no transaction under way. */
  onDoubted: () => void = () => {};
  /** The owner that our ids begin with. */
  owner: string | undefined;
  #outcomeUnknown = false;
  #missing = false;

  /** Whether a transaction has to put something right. */
  get needsRepair(): boolean {
    return this.#outcomeUnknown || this.#missing;
  }

  get isEmpty(): boolean {
    return this.#waiting.size + this.#held.size + this.#work.size === 0;
  }

  addWaiting(claim: WaitingClaim): void {
    this.#waiting.set(claim.entry.id, claim);
  }

  /** The entry is in the file: from now on it is missed when it is not. */
  markQueued(id: string): void {
    if (this.#waiting.has(id)) this.#queued.add(id);
  }

  dropWaiting(id: string): void {
    this.#waiting.delete(id);
    this.#queued.delete(id);
  }

  addHeld(id: string, claim: HeldClaim): void {
    this.#held.set(id, claim);
  }

  dropHeld(id: string): void {
    this.#held.delete(id);
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

  /** Work ends with its lease. */
  dropWorkOn(leaseId: string): void {
    for (const [id, on] of this.#work) {
      if (on === leaseId) this.#work.delete(id);
    }
  }

  /** A write failed somewhere: what is left of it has to be looked for. */
  doubt(): void {
    this.#outcomeUnknown = true;
    this.onDoubted();
  }

  prepare(state: PoolState): void {
    if (this.#outcomeUnknown) this.#removeStrays(state);
    for (const id of this.#queued) {
      const known = state.entry(id) ?? state.lease(id);
      if (known === undefined) {
        state.restoreEntry(this.#waiting.get(id)!.entry);
      }
    }
    this.#missing = false;
  }

  observe(state: PoolState): void {
    this.#missing = false;
    // Only what was seen is certain: a removal may have failed as well.
    if (this.#outcomeUnknown) {
      const { leases, entries } = this.#strays(state);
      this.#outcomeUnknown = leases.length + entries.length > 0;
    }
    for (const [id, claim] of this.#waiting) {
      const lease = state.lease(id);
      const entry = state.entry(id);
      if (lease !== undefined) {
        this.dropWaiting(id);
        if (saysCancelled(lease)) claim.cancelled();
        else claim.granted(lease);
      } else if (entry === undefined) {
        if (this.#queued.has(id)) this.#missing = true;
      } else if (entry.priority !== claim.entry.priority) {
        // So it is to be put back, if ever.
        this.#waiting.set(id, { ...claim, entry });
      }
    }
    for (const [id, claim] of this.#held) {
      const lease = state.lease(id);
      if (lease !== undefined) {
        claim.seen(lease, state);
      } else {
        this.#held.delete(id);
        claim.gone();
      }
    }
    this.onObserved(state);
  }

  /** Entries and leases of our owner that are not in the table. */
  #strays(state: PoolState): { leases: LeaseRecord[]; entries: EntryRecord[] } {
    const isStray = ({ id }: { readonly id: string }) =>
      this.owner !== undefined && parseNativeId(id)?.owner === this.owner &&
      !this.#waiting.has(id) && !this.#held.has(id) && !this.#work.has(id);
    const entries = [...state.work, ...state.waiters.map(({ entry }) => entry)];
    return {
      leases: [...state.leases].filter(isStray),
      entries: entries.filter(isStray),
    };
  }

  #removeStrays(state: PoolState): void {
    const { leases, entries } = this.#strays(state);
    for (const lease of leases) state.removeLease(lease);
    for (const entry of entries) state.removeEntry(entry);
  }
}
