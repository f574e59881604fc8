/**
 * What a history tells: how long each label waited, and how much was in use when.
 *
 * @module
 */
import type { HistoryRecord, LeaseStatus } from "../../mod.ts";

/** The waits of all requests of one label. */
export interface WaitStats {
  /** Null for those without one. */
  readonly label: string | null;
  /** How many were granted. */
  readonly granted: number;
  /** How many left the queue without a lease. */
  readonly ungranted: number;
  /** Half of the granted ones waited no longer, in seconds; null if there is none. */
  readonly medianSec: number | null;
  /** 95 of 100 granted ones waited no longer, in seconds; null if there is none. */
  readonly p95Sec: number | null;
}

/** The waits by label, those of most requests first. */
export function waitStats(records: readonly HistoryRecord[]): WaitStats[] {
  const byLabel = Map.groupBy(records, ({ label }) => label);
  return [...byLabel].map(([label, all]): WaitStats => {
    const granted = all.filter(({ acquiredAt }) => acquiredAt !== null);
    const waits = granted.flatMap(({ waitSec }) => waitSec ?? [])
      .sort((a, b) => a - b);
    return {
      label,
      granted: granted.length,
      ungranted: all.length - granted.length,
      medianSec: quantile(waits, 0.5),
      p95Sec: quantile(waits, 0.95),
    };
  }).sort((a, b) => b.granted + b.ungranted - a.granted - a.ungranted);
}

/** The smallest of the sorted values that so large a part does not exceed. */
function quantile(sorted: readonly number[], part: number): number | null {
  return sorted.at(Math.max(0, Math.ceil(sorted.length * part) - 1)) ?? null;
}

/** The time that is looked at. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** An amount that was held for some time within a span. */
export interface Held {
  readonly amount: number;
  readonly beginMs: number;
  readonly endMs: number;
}

/** What was held in a span, by resource. */
export function heldIn(
  { fromMs, toMs }: Span,
  records: readonly HistoryRecord[],
  leases: readonly LeaseStatus[],
): Map<string, readonly Held[]> {
  const held = new Map<string, Held[]>();
  const add = (
    resources: Readonly<Record<string, number>>,
    acquiredAt: string,
    untilMs: number,
  ) => {
    const beginMs = Math.max(Date.parse(acquiredAt), fromMs);
    const endMs = Math.min(untilMs, toMs);
    if (!(beginMs < endMs)) return;
    for (const [name, amount] of Object.entries(resources)) {
      const all = held.get(name) ?? [];
      held.set(name, all);
      all.push({ amount, beginMs, endMs });
    }
  };
  for (const { resources, acquiredAt, endedAt } of records) {
    if (acquiredAt !== null) add(resources, acquiredAt, Date.parse(endedAt));
  }
  for (const { resources, acquiredAt } of leases) {
    add(resources, acquiredAt, toMs);
  }
  return held;
}

/** The average amount in each of so many equal parts of the span. */
export function averagesOf(
  held: readonly Held[],
  { fromMs, toMs }: Span,
  parts: number,
): number[] {
  const averages = new Array<number>(parts).fill(0);
  const partMs = (toMs - fromMs) / parts;
  for (const { amount, beginMs, endMs } of held) {
    // Numbers as large as times would add up less exactly.
    const [begin, end] = [beginMs - fromMs, endMs - fromMs];
    const last = Math.min(parts - 1, Math.floor(end / partMs));
    for (let at = Math.floor(begin / partMs); at <= last; at++) {
      const overlapMs = Math.min(end, (at + 1) * partMs) -
        Math.max(begin, at * partMs);
      averages[at] += amount * Math.max(0, overlapMs) / partMs;
    }
  }
  return averages;
}

/** The largest amount at any moment. */
export function mostOf(held: readonly Held[]): number {
  const changes = held.flatMap(({ amount, beginMs, endMs }) => [
    { atMs: beginMs, by: amount },
    { atMs: endMs, by: -amount },
    // What one gives back another one gets in the same moment.
  ]).sort((a, b) => a.atMs - b.atMs || a.by - b.by);
  let now = 0;
  let most = 0;
  for (const { by } of changes) {
    now += by;
    most = Math.max(most, now);
  }
  return most;
}
