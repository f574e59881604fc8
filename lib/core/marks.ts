/**
 * What a lease can say beyond the fields of the wire format, in ways that every client
 * reads without harm and that no crash can part from the rest.
 *
 * (1) A waiter that was cancelled has become a lease of its id that holds nothing and
 *     has no `wait_sec`. No grant looks like that, not even one that was shrunk to
 *     nothing. Its program gives the lease back and fails the request; if it dies
 *     first, the lease goes as any of the dead. To everybody else it is no lease.
 * (2) A lease that is asked back by hand says since when with the microsecond 1, where
 *     programs of this package otherwise write whole milliseconds.
 *
 * @module
 */
import { parseNativeId } from "./ids.ts";
import type { LeaseRecord } from "./model.ts";

/** What the lease of a waiter that was cancelled has, whatever was asked for. */
export const CANCELLED = {
  resources: new Map<string, number>(),
  wait_sec: null,
  reclaimable: false,
} satisfies Partial<LeaseRecord>;

/** Whether a lease in the name of a waiter says that the waiter was cancelled. */
export function saysCancelled(
  { id, resources, wait_sec }: LeaseRecord,
): boolean {
  return resources.size === 0 && wait_sec === null &&
    parseNativeId(id) !== undefined;
}

/** The leases that somebody was granted. */
export function withoutMarks(leases: Iterable<LeaseRecord>): LeaseRecord[] {
  return [...leases].filter((lease) => !saysCancelled(lease));
}

const BY_HAND = /\.\d{3}001(?:Z|[+-]\d\d:?\d\d)$/;

/** Since when a lease is asked back, for one that is by hand. */
export function byHandSince(isoTime: string): string {
  return isoTime.replace(/Z$/, "001Z");
}

/** Whether a lease is asked back by hand: it stays so, whoever waits. */
export function isAskedByHand(
  { reclaim_requested, reclaim_requested_at: since }: LeaseRecord,
): boolean {
  return reclaim_requested && since !== null && BY_HAND.test(since);
}
