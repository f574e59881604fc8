/**
 * The promises as a target of a coverage-guided fuzzer: each input is taken for a state
 * file, for a record, and for a change of a file that is known already.
 *
 * `guide.ts` bundles it and has it called.
 *
 * @module
 */
import { SLOW_MS } from "./limits.ts";
import {
  assertUnpolluted,
  keepsMeaning,
  keepsRecord,
  readsAlike,
  showsHarmlessly,
} from "./promises.ts";

/** What a write of another may have changed the input from. */
function earlierOf(input: Uint8Array): Uint8Array {
  const earlier = input.slice();
  const at = earlier.indexOf(0x30);
  if (at >= 0) earlier[at] = 0x31;
  return earlier;
}

/** Tries every promise on one input; throws if it breaks one. */
export function fuzz(input: Uint8Array): void {
  // A Buffer may be cut out of a larger one, which it would drag along.
  const bytes = Uint8Array.from(input);
  const since = performance.now();
  keepsRecord(bytes);
  keepsMeaning(bytes);
  readsAlike(earlierOf(bytes), bytes);
  showsHarmlessly(bytes);
  assertUnpolluted();
  const took = performance.now() - since;
  if (took > SLOW_MS) throw new Error(`It took ${Math.round(took)} ms`);
}
