/**
 * Coordinates GPU memory, RAM, CPU cores and any named quantity between processes that
 * share a machine, without a daemon.
 *
 * @example
 * ```ts ignore
 * import { ResourcePool } from "jsr:@reslock/reslock";
 *
 * await using pool = new ResourcePool();
 * await using lease = await pool.acquire({ vram_mb: 4000 }, { label: "whisper" });
 * ```
 *
 * @module
 */
export {
  AcquireCancelledError,
  AcquireTimeoutError,
  CorruptStateError,
  ImpossibleRequestError,
  LeaseLostError,
  LockTimeoutError,
  SchemaVersionMismatch,
  StateAccessError,
} from "./lib/core/errors.ts";
export type {
  Explanation,
  Holder,
  Outsider,
  Party,
  Shortage,
  Verdict,
} from "./lib/core/explanation.ts";
export type { HistoryEnd, HistoryRecord } from "./lib/core/history.ts";
export type { PriorityChange } from "./lib/core/operations.ts";
export type { Obstacle } from "./lib/core/placement.ts";
export { SCHEMA_VERSION } from "./lib/core/model.ts";
export type { PlacementPolicy } from "./lib/core/placement.ts";
export type { ResourceRequest } from "./lib/core/request.ts";
export { Lease } from "./lib/lease/lease.ts";
export type { LeaseUpdate } from "./lib/lease/update.ts";
export { Work, type WorkOptions } from "./lib/lease/work.ts";
export type {
  AcquireOptions,
  ExplainOptions,
  ResourcePoolOptions,
  TryAcquireOptions,
} from "./lib/pool/options.ts";
export { ResourcePool } from "./lib/pool/pool.ts";
export { type NamedCard, namedCards } from "./lib/core/card_choice.ts";
export type { OutsideUse } from "./lib/core/cards.ts";
export type {
  AmountsByName,
  CardStatus,
  EntryStatus,
  LeaseStatus,
  PoolStatus,
} from "./lib/status.ts";
export {
  type AmountOptions,
  checkLabel,
  checkName,
  formatAmount,
  formatMb,
  parseAmount,
  parseCount,
  parseSize,
} from "./lib/core/amount.ts";
export type { Detection, DetectionOptions } from "./lib/os/detection.ts";
export type { Check, CheckLevel, Diagnosis } from "./lib/doctor/check.ts";
export {
  diagnose,
  type DiagnoseOptions,
  recover,
  type RecoverOptions,
  salvage,
} from "./lib/doctor.ts";
export type { Recovered, Salvaged } from "./lib/doctor/recovery.ts";
export type { DiskSpace } from "./lib/os/disk.ts";
export type { Finding, GpuMemory } from "./lib/os/gpu.ts";
export { GpuDetectionError } from "./lib/os/gpu/error.ts";
export type {
  GpuInfo,
  GpuProcess,
  GpuVendor,
  MigPlace,
} from "./lib/os/gpu/source.ts";
export {
  detectGpus,
  detectResources,
  measureUsage,
  readGpuMemory,
  readGpuProcesses,
} from "./lib/machine.ts";
export {
  type CpuCores,
  detectCpuCores,
  detectDisks,
  detectNetwork,
  detectRamMb,
  type DiskOptions,
  type NetworkLink,
  type Ram,
  type RamOptions,
} from "./lib/os/host.ts";
export type { PoolEvent } from "./lib/pool/watching.ts";
export type { Vitality } from "./lib/liveness.ts";
export {
  type LeaseFacts,
  type LeaseUsage,
  type Overuse,
  overuseOf,
} from "./lib/core/overuse.ts";
export type { GpuOrphan, Usage, UsageOptions } from "./lib/usage.ts";
export type { ClaimedCores } from "./lib/lease/pinning.ts";
