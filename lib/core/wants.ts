/**
 * Who is after what.
 *
 * @module
 */
import { gpuOfKey } from "./model.ts";
import type { PoolState, Waiter } from "./state.ts";

/** Whether a waiter asks for any of these; for memory of a card, all cards are one. */
export function wantsAny(
  { counters, slots }: Pick<Waiter, "counters" | "slots">,
  names: Iterable<string>,
): boolean {
  for (const name of names) {
    if (counters.has(name)) return true;
    if (slots.length > 0 && gpuOfKey(name) !== undefined) return true;
  }
  return false;
}

/** The names of what a waiter asks for, with all cards if it asks for any. */
export function wantedNames(
  { counters, slots }: Pick<Waiter, "counters" | "slots">,
  { cards }: PoolState,
): string[] {
  const names = [...counters.keys()];
  if (slots.length > 0) names.push(...cards.map(({ key }) => key));
  return names;
}
