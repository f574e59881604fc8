/** Pools in a few words: leases and waiters by name, decisions as names. */
import { nativeId } from "../../lib/core/ids.ts";
import type { EntryRecord, LeaseRecord } from "../../lib/core/model.ts";
import { type Plan, plan, type PlanContext } from "../../lib/core/scheduler.ts";
import { PoolState } from "../../lib/core/state.ts";
import { entryRecord, leaseRecord } from "./records.ts";

type Numbers = Readonly<Record<string, number>>;

/** The id of a thing of ours; its name has at most 10 small letters. */
export function ours(
  name: string,
  flags: { confirms?: boolean; yields?: boolean } = {},
): string {
  return nativeId(name.padEnd(10, "0"), 0, flags);
}

/** The name in an id; a foreign id is its own name. */
export function nameOf({ id }: { id: string }): string {
  return id.replace(/0*-\d+$/, "");
}

/** A lease of ours. */
export function lease(
  name: string,
  resources: Numbers,
  fields: Partial<LeaseRecord> = {},
): LeaseRecord {
  return leaseRecord({
    id: ours(name),
    resources: new Map(Object.entries(resources)),
    reclaim_requested_at: fields.reclaim_requested
      ? "2026-01-02T03:04:05.678Z"
      : null,
    ...fields,
  });
}

/** A waiter of ours; with an `id` in the fields, somebody else's. */
export function waiter(
  name: string,
  resources: Numbers,
  { confirms, yields, ...fields }:
    & Partial<EntryRecord>
    & { confirms?: boolean; yields?: boolean } = {},
): EntryRecord {
  return entryRecord({
    id: ours(name, { confirms, yields }),
    resources: new Map(Object.entries(resources)),
    ...fields,
  });
}

/** A Python client's waiter. */
export function foreign(
  name: string,
  resources: Numbers,
  fields: Partial<EntryRecord> = {},
): EntryRecord {
  return waiter(name, resources, { id: name, ...fields });
}

export function pool(
  capacities: Numbers,
  leases: readonly LeaseRecord[],
  entries: readonly EntryRecord[],
): PoolState {
  const state = new PoolState();
  for (const [name, capacity] of Object.entries(capacities)) {
    state.setResource(name, capacity);
  }
  for (const lease of leases) state.addLease(lease);
  for (const entry of entries) state.addEntry(entry);
  state.takeChanges();
  return state;
}

/** What is known beyond the state: nothing, but for what is given. */
export function context(
  fields: {
    stalled?: readonly string[];
    overdue?: readonly string[];
    confirming?: PlanContext["confirming"];
  } = {},
): PlanContext {
  return {
    stalled: new Set(fields.stalled),
    overdue: new Set(fields.overdue),
    confirming: fields.confirming,
  };
}

/** A plan as names; what it does not decide is left out. */
export function planned(
  state: PoolState,
  known: PlanContext = context(),
): Record<string, unknown> {
  const { grants, confirm, fitting, reclaims }: Plan = plan(state, known);
  const byName = {
    grant: grants.map(({ waiter }) => nameOf(waiter)),
    confirm: confirm.map((id) => nameOf({ id })),
    fitting: fitting.map((id) => nameOf({ id })),
    ask: reclaims.ask.map(nameOf).sort(),
    withdraw: reclaims.withdraw.map(nameOf).sort(),
  };
  return Object.fromEntries(
    Object.entries(byName).filter(([_, names]) => names.length > 0),
  );
}

/** What each grant of a plan holds. */
export function bound(
  state: PoolState,
  known: PlanContext = context(),
): Record<string, Numbers> {
  return Object.fromEntries(
    plan(state, known).grants.map(({ waiter, resources }) => [
      nameOf(waiter),
      Object.fromEntries(resources),
    ]),
  );
}
