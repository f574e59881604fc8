/**
 * What `run` says, as pure functions.
 *
 * @module
 */
import {
  type Explanation,
  formatAmount,
  formatMb,
  type ResourceRequest,
} from "../../../mod.ts";
import { formatDuration, formatGiven } from "../text.ts";
import type { Told } from "./inside.ts";

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

/** How somebody stands who waits. */
export interface Standing {
  readonly position: number;
  /** Why it waits; null where nobody can tell. */
  readonly why: Explanation | null;
}

/** Said in a log once the wait is worth a word. */
export function renderWaiting(
  request: ResourceRequest,
  standing: Standing,
): string {
  return `waiting for ${renderRequest(request)} ${standingText(standing)}`;
}

/** Said in a log when something has changed in a long wait. */
export function renderStill(
  request: ResourceRequest,
  standing: Standing,
  elapsedMs: number,
): string {
  return `still waiting for ${renderRequest(request)} after ` +
    `${formatDuration(elapsedMs)} ${standingText(standing)}`;
}

/** `(position 1 in the queue): needs 1 of slots; none free; held by llama`. */
function standingText({ position, why }: Standing): string {
  return `(position ${position} in the queue)` +
    (why === null ? "" : `: ${why.sentence}`);
}

/** Said when it is not free now, and not to be waited for. */
export function renderRefused(
  request: ResourceRequest,
  why: Told | null,
): string {
  const asked = renderRequest(request);
  const reason = reasonOf(why);
  if (why?.waitsForItself) return `Cannot have ${asked} now${reason}`;
  return reason === ""
    ? `Cannot have ${asked} now: see who has it with "reslock status"`
    : `Cannot have ${asked} now${reason}: see "reslock status"`;
}

/** Said when it was waited for long enough. */
export function renderGaveUp(
  request: ResourceRequest,
  why: Told | null,
  waitedMs: number,
): string {
  const advice = why?.waitsForItself
    ? ""
    : ': see "reslock status", or wait longer';
  return `Gave up on ${renderRequest(request)} after ${formatGiven(waitedMs)}` +
    reasonOf(why) + advice;
}

/** What stood in the way; nothing where that has just gone. */
function reasonOf(why: Explanation | null): string {
  const isHeldUp = why?.verdict === "waits" || why?.verdict === "impossible";
  return isHeldUp ? `: ${why.sentence}` : "";
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
