/**
 * Whom a change concerns: those who sleep, and would learn of it late.
 *
 * @module
 */
import { momentMs } from "../core/moment.ts";
import { plan, type PlanContext } from "../core/scheduler.ts";
import type { Change, PoolState } from "../core/state.ts";
import type { Settlement } from "../core/transitions.ts";
import { FRONT_WAITERS, LONG_WAIT_MS } from "./store.ts";

/** A change that was made and scheduled, and how. */
export interface Settled {
  /** The state after it, with its changes. */
  readonly state: PoolState;
  readonly settlement: Settlement;
  /** What was known for the plan. */
  readonly context: PlanContext;
  /** Whether something is offered that was not when it was looked last. */
  readonly isNews: boolean;
  /** Whether it was an operator's will. */
  readonly robs: boolean;
}

/**
 * Ids of those who have to be woken; those of clients of another kind are among them.
 *
 * @param wallMs tells the time, and is not called where nobody asks for it
 */
export function whomToRing(
  { state, settlement, context, isNews, robs }: Settled,
  wallMs: () => number,
): string[] {
  const { granted, reclaimed, confirm, fitting } = settlement;
  const next = isNews ? nextInLine(state, fitting, context) : undefined;
  const ids: string[] = next === undefined ? [] : [next];
  // Two that look in vain would wake each other for ever.
  if (state.changes.length === 0) return ids;
  for (const { id } of [...granted, ...reclaimed]) ids.push(id);
  if (state.changes.some(isDeparture)) ids.push(...newInFront(state, wallMs()));
  ids.push(...confirm);
  if (!robs) return ids;
  for (const change of state.changes) {
    if (change.type === "remove") ids.push(change.record.id);
  }
  return ids;
}

function isDeparture(change: Change): boolean {
  return change.type === "remove" && change.table === "entry" && change.at >= 0;
}

/**
 * Those whom a change has brought to the front of the queue, which they would learn by
 * themselves late: each waits the longer for its own look the further back it came. Who
 * came a moment ago looks soon.
 */
function newInFront(
  { waiters, changes, foreignCount }: PoolState,
  now: number,
): string[] {
  const found: string[] = [];
  let natives = 0;
  for (let at = 0; natives < FRONT_WAITERS && at < waiters.length; at++) {
    const { id, native, entry } = waiters[at];
    if (foreignCount > 0 && !native) continue;
    natives++;
    const before = placeBefore(changes, at);
    if (before === undefined || before < FRONT_WAITERS) continue;
    // A wall clock that was set back makes it look as if it came later than now.
    const waitedMs = now - momentMs(entry.queued_at);
    const cameJustNow = waitedMs >= 0 && waitedMs < LONG_WAIT_MS;
    if (!cameJustNow) found.push(id);
  }
  return found;
}

/** Where a waiter stood before the changes; undefined if it came with them. */
function placeBefore(
  changes: readonly Change[],
  place: number,
): number | undefined {
  let at = place;
  for (const change of changes.toReversed()) {
    if (change.type === "resources" || change.table !== "entry") continue;
    if (change.at < 0) continue;
    if (change.type === "remove") {
      if (change.at <= at) at++;
    } else if (change.at === at) {
      return undefined;
    } else if (change.at < at) {
      at--;
    }
  }
  return at;
}

/**
 * Who would be served next if those who are offered something now did not take it: it
 * has to look again while they may, as nobody tells it that they do not.
 */
export function nextInLine(
  state: PoolState,
  fitting: readonly string[],
  context: PlanContext,
): string | undefined {
  const stalled = new Set([...context.stalled, ...fitting]);
  const { grants, fitting: others } = plan(state, { ...context, stalled });
  return grants[0]?.waiter.id ?? others.find((id) => !stalled.has(id));
}
