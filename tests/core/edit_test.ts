import { assertEquals } from "@std/assert";
import { differences, isAtomic, mergeRanges } from "../../lib/core/edit.ts";
import { randomSeed, seededRandom } from "../support/random.ts";

Deno.test("mergeRanges() orders ranges and joins those that are close or in one page", () => {
  const range = (start: number, end: number) => ({ start, end });
  assertEquals(mergeRanges([]), []);
  assertEquals(
    mergeRanges([range(9000, 9001), range(10, 20), range(4080, 4090)]),
    [range(10, 20), range(4080, 4090), range(9000, 9001)],
  );
  assertEquals(
    mergeRanges([range(5000, 5001), range(4990, 4995), range(10, 20)]),
    [range(10, 20), range(4990, 5001)],
  );
  assertEquals(mergeRanges([range(10, 20), range(4000, 4096)]), [
    range(10, 4096),
  ]);
});

Deno.test("isAtomic() is true for nothing, and for one patch within a page", () => {
  const edit = (...patches: readonly (readonly [number, number])[]) => ({
    length: 8192,
    patches: patches.map(([offset, length]) => ({
      offset,
      bytes: new Uint8Array(length),
    })),
  });
  assertEquals(isAtomic(edit()), true);
  assertEquals(isAtomic(edit([4000, 96])), true);
  assertEquals(isAtomic(edit([4000, 97])), false);
  assertEquals(isAtomic(edit([1, 1], [9, 1])), false);
});

const seed = randomSeed();
Deno.test(`differences() covers every byte that differs, in order (RESLOCK_SEED=${seed})`, () => {
  const random = seededRandom(seed);
  for (let round = 0; round < 200; round++) {
    const a = new Uint8Array(random(12_000) + 1);
    const b = a.slice();
    for (let i = random(6); i > 0; i--) b[random(b.length)] ^= 1 + random(255);
    const covered = new Uint8Array(a.length);
    let before = -1;
    for (const { start, end } of differences(a, b)) {
      assertEquals(start > before && end > start && end <= a.length, true);
      covered.fill(1, start, end);
      before = end;
    }
    const missed = a.findIndex((byte, at) => byte !== b[at] && !covered[at]);
    assertEquals(missed, -1);
  }
});
