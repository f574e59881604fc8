/**
 * What leases need of the program that holds them.
 *
 * @module
 */
import type { Store } from "../store/store.ts";
import type { Claims } from "./claims.ts";

/** What a lease needs of its pool. */
export interface LeaseHost {
  readonly store: Store;
  readonly claims: Claims;
  /** Where owner files and guards are. */
  readonly owners: string;
  /** The file in which leases note the cores that they are pinned to. */
  readonly cores: string;
  /** A new id for an entry of work. */
  nextId(): string;
  isoTime(): string;
  /** Tells the user what a missing permission or program takes away. */
  readonly warn: (message: string) => void;
  /** From now on somebody wants to hear at once of reclaims and losses. */
  listen(): void;
}
