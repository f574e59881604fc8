/**
 * The requests of one program, from their first write to a lease or a withdrawal.
 *
 * A wait goes through these steps: the request is written into the queue, or granted in
 * the same transaction; the bell is made and watched; the file is read again; then
 * the program sleeps until somebody rings. Whoever frees something grants the next in
 * line and rings them, so that a wake finds its lease in the file.
 *
 * @module
 */
import type { Aim } from "../core/aim.ts";
import { AcquireCancelledError } from "../core/errors.ts";
import { saysCancelled } from "../core/marks.ts";
import type { LeaseRecord } from "../core/model.ts";
import type { ParsedRequest } from "../core/request.ts";
import { plan } from "../core/scheduler.ts";
import { waiterOf } from "../core/state.ts";
import { assertPossible, release, withdraw } from "../core/transitions.ts";
import type { LeaseHost } from "../lease/host.ts";
import { Lease } from "../lease/lease.ts";
import type { Limit } from "../store/limit.ts";
import { closedError } from "../store/store.ts";
import type { Drafter, Wishes } from "./drafter.ts";

/** A request of ours in the queue. */
export interface Waiting {
  readonly id: string;
  readonly aim: Aim;
  /** Settled by the grant, or by {@linkcode Requests.end}. */
  readonly granted: Promise<Lease>;
  readonly resolve: (lease: Lease) => void;
  readonly reject: (reason: unknown) => void;
}

/** A request that has to wait, with its place in the queue, from 1. */
export interface Queued {
  readonly waiting: Waiting;
  readonly position: number;
}

const NOTHING_KNOWN = {
  stalled: new Set<string>(),
  overdue: new Set<string>(),
};

/** What requests need of their program. */
export interface RequestsOptions {
  /** Of the leases that come of them, and theirs. */
  readonly host: LeaseHost;
  readonly drafter: Drafter;
  /** Called when a request has had its first try. */
  readonly onTried: () => void;
}

/** What one program waits for and holds. */
export class Requests {
  readonly #options: RequestsOptions;
  readonly #waiting = new Map<string, Waiting>();
  readonly #held = new Map<string, Lease>();
  #ended = false;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  /** By id; so are those that it holds. */
  get waiting(): ReadonlyMap<string, Waiting> {
    return this.#waiting;
  }

  get held(): ReadonlyMap<string, Lease> {
    return this.#held;
  }

  /**
   * Puts a request into the queue, unless it can be granted at once.
   *
   * @throws what the limit ends with; nothing is in the file then
   */
  async enqueue(
    parsed: ParsedRequest,
    wishes: Wishes,
    limit: Limit,
  ): Promise<{ readonly lease: Lease } | Queued> {
    const { drafter, host: { store, claims } } = this.#options;
    const seen = wishes.cards
      ? await limit.during(drafter.seenCards(wishes))
      : [];
    const draft = drafter.draft(parsed, wishes, seen);
    const { promise, resolve, reject } = Promise.withResolvers<Lease>();
    // Someone may be rejected before anybody awaits it.
    promise.catch(() => {});
    let waiting: Waiting | undefined;
    let position = 0;
    try {
      await store.transact((state) => {
        this.#refuseIfEnded();
        const { entry, aim } = draft(state);
        const waiter = waiterOf(entry);
        assertPossible(state, waiter, wishes);
        const added = { id: entry.id, aim, granted: promise, resolve, reject };
        waiting = added;
        this.#waiting.set(entry.id, added);
        claims.ask({
          entry,
          queued: (place) => position = place,
          granted: (record) => this.#grant(added, record),
          cancelled: () => this.#cancel(added),
        });
        state.addEntry(entry, waiter);
      }, { limit, adds: true });
      this.#options.onTried();
      const lease = this.#held.get(waiting!.id);
      return lease !== undefined ? { lease } : { waiting: waiting!, position };
    } catch (error) {
      if (waiting !== undefined) this.#disown(waiting.id);
      throw error;
    }
  }

