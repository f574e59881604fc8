/** Complete records for tests, of which a test names only what it is about. */
import type { EntryRecord, LeaseRecord } from "../../lib/core/model.ts";

export function leaseRecord(fields: Partial<LeaseRecord> = {}): LeaseRecord {
  return {
    id: "abcdefghij-0",
    pid: 4242,
    host_pid: null,
    resources: new Map(),
    priority: 0,
    acquired_at: "2026-01-02T03:04:05.678Z",
    queued_at: null,
    wait_sec: 0,
    reclaimable: false,
    reclaim_requested: false,
    reclaim_requested_at: null,
    label: null,
    pids: [],
    actual_resources: new Map(),
    cpu_seconds: null,
    ...fields,
  };
}

export function entryRecord(fields: Partial<EntryRecord> = {}): EntryRecord {
  return {
    id: "abcdefghij-0",
    pid: 4242,
    host_pid: null,
    resources: new Map(),
    vram_mb: null,
    vram_mb_each: null,
    num_gpus: 0,
    reclaimable_intent: false,
    priority: 0,
    label: null,
    queued_at: "2026-01-02T03:04:05.678Z",
    started_at: null,
    lease_id: null,
    estimated_seconds: null,
    progress: null,
    ...fields,
  };
}
