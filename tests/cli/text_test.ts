import { assert, assertEquals } from "@std/assert";
import {
  formatAge,
  formatDuration,
  jsonText,
  quoted,
  visible,
  widthOfText,
  wrapped,
} from "../../lib/cli/text.ts";

const HOSTILE = [
  "\x1b[2J",
  "\x9b31m",
  "a\r\nb",
  "\u2028",
  "\u202eabc",
  "\u200b",
  "\ud800",
  "\x00",
  "\x7f",
];

function isHarmless(text: string): boolean {
  // deno-lint-ignore no-control-regex
  return !/[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ud800-\udfff]/
    .test(text);
}

Deno.test("visible() shows what a terminal would obey or hide", () => {
  for (const text of HOSTILE) assert(isHarmless(visible(text)), quoted(text));
  assertEquals(visible("\x1b[31m"), "\\u001b[31m");
  assertEquals(visible("llama 70b ü 漢"), "llama 70b ü 漢");
});

Deno.test("quoted() keeps long text short", () => {
  assert(quoted("x".repeat(1e6)).length < 100);
});

Deno.test("jsonText() writes JSON that no terminal obeys and everyone reads alike", () => {
  for (const label of HOSTILE) {
    const text = jsonText({ label });
    assert(isHarmless(text.replaceAll("\n", "")));
    assertEquals(JSON.parse(text), { label });
  }
});

Deno.test("formatDuration() shows the two largest units", () => {
  const cases: [number, string][] = [
    [-5, "0s"],
    [999, "0s"],
    [12_000, "12s"],
    [60_000, "1m00s"],
    [192_000, "3m12s"],
    [18_180_000, "5h03m"],
    [187_200_000, "2d04h"],
  ];
  for (const [ms, text] of cases) assertEquals(formatDuration(ms), text);
});

Deno.test("formatAge() takes a time without a zone for UTC", () => {
  const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5);
  assertEquals(formatAge("2026-01-02T03:04:00.000001Z", nowMs), "5s");
  assertEquals(formatAge("2026-01-02T03:04:00", nowMs), "5s");
  assertEquals(formatAge("2026-01-02T05:04:00+02:00", nowMs), "5s");
  assertEquals(formatAge("yesterday", nowMs), "?");
});

Deno.test("wrapped() breaks between words, and never within one", () => {
  assertEquals(wrapped("needs 8 GB on one card", 9), [
    "needs 8",
    "GB on one",
    "card",
  ]);
  assertEquals(wrapped("unbreakable", 4), ["unbreakable"]);
});

Deno.test("widthOfText() counts columns, not characters", () => {
  assertEquals(widthOfText("gpu ▒█"), 6);
  assertEquals(widthOfText("漢字"), 4);
});
