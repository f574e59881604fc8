/**
 * What `run` says, as pure functions.
 *
 * @module
 */
import { formatAmount, formatMb, type ResourceRequest } from "../../../mod.ts";

/** What a request asks for: `vram 4 GB, cpu_cores 2`. */
export function renderRequest(request: ResourceRequest): string {
  const { vram_mb: vram, vram_mb_each: each, num_gpus: cards, ...others } =
    request;
  const parts: string[] = [];
  if (vram !== undefined) {
    const sizes = typeof vram === "number" ? [vram] : vram;
    parts.push(`vram ${sizes.map(formatMb).join(" + ")}`);
  }
  if (each !== undefined) parts.push(`vram ${cards} x ${formatMb(each)}`);
  for (const [name, amount] of Object.entries(others)) {
    if (typeof amount === "number") {
      parts.push(`${name} ${formatAmount(name, amount)}`);
    }
  }
  return parts.join(", ");
}

/** Said once the wait is worth a word. */
export function renderWaiting(
  request: ResourceRequest,
  position: number,
): string {
  return `waiting for ${renderRequest(request)} (position ${position} in the ` +
    `queue)`;
}

/** Said when capacities were registered because nobody had done it. */
export function renderRegistered(
  capacities: Readonly<Record<string, number>>,
  path: string,
): string {
  const list = Object.entries(capacities)
    .map(([name, amount]) => `${name} = ${amount}`);
  return `registered ${list.join(", ")} (first use of ${path})`;
}
