import { assertEquals } from "@std/assert";
import { refusalText, sentenceOf } from "../../lib/core/explain_text.ts";
import type { Outsider, Party, Shortage } from "../../lib/core/explanation.ts";
import type { Obstacle } from "../../lib/core/placement.ts";

const SHORT: Shortage = {
  resource: "ram_mb",
  requested: 8192,
  free: 1024,
  left: 0,
  slot: null,
  holders: [],
  holderCount: 0,
  outside: [],
  outsideCount: 0,
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

/** A card of which 40 GB are asked for and 18.5 GB are free. */
const CARD: Shortage = {
  ...SHORT,
  resource: "vram_mb",
  requested: 40_960,
  free: 18_944,
  left: 18_944,
  slot: 0,
};
const NEEDS = "needs 40 GB on one card; 18.5 GB free on the best; ";

function outsiders(...uses: [pid: number | null, name: string, mb: number][]) {
  return {
    outside: uses.map(([pid, name, usedMb]): Outsider => ({
      pid,
      name,
      usedMb,
      resource: "gpu_A_vram_mb",
    })),
    outsideCount: uses.length,
  };
}

function holders(...labels: string[]) {
  return {
    holders: parties(...labels).map((party) => ({
      ...party,
      resource: "gpu_A_vram_mb",
      amount: 1024,
    })),
    holderCount: labels.length,
  };
}

Deno.test("sentenceOf() names who uses a card without a lease, beside who holds it", () => {
  const python: [number, string, number] = [930, "python3", 60_000];
  const other: [number, string, number] = [931, "blender", 9000];
  const nobody: [null, string, number] = [null, "", 60_000];
  const cases: [Partial<Shortage>, string][] = [
    [outsiders(python), "held by pid 930 python3 outside reslock"],
    [
      outsiders(python, other),
      "held by pid 930 python3 and pid 931 blender outside reslock",
    ],
    [
      outsiders(python, other, [1, "a", 1]),
      "held by pid 930 python3 and pid 931 blender outside reslock and 1 more",
    ],
    [outsiders([7, "", 60_000]), "held by pid 7 outside reslock"],
    [outsiders(nobody), "held by somebody outside reslock"],
    [
      { ...holders("llama-70b"), ...outsiders(python) },
      "held by llama-70b and pid 930 python3 outside reslock",
    ],
    [
      { ...holders("a", "b", "c"), ...outsiders(python, other) },
      "held by a, pid 930 python3 outside reslock and 3 more",
    ],
    [
      { ...outsiders(python), behind: parties("a"), behindCount: 1 },
      "behind a; held by pid 930 python3 outside reslock",
    ],
    [
      { ...holders("b"), behind: parties("a"), behindCount: 1 },
      "behind a",
    ],
  ];
  for (const [others, end] of cases) {
    assertEquals(sentence([{ ...CARD, ...others }]), NEEDS + end);
  }
  // One program on several cards is one.
  const twice = outsiders(python, python);
  assertEquals(
    sentence([{ ...CARD, ...twice }]),
    `${NEEDS}held by pid 930 python3 outside reslock`,
  );
});

Deno.test("sentenceOf() names no program that would hardly help by leaving", () => {
  const desktop = outsiders([812, "Xorg", 3000], [813, "gnome-shell", 2503]);
  assertEquals(
    sentence([{ ...CARD, ...holders("llama"), ...desktop }]),
    `${NEEDS}held by llama`,
  );
  // Nor any where enough is free, and only kept for others.
  const kept = { ...CARD, free: 50_000, behind: parties("a"), behindCount: 1 };
  assertEquals(
    sentence([{ ...kept, ...outsiders([930, "python3", 20_000]) }])
      .split("; ").slice(2),
    ["behind a"],
  );
});

Deno.test("sentenceOf() shows what a program is called without obeying it", () => {
  const hostile = outsiders([930, "\x1b[2J\u202e" + "x".repeat(100), 60_000]);
  assertEquals(
    sentence([{ ...CARD, ...hostile }]),
    `${NEEDS}held by pid 930 \\u001b[2J\\u202e${"x".repeat(35)}… ` +
      "outside reslock",
  );
});

Deno.test("sentenceOf() says cards by their numbers where those are known", () => {
  const named = { ...CARD, resource: "gpu_A_vram_mb", slot: null };
  const facts = {
    verdict: "waits",
    short: [named],
    reclaims: [],
    obstacle: null,
    earliestStart: null,
  } as const;
  assertEquals(
    sentenceOf(facts, new Map([["gpu_A_vram_mb", 3]])),
    "needs 40 GB on gpu 3; 18.5 GB free",
  );
  assertEquals(
    sentenceOf(facts),
    "needs 40 GB of gpu_A_vram_mb; 18.5 GB free",
  );
});

Deno.test("sentenceOf() and refusalText() tell what the capacities lack", () => {
  const cards = { resource: "vram_mb", requested: 8192 };
  const cases: [Obstacle, string][] = [
    [
      { ...cards, capacity: 4096, slot: 0 },
      "needs 8 GB on one card, and the best has 4 GB in all",
    ],
    [
      { ...cards, capacity: 4096, slot: 3 },
      "needs 8 GB on 4 cards, and the 4th best has 4 GB in all",
    ],
    [
      { ...cards, requested: 24_570, capacity: 24_564, slot: 0 },
      "needs 24570 MB on one card, and the best has 24564 MB in all",
    ],
    [
      { ...cards, capacity: undefined, slot: 0 },
      "needs a card, and none is registered",
    ],
    [
      { ...cards, capacity: undefined, slot: 1 },
      "needs 2 cards, and 1 is registered",
    ],
    [
      { resource: "ram_mb", requested: 2048, capacity: 1024 },
      "needs 2 GB of ram_mb, and there is 1 GB in all",
    ],
    [
      { resource: "slots", requested: 4, capacity: 2 },
      "needs 4 of slots, and there are 2 in all",
    ],
    [
      { resource: "slots", requested: 4, capacity: 1 },
      "needs 4 of slots, and there is 1 in all",
    ],
  ];
  const waiting = {
    verdict: "impossible",
    short: [],
    reclaims: [],
    earliestStart: null,
  } as const;
  for (const [obstacle, text] of cases) {
    assertEquals(sentenceOf({ ...waiting, obstacle }), text);
    assertEquals(refusalText(obstacle), `can never start here: it ${text}`);
  }
  const unknown = { resource: "slot", requested: 1, capacity: undefined };
  assertEquals(
    sentenceOf({ ...waiting, obstacle: unknown }),
    "needs a capacity of slot, and none is set",
  );
  assertEquals(
    refusalText(unknown),
    "can never start here: no capacity is set for slot",
  );
  const card = { resource: "gpu_A_vram_mb", requested: 8192, capacity: 4096 };
  assertEquals(
    sentenceOf(
      { ...waiting, obstacle: card },
      new Map([["gpu_A_vram_mb", 3]]),
    ),
    "needs 8 GB on gpu 3, and there is 4 GB in all",
  );
});
