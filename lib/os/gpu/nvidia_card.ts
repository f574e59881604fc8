/**
 * A card as `nvidia-smi` tells of it, in whichever form it was asked.
 *
 * @module
 */
import type { GpuInfo } from "./source.ts";

/** A card before its instances are looked for. */
export interface NvidiaCard extends GpuInfo {
  readonly migEnabled: boolean;
}

/** What the tool said of a card; amounts are in MiB, `null` if it cannot tell. */
export interface NvidiaFields {
  readonly index: number;
  readonly uuid: string;
  readonly name: string;
  readonly totalMb: number | null;
  readonly usedMb: number | null;
  readonly freeMb: number | null;
  readonly utilizationPercent: number | null;
  readonly migEnabled: boolean;
}

/**
 * Parts that have no memory of their own. Only these: a lost card tells no memory
 * either, and taking it for one would book the RAM in its place.
 */
const UNIFIED = /\b(GB10|DGX Spark|Orin|Xavier|Thor|Tegra|Jetson)\b|\(nvgpu\)/i;

/** Whether the tool says that it cannot tell, in one of its many ways. */
export function isUntold(text: string): boolean {
  return /^(\[.*\]|N\/A|Not Supported|ERR!)$/i.test(text);
}

/**
 * What programs can have of a card. The total has a part that the driver keeps:
 * promising it would let the last program that fits on paper run out of memory.
 */
function capacity(
  total: number | null,
  used: number | null,
  free: number | null,
): number | null {
  if (total === null || used === null || free === null) return total;
  const usable = used + free;
  return usable > 0 && usable < total ? usable : total;
}

/** The card of these fields; `undefined` if it has no name or no id to know it by. */
export function toCard(fields: NvidiaFields): NvidiaCard | undefined {
  const { index, name, totalMb, usedMb, freeMb } = fields;
  const unified = UNIFIED.test(name);
  // Some integrated parts have none; they need none, as no capacity hangs on it.
  const uuid = unified && isUntold(fields.uuid)
    ? `unified-${index}`
    : fields.uuid;
  if (name === "" || !/^[\w-]{4,100}$/.test(uuid)) return undefined;
  return {
    index,
    uuid,
    name,
    vendor: "nvidia",
    totalMb,
    usedMb,
    freeMb,
    capacityMb: unified ? null : capacity(totalMb, usedMb, freeMb),
    utilizationPercent: fields.utilizationPercent,
    unified,
    mig: null,
    migEnabled: fields.migEnabled,
  };
}
