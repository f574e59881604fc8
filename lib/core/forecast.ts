/**
 * When waiters may start, by the estimates of those who hold.
 *
 * The queue is played forward: leases end when the work on them is said to be done,
 * whoever then fits starts, and holds for as long as it said, or for ever if it did not
 * say. So it is the earliest time by what is known, and no promise: a holder may keep
 * its lease after its work, and others may come with a higher priority.
 *
 * @module
 */
import { contenders, type Grant, Ledger } from "./ledger.ts";
import type { Amounts, EntryRecord } from "./model.ts";
import { momentMs } from "./moment.ts";
import type { PoolState, Waiter } from "./state.ts";

/** Looks at waiters after which it is given up, so that a long queue costs little. */
const LOOKS_MAX = 3000;

/** Somebody who gives back at a known time. */
interface Ending {
  readonly resources: Amounts;
  readonly atMs: number;
}

/** Milliseconds since 1970 for each waiter of whom anything can be told. */
export function earliestStarts(
  state: PoolState,
  grants: readonly Grant[],
  stalled: ReadonlySet<string>,
  nowMs: number,
): ReadonlyMap<Waiter, number> {
  const starts = new Map<Waiter, number>();
  const endings = leaseEndings(state, nowMs);
  const begun: Amounts[] = [];
  const ended: Amounts[] = [];
  let looks = 0;
  const begin = (waiter: Waiter, resources: Amounts, atMs: number) => {
    starts.set(waiter, atMs);
    begun.push(resources);
    const { estimated_seconds: seconds } = waiter.entry;
    if (seconds === null) return;
    endings.push({ resources, atMs: atMs + seconds * 1000 });
  };
  for (const { waiter, resources } of grants) begin(waiter, resources, nowMs);
  for (let atMs = nowMs;;) {
    const ledger = new Ledger(state);
    for (const resources of ended) ledger.give(resources);
    for (const resources of begun) ledger.take(resources);
    const spent = (waiter: Waiter) => ledger.spent(waiter);
    for (const waiter of contenders(state, spent)) {
      if (starts.has(waiter) || stalled.has(waiter.id)) continue;
      if (++looks > LOOKS_MAX) return starts;
      const bound = ledger.bind(waiter);
      if (bound !== undefined) {
        begin(waiter, bound, atMs);
        ledger.take(bound);
      } else if (!waiter.yields && ledger.canEver(waiter)) {
        ledger.setAside(waiter);
      }
    }
    if (endings.length === 0) return starts;
    endings.sort((a, b) => a.atMs - b.atMs);
    atMs = endings[0].atMs;
    while (endings.at(0)?.atMs === atMs) ended.push(endings.shift()!.resources);
  }
}

/** Which leases end, and when, if all work on them ends as it was said. */
function leaseEndings(state: PoolState, nowMs: number): Ending[] {
  const ends = new Map<string, number>();
  for (const entry of state.work) {
    const id = entry.lease_id!;
    ends.set(id, Math.max(ends.get(id) ?? -Infinity, workEndMs(entry)));
  }
  const endings: Ending[] = [];
  for (const [id, atMs] of ends) {
    const lease = state.lease(id);
    // Work that is late has shown that nobody knows when it ends.
    if (lease === undefined || !(atMs >= nowMs && atMs < Infinity)) continue;
    endings.push({ resources: lease.resources, atMs });
  }
  return endings;
}

/** Infinite where nobody said it. */
function workEndMs({ started_at, queued_at, estimated_seconds }: EntryRecord) {
  const startMs = momentMs(started_at ?? queued_at);
  if (estimated_seconds === null || Number.isNaN(startMs)) return Infinity;
  return startMs + estimated_seconds * 1000;
}
