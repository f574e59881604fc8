/**
 * How things are named and counted for people, in all commands alike.
 *
 * @module
 */
import {
  type EntryStatus,
  formatAmount,
  formatMb,
  type LeaseStatus,
  type PriorityChange,
} from "../../mod.ts";
import { cardOfKey } from "./card_key.ts";
import { visible } from "./text.ts";

/** Enough of a card's id to tell it from the others of a machine. */
const SHORT_ID_LENGTH = 8;

/** Turns the names of resources into what is shown of them. */
export type Naming = (name: string) => string;

/** Cards by the start of their id, where that tells them apart: `gpu 1a2b3c4d`. */
export function namingOf(names: Iterable<string>): Naming {
  const shown = new Map<string, string>();
  const taken = new Map<string, number>();
  for (const name of new Set(names)) {
    const uuid = cardOfKey(name)?.replace(/^(?:GPU|MIG)-/, "");
    if (uuid === undefined) continue;
    const short = `gpu ${uuid.slice(0, SHORT_ID_LENGTH)}`;
    shown.set(name, short);
    taken.set(short, (taken.get(short) ?? 0) + 1);
  }
  return (name) => {
    const short = shown.get(name);
    return short !== undefined && taken.get(short) === 1 ? short : name;
  };
}

/** What is held or asked for: `cpu_cores 4, ram_mb 16 GB`. */
export function renderAmounts(
  amounts: Readonly<Record<string, number>>,
  naming: Naming = (name) => name,
): string {
  return Object.entries(amounts)
    .map(([name, amount]) => `${naming(name)} ${formatAmount(name, amount)}`)
    .join(", ");
}

/** A capacity, exact and for people: `ram_mb = 65536 (64 GB)`. */
export function renderCapacity(name: string, amount: number): string {
  const shown = formatAmount(name, amount);
  const exact = String(amount);
  return `${name} = ${exact}${shown === exact ? "" : ` (${shown})`}`;
}

/** Where the copy is of a file that another was put in the place of. */
export function renderKept(copyPath: string): string {
  return visible(`The damaged file is kept as ${copyPath}`) + "\n";
}

/** What a request asks for. */
export function renderNeeds(entry: EntryStatus, naming?: Naming): string {
  const { vramMb, vramMbEach, numGpus, resources } = entry;
  const gpus = vramMb !== null
    ? `vram ${vramMb.map(formatMb).join(" + ")}`
    : vramMbEach !== null
    ? `vram ${numGpus} x ${formatMb(vramMbEach)}`
    : "";
  return [gpus, renderAmounts(resources, naming)].filter(Boolean).join(", ");
}

/** `release`: what is free again. */
export function renderReleased(
  leases: readonly LeaseStatus[],
  naming?: Naming,
): string {
  return leases.map((lease) => {
    const held = renderAmounts(lease.resources, naming) || "it held nothing";
    return visible(`Released ${nameOf(lease)}: ${held}`) + "\n";
  }).join("");
}

/** `cancel`: what nobody waits for any more. */
export function renderCancelled(
  entries: readonly EntryStatus[],
  naming?: Naming,
): string {
  return entries.map((entry) =>
    visible(`Cancelled ${nameOf(entry)}: ${renderNeeds(entry, naming)}`) + "\n"
  ).join("");
}

/** `priority`: from what to what. */
export function renderPriority(change: PriorityChange): string {
  const { before, priority } = change;
  const text = before === priority
    ? `is ${priority} already`
    : `${before} -> ${priority}`;
  return `${visible(`Priority of ${nameOf(change)}`)}: ${text}\n`;
}

/** `reclaim`: what their holders were asked for. */
export function renderAskedBack(
  leases: readonly LeaseStatus[],
  naming?: Naming,
): string {
  return leases.map((lease) => {
    const held = renderAmounts(lease.resources, naming);
    return visible(`Asked back ${nameOf(lease)}: ${held}`) + "\n";
  }).join("");
}

/** An id with its label. */
export function nameOf(
  { id, label }: { readonly id: string; readonly label: string | null },
): string {
  return label === null ? id : `${id} (${label})`;
}
