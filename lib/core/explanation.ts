/**
 * What is to be said of a request that waits, or would.
 *
 * @module
 */
import type { OutsideUse } from "./cards.ts";
import type { Obstacle } from "./placement.ts";

/** With more holders or waiters than this, they are counted and not named. */
export const NAMED_MAX = 8;

/**
 * How it stands with a request: `grantable`: it is granted by the next transaction;
 * `unconfirmed`: it fits, and only its own program can take it; `waits`; or `impossible`
 * with the capacities of now: one that is in the queue starts when they are raised.
 */
export type Verdict = "grantable" | "unconfirmed" | "waits" | "impossible";

/** Somebody, as others see it. */
export interface Party {
  /** Its id as a lease or a waiter. */
  readonly id: string;
  /** What it is for, in the words of whoever asked. */
  readonly label: string | null;
}

/** Somebody who holds what is short. */
export interface Holder extends Party {
  /** The name of what is held; of GPU memory, the card. */
  readonly resource: string;
  /** How much of it. */
  readonly amount: number;
}

/** Somebody who uses a card that is short, without a lease on it. */
export interface Outsider extends OutsideUse {
  /** The card, by the name of its memory. */
  readonly resource: string;
}

/** Something that is asked for, and of which not enough is left. */
export interface Shortage {
  /** Its name; `vram_mb` for GPU memory on cards that the pool chooses. */
  readonly resource: string;
  /** How much is asked for; of GPU memory, on the card that is lacking. */
  readonly requested: number;
  /** What is free now. */
  readonly free: number;
  /** What of it is left once those in front have theirs. */
  readonly left: number;
  /**
   * For GPU memory, which card is lacking, counted from 0: `free` and `left` are of the
   * best one, the second best, and so on. Else null.
   */
  readonly slot: number | null;
  /** Who holds most of it, the largest first; {@linkcode NAMED_MAX} at most. */
  readonly holders: readonly Holder[];
  /** How many hold any of it. */
  readonly holderCount: number;
  /**
   * Who uses most of it without a lease, the largest first; {@linkcode NAMED_MAX} at most.
   * Empty but for memory of cards of which a driver told.
   */
  readonly outside: readonly Outsider[];
  /** How many use any of it without a lease. */
  readonly outsideCount: number;
  /** Who goes first and wants it, too, by rank; {@linkcode NAMED_MAX} at most. */
  readonly behind: readonly Party[];
  /** How many go first and want it, too. */
  readonly behindCount: number;
}

/** What is to be said of a request. */
export interface Explanation {
  /** How it stands. */
  readonly verdict: Verdict;
  /** What is short, in the order of the request; empty unless it waits. */
  readonly short: readonly Shortage[];
  /** Leases that are asked back for it, or would be. */
  readonly reclaims: readonly Party[];
  /** Why it cannot be granted with the capacities of now; null if it can. */
  readonly obstacle: Obstacle | null;
  /** When it may start at the earliest, ISO 8601; null where nobody can tell. */
  readonly earliestStart: string | null;
  /** All of it in one line of English. What others wrote is made visible in it. */
  readonly sentence: string;
}
