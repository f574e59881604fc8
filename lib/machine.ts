/**
 * What this machine has, and what of it is really used.
 *
 * As in `doctor.ts`, what does the work is loaded when it is called: programs that take
 * leases do not carry it.
 *
 * @module
 */
import type { LeaseFacts } from "./core/overuse.ts";
import type { Detection, DetectionOptions } from "./os/detection.ts";
import type { GpuMemory } from "./os/gpu.ts";
import type { GpuInfo, GpuProcess } from "./os/gpu/source.ts";
import type { Usage, UsageOptions } from "./usage.ts";

/**
 * Finds what this machine has: the capacities that `setResources` takes, the cards,
 * and what every source told.
 *
 * Never prompts: what Deno's permissions do not allow is left out, and `sources`
 * says so. A broken GPU source is in `failures`, beside what else was found.
 *
 * @example Register what there is, keep 1 GB of RAM out of it
 * ```ts
 * import { detectResources, ResourcePool } from "jsr:@reslock/reslock";
 *
 * const { resources } = await detectResources({ ramReserveMb: 1024 });
 * await using pool = new ResourcePool();
 * await pool.setResources(resources, { keepExisting: true });
 * ```
 *
 * @throws {RangeError} if the reserve is not a whole number, or leaves nothing
 */
export async function detectResources(
  options: DetectionOptions = {},
): Promise<Detection> {
  const looks = await import("./looks.ts");
  return await looks.detectResources(options);
}

/**
 * Finds the graphics cards of this machine.
 *
 * Asks `nvidia-smi`, `amd-smi`, `rocm-smi`, `xpu-smi` and the AMD driver, on macOS
 * `system_profiler`, as far as Deno's permissions go; it never prompts. A card that
 * is cut up (MIG) is replaced by its instances.
 *
 * @returns the cards; none where no source knows of one
 * @throws {GpuDetectionError} if a source is there but broken: this is not "no GPU"
 */
export async function detectGpus(): Promise<readonly GpuInfo[]> {
  const looks = await import("./looks.ts");
  return await looks.detectGpus();
}

/**
 * Reads how much memory of every card is in use at this moment, by its UUID.
 *
 * @throws {GpuDetectionError} if a source is there but broken
 */
export async function readGpuMemory(): Promise<ReadonlyMap<string, GpuMemory>> {
  const gpus = await detectGpus();
  return new Map(
    gpus.map(({ uuid, totalMb, usedMb, freeMb }) => [
      uuid,
      { totalMb, usedMb, freeMb },
    ]),
  );
}

/**
 * Reads which processes hold memory of cards at this moment.
 *
 * Ids are those of the host: inside a container the driver tells none, or ones that
 * mean other processes there.
 *
 * @throws {GpuDetectionError} if a source is there but broken
 */
export async function readGpuProcesses(): Promise<readonly GpuProcess[]> {
  const { gpuSources, surveyProcesses } = await import("./looks.ts");
  return await surveyProcesses(gpuSources());
}

/**
 * Measures what the processes of leases use, and which processes use cards without
 * one. Needs `--allow-all`, on the host itself: a container sees neither the others'
 * processes nor their ids.
 *
 * @param holders all leases of the pool, as in its status: whoever is left out counts
 * as without a lease
 * @example Who uses more than it holds
 * ```ts
 * import { measureUsage, overuseOf, ResourcePool } from "jsr:@reslock/reslock";
 *
 * await using pool = new ResourcePool();
 * const { leases } = await pool.status();
 * const usage = await measureUsage(leases);
 * for (const lease of leases) {
 *   for (const { resource, usedMb } of overuseOf(lease, usage.leases.get(lease.id))) {
 *     console.log(`${lease.label} uses ${usedMb} MB of ${resource}`);
 *   }
 * }
 * ```
 *
 * @throws {GpuDetectionError} if a source of cards is there but broken
 */
export async function measureUsage(
  holders: readonly LeaseFacts[],
  options: UsageOptions = {},
): Promise<Usage> {
  const looks = await import("./looks.ts");
  return await looks.measureUsage(holders, options);
}
