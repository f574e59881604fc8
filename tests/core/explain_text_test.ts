import { assertEquals } from "@std/assert";
import { obstacleText, sentenceOf } from "../../lib/core/explain_text.ts";
import type { Party, Shortage } from "../../lib/core/explanation.ts";

const SHORT: Shortage = {
  resource: "ram_mb",
  requested: 8192,
  free: 1024,
  left: 0,
  slot: null,
  holders: [],
  holderCount: 0,
  behind: [],
  behindCount: 0,
};

function sentence(
  short: readonly Shortage[],
  reclaims: readonly Party[] = [],
): string {
  return sentenceOf({
    verdict: "waits",
    short,
    reclaims,
    obstacle: null,
    earliestStart: null,
  });
}

function parties(...labels: string[]): Party[] {
  return labels.map((label) => ({ id: `${label}-id`, label }));
}

Deno.test("sentenceOf() names two and counts the others", () => {
  const behind = (count: number, ...labels: string[]) =>
    sentence([{ ...SHORT, behind: parties(...labels), behindCount: count }])
      .split("; ").at(-1);
  assertEquals(behind(1, "a"), "behind a");
  assertEquals(behind(2, "a", "b"), "behind a and b");
  assertEquals(behind(3, "a", "b", "c"), "behind a, b and 1 more");
  assertEquals(behind(40, "a", "b", "c"), "behind a, b and 38 more");
  assertEquals(behind(3, "a", "a", "a"), "behind a");
});

Deno.test("sentenceOf() tells of each thing that is short", () => {
  assertEquals(
    sentence([SHORT, {
      ...SHORT,
      resource: "slots",
      requested: 1,
      free: 0,
      holders: [{
        id: "abc-4",
        label: null,
        resource: "slots",
        amount: 1,
      }],
      holderCount: 1,
    }]),
    "needs 8 GB of ram_mb; 1 GB free; needs 1 of slots; none free; held by abc-4",
  );
});

Deno.test("sentenceOf() shows what others wrote without obeying it", () => {
  const text = sentence([SHORT], parties("\x1b[2J\u202e", 'a "b"'));
  assertEquals(
    text,
    'needs 8 GB of ram_mb; 1 GB free; \\u001b[2J\\u202e and a "b" are asked back',
  );
});

Deno.test("obstacleText() tells what lacks", () => {
  const cards = { resource: "vram_mb", requested: 8192 };
  assertEquals(
    obstacleText({ ...cards, capacity: 4096, slot: 0 }),
    "it needs 8 GB on one card, and the best has 4 GB in all",
  );
  assertEquals(
    obstacleText({ ...cards, capacity: 4096, slot: 3 }),
    "it needs 8 GB on 4 cards, and the 4th best has 4 GB in all",
  );
  assertEquals(
    obstacleText({ ...cards, capacity: undefined, slot: 1 }),
    "it needs 2 cards, and 1 is registered",
  );
  assertEquals(
    obstacleText({ resource: "ram_mb", requested: 2048, capacity: 1024 }),
    "it needs 2 GB of ram_mb, and there is 1 GB in all",
  );
});
