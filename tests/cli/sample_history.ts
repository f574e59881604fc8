/**
 * Things that ended, for tests of what is shown.
 *
 * @module
 */
import type { HistoryRecord } from "../../mod.ts";

/** A lease that was given back after a minute, but for what is given. */
export function ended(fields: Partial<HistoryRecord>): HistoryRecord {
  return {
    id: "k3v9x2m1qa-4",
    label: "train",
    pid: 12345,
    priority: 0,
    resources: { ram_mb: 16384 },
    queuedAt: "2026-11-23T21:10:00.000Z",
    acquiredAt: "2026-11-23T21:10:21.000Z",
    endedAt: "2026-11-23T21:11:21.000Z",
    waitSec: 21,
    end: "released",
    ...fields,
  };
}
