/**
 * An explanation as one line of English.
 *
 * @module
 */
import { formatAmount, formatMb } from "./amount.ts";
import type { Explanation, Party, Shortage } from "./explanation.ts";
import type { Obstacle } from "./placement.ts";
import { shown } from "./quoted.ts";

/** Enough of a label to know it again. */
const LABEL_LENGTH = 40;
/** More than these are counted. */
const NAMES_MAX = 2;
const ORDINALS = ["best", "second best", "third best"];

/** `needs 8 GB on one card; 5 GB free on the best; behind llama-70b`. */
export function sentenceOf(
  { verdict, short, reclaims, obstacle }: Omit<Explanation, "sentence">,
): string {
  if (verdict === "grantable") return "can be granted now";
  if (verdict === "unconfirmed") {
    return "fits by the leases; its program has to look and take it";
  }
  if (obstacle !== null) {
    return `can never start here: ${obstacleText(obstacle)}`;
  }
  const parts = short.flatMap((shortage) => [
    needText(shortage),
    freeText(shortage),
  ]);
  // Where several things are short, mostly the same ones stand in front.
  const front = most(short, "behindCount");
  const holders = most(short, "holderCount");
  if (front !== undefined) {
    parts.push(`behind ${namesOf(front.behind, front.behindCount)}`);
  } else if (holders !== undefined) {
    parts.push(`held by ${namesOf(holders.holders, holders.holderCount)}`);
  }
  if (reclaims.length > 0) {
    const verb = reclaims.length === 1 ? "is" : "are";
    parts.push(`${namesOf(reclaims, reclaims.length)} ${verb} asked back`);
  }
  return parts.join("; ") || "waits for its turn";
}

/** What the capacities lack for a request. */
export function obstacleText(
  { resource, requested, capacity, slot }: Obstacle,
): string {
  if (slot === undefined) {
    const name = shown(resource);
    return capacity === undefined
      ? `no capacity is set for ${name}`
      : `it needs ${formatAmount(resource, requested)} of ${name}, and there ` +
        `is ${formatAmount(resource, capacity)} in all`;
  }
  const cards = slot === 0 ? "one card" : `${slot + 1} cards`;
  if (capacity === undefined) {
    return slot === 0
      ? "it needs a card, and none is registered"
      : `it needs ${cards}, and ${slot} ${
        slot === 1 ? "is" : "are"
      } registered`;
  }
  return `it needs ${formatMb(requested)} on ${cards}, and the ${
    ordinal(slot)
  } has ${formatMb(capacity)} in all`;
}

function needText({ resource, requested, slot }: Shortage): string {
  if (slot === null) {
    return `needs ${formatAmount(resource, requested)} of ${shown(resource)}`;
  }
  const size = formatMb(requested);
  return slot === 0
    ? `needs ${size} on one card`
    : `needs ${size} or more on ${slot + 1} cards`;
}

function freeText({ resource, requested, free, slot }: Shortage): string {
  const amount = free === 0
    ? "none"
    : slot === null
    ? formatAmount(resource, free)
    : formatMb(free);
  const where = slot === null ? "" : ` on the ${ordinal(slot)}`;
  const kept = free >= requested ? ", but kept for those in front" : "";
  return `${amount} free${where}${kept}`;
}

function ordinal(slot: number): string {
  return ORDINALS.at(slot) ?? `${slot + 1}th best`;
}

/** The shortage with the most others, `undefined` if none has any. */
function most(
  short: readonly Shortage[],
  count: "behindCount" | "holderCount",
): Shortage | undefined {
  const [first] = short.toSorted((a, b) => b[count] - a[count]);
  return first !== undefined && first[count] > 0 ? first : undefined;
}

/** `llama-70b`, `llama-70b and whisper`, `llama-70b, whisper and 3 more`. */
function namesOf(parties: readonly Party[], count: number): string {
  const names = new Set(
    parties.map(({ id, label }) => shown(label ?? id, LABEL_LENGTH)),
  );
  const named = [...names].slice(0, NAMES_MAX);
  const rest = count - parties.length + names.size - named.length;
  if (rest > 0) return `${named.join(", ")} and ${rest} more`;
  return named.join(" and ");
}
