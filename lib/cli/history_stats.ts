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

/** The time that is looked at, cut into equal parts. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  readonly parts: number;
}

/** The average amount in use of each resource in each part of a span. */
export function useOverTime(
  records: readonly HistoryRecord[],
  leases: readonly LeaseStatus[],
  { fromMs, toMs, parts }: Span,
): Map<string, number[]> {
  const use = new Map<string, number[]>();
  const partMs = (toMs - fromMs) / parts;
  const add = (
    resources: Readonly<Record<string, number>>,
    beginMs: number,
    endMs: number,
  ) => {
    const [begin, end] = [Math.max(beginMs, fromMs), Math.min(endMs, toMs)];
    if (!(begin < end)) return;
    for (const [name, amount] of Object.entries(resources)) {
      const averages = use.get(name) ?? new Array<number>(parts).fill(0);
      use.set(name, averages);
      const last = Math.min(parts - 1, Math.floor((end - fromMs) / partMs));
      for (let at = Math.floor((begin - fromMs) / partMs); at <= last; at++) {
        const [from, to] = [fromMs + at * partMs, fromMs + (at + 1) * partMs];
        const overlapMs = Math.min(end, to) - Math.max(begin, from);
        averages[at] += amount * Math.max(0, overlapMs) / partMs;
      }
    }
  };
  for (const { resources, acquiredAt, endedAt } of records) {
    if (acquiredAt === null) continue;
    add(resources, Date.parse(acquiredAt), Date.parse(endedAt));
  }
  for (const { resources, acquiredAt } of leases) {
    add(resources, Date.parse(acquiredAt), toMs);
  }
  return use;
}
