/**
 * An explanation as one line of English.
 *
 * @module
 */
import { formatAmount, formatApart, formatMb, isSizeName } from "./amount.ts";
import type { Explanation, Outsider, Party, Shortage } from "./explanation.ts";
import type { Obstacle } from "./placement.ts";
import { shown } from "./quoted.ts";

/** Enough of a label or a program to know it again. */
const NAME_LENGTH = 40;
/** More than these are counted. */
const NAMES_MAX = 2;
const ORDINALS = ["best", "second best", "third best"];
/** Who has less than this part of what is lacking would be no help by leaving. */
const OUTSIDE_SHARE = 1 / 4;

/** The numbers of cards, by the names of their memory. */
type CardNumbers = ReadonlyMap<string, number>;

/**
 * `needs 8 GB on one card; 5 GB free on the best; behind llama-70b`.
 *
 * @param numbers those of cards that are asked for by name
 */
export function sentenceOf(
  { verdict, short, reclaims, obstacle }: Omit<Explanation, "sentence">,
  numbers: CardNumbers = new Map(),
): string {
  if (verdict === "grantable") return "can be granted now";
  if (verdict === "unconfirmed") {
    return "fits by the leases; its program has to look and take it";
  }
  if (obstacle !== null) return obstacleText(obstacle, numbers);
  const parts = short.flatMap((shortage) => [
    needText(shortage, numbers),
    freeText(shortage),
  ]);
  // Where several things are short, mostly the same ones stand in front.
  const front = most(short, "behindCount");
  const held = most(short, "holderCount");
  const outside = most(short.filter(isHeldOutside), "outsideCount");
  if (front !== undefined) {
    parts.push(`behind ${partiesText(front.behind, front.behindCount)}`);
  }
  // Of leases it is enough that the one in front tells who has them.
  if (outside !== undefined || front === undefined && held !== undefined) {
    parts.push(`held by ${holdersText(held, outside)}`);
  }
  if (reclaims.length > 0) {
    const verb = reclaims.length === 1 ? "is" : "are";
    parts.push(`${partiesText(reclaims, reclaims.length)} ${verb} asked back`);
  }
  return parts.join("; ") || "waits for its turn";
}

/** What the capacities lack for a request that waits until they suffice. */
function obstacleText(obstacle: Obstacle, numbers: CardNumbers): string {
  const { resource, capacity, slot } = obstacle;
  return capacity === undefined && slot === undefined
    ? `needs a capacity of ${shown(resource)}, and none is set`
    : lackText(obstacle, numbers);
}

/** What is said of a request that is refused for what the capacities lack. */
export function refusalText(obstacle: Obstacle): string {
  const { resource, capacity, slot } = obstacle;
  const lack = capacity === undefined && slot === undefined
    ? `no capacity is set for ${shown(resource)}`
    : `it ${lackText(obstacle)}`;
  return `can never start here: ${lack}`;
}

/** `needs 4 of slots, and there are 2 in all`. */
function lackText(
  { resource, requested, capacity, slot }: Obstacle,
  numbers: CardNumbers = new Map(),
): string {
  if (slot === undefined) {
    const [needed, all] = formatApart(resource, requested, capacity ?? 0);
    const number = numbers.get(resource);
    const where = number === undefined
      ? `of ${shown(resource)}`
      : `on gpu ${number}`;
    const verb = isSizeName(resource) || capacity === 1 ? "is" : "are";
    return `needs ${needed} ${where}, and there ${verb} ${all} in all`;
  }
  const cards = slot === 0 ? "one card" : `${slot + 1} cards`;
  if (capacity === undefined) {
    return slot === 0
      ? "needs a card, and none is registered"
      : `needs ${cards}, and ${slot} ${slot === 1 ? "is" : "are"} registered`;
  }
  const [needed, all] = formatApart("vram_mb", requested, capacity);
  return `needs ${needed} on ${cards}, and the ${
    ordinal(slot)
  } has ${all} in all`;
}

function needText(
  { resource, requested, slot }: Shortage,
  numbers: CardNumbers,
): string {
  const number = numbers.get(resource);
  if (number !== undefined) {
    return `needs ${formatMb(requested)} on gpu ${number}`;
  }
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
  count: "behindCount" | "holderCount" | "outsideCount",
): Shortage | undefined {
  const [first] = short.toSorted((a, b) => b[count] - a[count]);
  return first !== undefined && first[count] > 0 ? first : undefined;
}

/** Whether programs without a lease have much of what is lacking, on any of the cards. */
function isHeldOutside({ requested, free, outside }: Shortage): boolean {
  const lacking = requested - free;
  const byCard = Map.groupBy(outside, ({ resource }) => resource);
  return lacking > 0 &&
    byCard.values().some((uses) =>
      uses.reduce((sum, { usedMb }) => sum + usedMb, 0) >=
        lacking * OUTSIDE_SHARE
    );
}

/** The first of many names, and how many more there are. */
interface Names {
  readonly first: readonly string[];
  readonly more: number;
}

const NOBODY: Names = { first: [], more: 0 };

/** @param count of how many in all `names` are some */
function firstOf(names: readonly string[], count: number, max: number): Names {
  const unique = new Set(names);
  const first = [...unique].slice(0, max);
  return { first, more: count - names.length + unique.size - first.length };
}

/** `llama-70b`, `llama-70b and whisper`, `llama-70b, whisper and 3 more`. */
function listOf({ first, more }: Names): string {
  if (more > 0) return `${first.join(", ")} and ${more} more`;
  return first.join(" and ");
}

function partiesText(parties: readonly Party[], count: number): string {
  return listOf(firstOf(parties.map(partyName), count, NAMES_MAX));
}

/** `llama-70b and pid 930 python3 outside reslock`: of each kind at least one. */
function holdersText(
  held: Shortage | undefined,
  outside: Shortage | undefined,
): string {
  const max = held && outside ? NAMES_MAX - 1 : NAMES_MAX;
  const leases = held === undefined
    ? NOBODY
    : firstOf(held.holders.map(partyName), held.holderCount, max);
  const programs = outside === undefined
    ? NOBODY
    : firstOf(outside.outside.map(programName), outside.outsideCount, max);
  const named = listOf({ first: programs.first, more: 0 });
  const first = named === "" ? [] : [`${named} outside reslock`];
  return listOf({
    first: [...leases.first, ...first],
    more: leases.more + programs.more,
  });
}

function partyName({ id, label }: Party): string {
  return shown(label ?? id, NAME_LENGTH);
}

function programName({ pid, name }: Outsider): string {
  if (pid === null) return "somebody";
  return `pid ${pid} ${shown(name, NAME_LENGTH)}`.trimEnd();
}
