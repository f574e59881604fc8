/**
 * What is remembered of requests and leases that have ended: one line of JSON each.
 *
 * @module
 */
import { saysCancelled } from "./marks.ts";
import type { EntryRecord, LeaseRecord } from "./model.ts";
import { inOrderOf, momentMs, withOffset } from "./moment.ts";
import { type Change, type PoolState, slotsOf } from "./state.ts";

/**
 * How it ended: given back by its holder, taken away by an operator, left by a dead
 * process; or, without ever being granted, given up or cancelled by somebody.
 */
export type HistoryEnd =
  | "released"
  | "taken"
  | "died"
  | "gave-up"
  | "cancelled";

/** A request or lease that has ended. */
export interface HistoryRecord {
  /** The id that it had. */
  readonly id: string;
  /** What it was for, in the words of whoever asked. */
  readonly label: string | null;
  /** The process, as it saw itself. */
  readonly pid: number;
  /** Its priority at the end. */
  readonly priority: number;
  /** What was held; for one that was never granted, what was asked for. */
  readonly resources: Readonly<Record<string, number>>;
  /** When it was asked for, ISO 8601. */
  readonly queuedAt: string | null;
  /** When it was granted, ISO 8601; null if it never was. */
  readonly acquiredAt: string | null;
  /** When it ended, ISO 8601. */
  readonly endedAt: string;
  /** How long it waited, in seconds. */
  readonly waitSec: number | null;
  /** How it ended. */
  readonly end: HistoryEnd;
}

/** Something that has just ended. */
export interface Ended {
  readonly record: LeaseRecord | EntryRecord;
  readonly end: HistoryEnd;
}

/** By whose will a change is made, where it is not that of whom it concerns. */
export type Cause = "operator" | "death";

/** What ended by a change of a state, given the state after it. */
export function endedBy(
  state: PoolState,
  changes: readonly Change[],
  cause?: Cause,
): Ended[] {
  const ended: Ended[] = [];
  for (const change of changes) {
    if (change.type !== "remove") continue;
    const { id } = change.record;
    const lease = state.lease(id);
    if (change.table === "lease") {
      // It stood for a request that was cancelled before.
      if (lease !== undefined || saysCancelled(change.record)) continue;
      const end = cause === undefined
        ? "released"
        : cause === "death"
        ? "died"
        : "taken";
      ended.push({ record: change.record, end });
    } else if (change.record.lease_id === null) {
      const isCancelled = lease !== undefined && saysCancelled(lease);
      const stays = lease !== undefined || state.entry(id) !== undefined;
      if (isCancelled) ended.push({ record: change.record, end: "cancelled" });
      // Whom an operator removes otherwise is dead, or may still wait without a place.
      else if (!stays && cause !== "operator") {
        const end = cause === "death" ? "died" : "gave-up";
        ended.push({ record: change.record, end });
      }
    }
  }
  return ended;
}

/** A line of the history, with its end. */
export function encodeEnded({ record, end }: Ended, endedAt: string): string {
  const isLease = "acquired_at" in record;
  const amounts = new Map(record.resources);
  if (!isLease) {
    const vramMb = slotsOf(record).reduce((sum, slot) => sum + slot, 0);
    if (vramMb > 0) amounts.set("vram_mb", vramMb);
  }
  return `${
    JSON.stringify({
      id: record.id,
      label: record.label,
      pid: record.pid,
      priority: record.priority,
      resources: Object.fromEntries(amounts),
      queued_at: record.queued_at,
      acquired_at: isLease ? record.acquired_at : null,
      ended_at: endedAt,
      wait_sec: isLease ? record.wait_sec : waited(record.queued_at, endedAt),
      end,
    })
  }\n`;
}

function waited(queuedAt: string, endedAt: string): number | null {
  const ms = momentMs(endedAt) - momentMs(queuedAt);
  return Number.isNaN(ms) ? null : Math.max(0, ms) / 1000;
}

const ENDS: readonly unknown[] = [
  "released",
  "taken",
  "died",
  "gave-up",
  "cancelled",
] satisfies HistoryEnd[];

/**
 * What a history says, oldest first. Lines that are torn, or that nobody of ours wrote,
 * are left out; those that were copied when it was shortened count once.
 */
export function decodeHistory(text: string): HistoryRecord[] {
  const records = new Map<string, HistoryRecord>();
  for (const line of text.split("\n")) {
    const record = decodeLine(line);
    if (record === undefined) continue;
    records.set(`${record.id} ${record.endedAt}`, record);
  }
  return inOrderOf(records.values(), ({ endedAt }) => endedAt);
}

function decodeLine(line: string): HistoryRecord | undefined {
  if (!line.startsWith("{")) return undefined;
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { id, label, pid, priority, resources, wait_sec: waitSec, end } = value;
  const { queued_at, acquired_at, ended_at } = value;
  const isRecord = typeof id === "string" && isTextOrNull(label) &&
    Number.isSafeInteger(pid) && Number.isSafeInteger(priority) &&
    isAmounts(resources) && isTimeOrNull(queued_at) &&
    isTimeOrNull(acquired_at) && isTime(ended_at) &&
    (waitSec === null || Number.isFinite(waitSec)) &&
    ENDS.includes(end);
  if (!isRecord) return undefined;
  return {
    id,
    label,
    pid: pid as number,
    priority: priority as number,
    resources: Object.assign(Object.create(null), resources),
    queuedAt: queued_at && withOffset(queued_at),
    acquiredAt: acquired_at && withOffset(acquired_at),
    endedAt: withOffset(ended_at),
    waitSec: waitSec as number | null,
    end: end as HistoryEnd,
  };
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

function isTime(value: unknown): value is string {
  return typeof value === "string" && !Number.isNaN(momentMs(value));
}

function isTimeOrNull(value: unknown): value is string | null {
  return value === null || isTime(value);
}

function isAmounts(value: unknown): value is Record<string, number> {
  return typeof value === "object" && value !== null &&
    Object.values(value).every(Number.isSafeInteger);
}

const NEWLINE = 0x0a;

/** The last whole lines of a history, at most so many bytes. */
export function lastLines(bytes: Uint8Array, limit: number): Uint8Array {
  if (bytes.length <= limit) return bytes;
  const tail = bytes.subarray(bytes.length - limit);
  return tail.subarray(tail.indexOf(NEWLINE) + 1);
}
