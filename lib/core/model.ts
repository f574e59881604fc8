/**
 * The wire format: what stands in the state file, as readonly types.
 *
 * It is schema 5 of the Python package (`reslock` 0.12.x), which rejects a
 * file with one field too many: nothing may be added here.
 * Field names are those of the file.
 *
 * @module
 */

/** The only schema version that is read and written. */
export const SCHEMA_VERSION = 5;

/** Amounts by resource name; whole numbers (MiB where the name ends in `_mb`). */
export type Amounts = ReadonlyMap<string, number>;

/** A reservation that is held now. */
export interface LeaseRecord {
  readonly id: string;
  readonly pid: number;
  readonly host_pid: number | null;
  readonly resources: Amounts;
  readonly priority: number;
  /** ISO 8601; kept as text, as other writers use other precisions. */
  readonly acquired_at: string;
  readonly queued_at: string | null;
  readonly wait_sec: number | null;
  readonly reclaimable: boolean;
  readonly reclaim_requested: boolean;
  readonly reclaim_requested_at: string | null;
  readonly label: string | null;
  /** Child processes: the lease lives as long as one of them does. */
  readonly pids: readonly number[];
  readonly actual_resources: Amounts;
  readonly cpu_seconds: number | null;
}

/**
 * A request that waits (`lease_id` is null), or work in progress on a lease
 * (`lease_id` names it; such an entry demands nothing itself).
 */
export interface EntryRecord {
  readonly id: string;
  readonly pid: number;
  readonly host_pid: number | null;
  /** What is asked for, without the GPU asks below. */
  readonly resources: Amounts;
  /** One amount per GPU slot; excludes `vram_mb_each`. */
  readonly vram_mb: readonly number[] | null;
  /** The same amount on each of `num_gpus` cards. */
  readonly vram_mb_each: number | null;
  readonly num_gpus: number;
  readonly reclaimable_intent: boolean;
  readonly priority: number;
  readonly label: string | null;
  readonly queued_at: string;
  readonly started_at: string | null;
  readonly lease_id: string | null;
  readonly estimated_seconds: number | null;
  readonly progress: number | null;
}

/** An entry that asks for nothing and waits, but for the fields that are given. */
export function makeEntry(
  fields:
    & Pick<EntryRecord, "id" | "pid" | "queued_at">
    & Partial<EntryRecord>,
): EntryRecord {
  return {
    // In the order of the wire format, whatever the order of what is given.
    id: fields.id,
    pid: fields.pid,
    host_pid: fields.host_pid ?? null,
    resources: fields.resources ?? new Map(),
    vram_mb: fields.vram_mb ?? null,
    vram_mb_each: fields.vram_mb_each ?? null,
    num_gpus: fields.num_gpus ?? 0,
    reclaimable_intent: fields.reclaimable_intent ?? false,
    priority: fields.priority ?? 0,
    label: fields.label ?? null,
    queued_at: fields.queued_at,
    started_at: fields.started_at ?? null,
    lease_id: fields.lease_id ?? null,
    estimated_seconds: fields.estimated_seconds ?? null,
    progress: fields.progress ?? null,
  };
}

/** Amounts as an object; it has no prototype, so that any name is safe. */
export function toObject(amounts: Amounts): Readonly<Record<string, number>> {
  const object: Record<string, number> = Object.create(null);
  for (const [name, amount] of amounts) object[name] = amount;
  return object;
}

const GPU_KEY = /^gpu_(.+)_vram_mb$/;
const DISK_KEY = /^disk_mb@(.+)$/s;

/** The resource name under which a card's memory is counted. */
export function gpuKey(uuid: string): string {
  return `gpu_${uuid}_vram_mb`;
}

/** The card that a resource name stands for, or `undefined` if for none. */
export function gpuOfKey(name: string): string | undefined {
  return GPU_KEY.exec(name)?.[1];
}

/** The resource name of free space on a mount. Needs no registered capacity. */
export function diskKey(mount: string): string {
  return `disk_mb@${mount}`;
}

/** The mount that a resource name stands for, or `undefined` if for none. */
export function diskOfKey(name: string): string | undefined {
  return DISK_KEY.exec(name)?.[1];
}