  /** Takes what is asked for if it is free; leaves no trace otherwise. */
  async tryOnce(parsed: ParsedRequest, wishes: Wishes): Promise<Lease | null> {
    const { drafter, host: { store, claims } } = this.#options;
    const draft = drafter.draft(
      parsed,
      wishes,
      await drafter.seenCards(wishes),
    );
    const confirming = await drafter.lookAhead(parsed, draft);
    let lease: Lease | null = null;
    let added: string | undefined;
    try {
      await store.transact((state) => {
        this.#refuseIfEnded();
        const { entry } = draft(state);
        const waiter = waiterOf(entry);
        assertPossible(state, waiter);
        const { id } = entry;
        added = id;
        state.addEntry(entry, waiter);
        const seen = confirming && { id, ...confirming.sight(state) };
        const { grants } = plan(state, { ...NOTHING_KNOWN, confirming: seen });
        if (grants.some(({ waiter }) => waiter.id === id)) {
          claims.ask({
            entry,
            granted: (record) => lease = this.#makeLease(record),
            // It never stands in the file as one that waits.
            queued: () => {},
            cancelled: () => {},
          });
        } else {
          state.removeEntry(entry);
        }
      }, { confirming, adds: true });
    } catch (error) {
      if (added !== undefined) this.#disown(added);
      throw error;
    }
    this.#options.onTried();
    return lease;
  }

  isWaiting({ id }: Waiting): boolean {
    return this.#waiting.has(id);
  }

  /**
   * Ends a wait. A lease that was granted meanwhile is released or, where it is wanted
   * all the same, returned.
   *
   * @returns undefined if nothing of it is left
   */
  async withdraw(
    id: string,
    options: { readonly keepGrant: boolean },
  ): Promise<Lease | undefined> {
    const granted = this.#held.get(id);
    if (granted !== undefined && options.keepGrant) return granted;
    try {
      if (granted !== undefined) await granted.release();
      else await this.#withdraw(id, options);
      return this.#held.get(id);
    } catch (error) {
      const lease = this.#held.get(id);
      if (lease !== undefined && options.keepGrant) return lease;
      // Nobody asks for it again.
      this.#disown(id);
      throw error;
    }
  }

  async #withdraw(
    id: string,
    { keepGrant }: { readonly keepGrant: boolean },
  ): Promise<void> {
    const { store, claims } = this.#options.host;
    await store.transact((state) => {
      const outcome = withdraw(state, id);
      const lease = state.lease(id);
      const isGrant = lease !== undefined && !saysCancelled(lease);
      if (isGrant && keepGrant) return;
      if (outcome === "granted") release(state, id);
      // Gone for good: not to be put back, nor to be taken for a stray.
      this.#forget(id);
      claims.drop(id);
    }, { urgent: true });
  }

  /** Makes no more; what waits is withdrawn, and what is held is released. */
  end(): Promise<unknown>[] {
    this.#ended = true;
    const ends: Promise<unknown>[] = [];
    for (const waiting of [...this.#waiting.values()]) {
      waiting.reject(closedError());
      ends.push(this.withdraw(waiting.id, { keepGrant: false }));
    }
    for (const lease of [...this.#held.values()]) ends.push(lease.release());
    return ends;
  }

  #refuseIfEnded(): void {
    if (this.#ended) throw closedError();
  }

  #grant(waiting: Waiting, record: LeaseRecord): void {
    this.#waiting.delete(waiting.id);
    waiting.resolve(this.#makeLease(record));
  }

  /** The one who waits withdraws then, which removes the empty lease. */
  #cancel({ id, reject }: Waiting): void {
    this.#waiting.delete(id);
    reject(
      new AcquireCancelledError(
        `Cannot acquire what was asked for as the request ${id} was cancelled, ` +
          `by "reslock cancel", "reslock reset" or a program: ask again if it ` +
          `is still wanted`,
        { requestId: id },
      ),
    );
  }

  #makeLease(record: LeaseRecord): Lease {
    const lease = new Lease(
      this.#options.host,
      record,
      () => this.#held.delete(record.id),
    );
    this.#held.set(lease.id, lease);
    return lease;
  }

  #forget(id: string): void {
    this.#waiting.delete(id);
    this.#held.delete(id);
  }

  /** After a write that failed nobody knows what of it is in the file. */
  #disown(id: string): void {
    this.#forget(id);
    this.#options.host.claims.doubt(id);
  }
}
