/**
 * What a program needs of the place where the pool's state lives.
 *
 * @module
 */
import type { Sight } from "../core/aim.ts";
import type { PlanContext } from "../core/scheduler.ts";
import type { PoolState } from "../core/state.ts";
import type { Limit } from "./limit.ts";

/** What a transaction did. */
export interface Committed<T> {
  readonly value: T;
  /** The state afterwards, until the next look at the file. */
  readonly state: PoolState;
}

/**
 * Who keeps watch over the state on behalf of its own entries.
 * Both are called with the state that the transaction or the look was made on.
 */
export interface Observer {
  /** The owner that the ids of its entries begin with. */
  readonly owner: string | undefined;
  /** Before a change: may mend what concerns its own entries. */
  prepare(state: PoolState): void;
  /**
   * After a change or a look: may not change anything. A call of the store that is made
   * here begins afterwards.
   */
  observe(state: PoolState): void;
}

/**
 * Where the pool's state lives. This is the file; another engine needs the same
 * three calls, each atomic.
 */
export interface Store {
  /** Changes the state, schedules, and wakes those whom it concerns. */
  transact<T>(
    change: (state: PoolState) => T,
    options?: TransactOptions,
  ): Promise<Committed<T>>;
  /** Looks at the state. */
  view<T>(read: (state: PoolState) => T): Promise<T>;
  /** What a transaction without a change of its own would do now. */
  preview(): Promise<Preview>;
  /** What {@linkcode Store.preview} tells, for a state that is looked at. */
  foresee(state: PoolState): Preview;
  /** Wakes those once more who were granted something a moment ago. */
  ringAgain(): void;
  /** Wakes all others that can be woken, as what they wait for may be gone. */
  ringEveryone(): void;
  /** Whether others were offered what they need, and may still take it. */
  readonly isOffering: boolean;
  /** What this program knows of waiters and leases beyond the state. */
  knowledge(state: PoolState): PlanContext;
  close(): void;
}

/** The programs from the front of the queue that look after everybody. */
export const FRONT_WAITERS = 6;
/** Who has waited for less is not rung in front: it soon looks by itself. */
export const LONG_WAIT_MS = 2000;

/** What is due in a state. */
export interface Preview {
  /** As it was read, until the next look at the file. */
  readonly state: PoolState;
  /** Whether anything would be granted, asked back or let be. */
  readonly isUnsettled: boolean;
  /** Ids of those who fit as far as can be told here, and grant themselves. */
  readonly fitting: readonly string[];
}

/** How a transaction goes about it. */
export interface TransactOptions {
  /** Goes before others of this program, without a pause; for what frees things. */
  readonly urgent?: boolean;
  /** Until when it waits for the lock; once it is called off, it changes nothing. */
  readonly limit?: Limit;
  /** What only the caller could see outside, for the waiter that it stands for. */
  readonly confirming?: { readonly id: string; readonly sight: Sight };
  /** Whether it is an operator's will: the owners of all that is changed are told. */
  readonly robs?: boolean;
  /** Whether more is to be kept in the file than before: refused where that is full. */
  readonly adds?: boolean;
  /** Whether it removes what dead processes have left. */
  readonly buries?: boolean;
}

/** What everything ends with that is asked of a pool after its end. */
export function closedError(): DOMException {
  return new DOMException(
    "Cannot use the pool as it was closed: make a new one",
    "AbortError",
  );
}
