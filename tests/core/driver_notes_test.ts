import { assertEquals } from "@std/assert";
import type { DriverReading } from "../../lib/core/cards.ts";
import { addNote, findNote, parseNotes } from "../../lib/core/driver_notes.ts";

const READING: DriverReading = {
  cards: [
    { uuid: "A", index: 0, name: "a, b", usedMb: 5, freeMb: null },
  ],
  processes: [{
    uuid: "A",
    pid: 7,
    name: "python",
    usedMb: null,
    ancestors: [3, 2],
    leaseId: null,
  }],
  traced: true,
};
const NOTE = { view: "here", atMs: 10_000, answer: READING };
const TEXT = addNote("", NOTE);

Deno.test("findNote() gives back what was noted", () => {
  const times = { sinceMs: 9000, nowMs: 10_000 };
  assertEquals(findNote(TEXT, "here", times), NOTE);
  const broken = { ...NOTE, answer: "no answer within 10 s" };
  assertEquals(findNote(addNote(TEXT, broken), "here", times), broken);
});

Deno.test("findNote() has nothing for those who see another machine", () => {
  const times = { sinceMs: 0, nowMs: 10_000 };
  assertEquals(findNote(TEXT, "there", times), undefined);
});

Deno.test("findNote() trusts neither old notes nor those of a clock that was put back", () => {
  const find = (sinceMs: number, nowMs: number) =>
    findNote(TEXT, "here", { sinceMs, nowMs });
  assertEquals(find(10_000, 10_000), NOTE);
  assertEquals(find(10_001, 11_000), undefined);
  assertEquals(find(8999, 9999), undefined);
});

Deno.test("addNote() replaces the note of its view and keeps the recent others", () => {
  const at = (view: string, atMs: number) => ({ ...NOTE, view, atMs });
  const notes = [at("a", 1000), at("b", 2000), at("a", 3000), at("c", 62_500)];
  const text = notes.reduce(addNote, "garbage");
  assertEquals(
    parseNotes(text).map(({ view, atMs }) => [view, atMs]),
    [["a", 3000], ["c", 62_500]],
  );
});

for (
  const text of [
    "",
    "[",
    TEXT.slice(0, -20),
    "{}",
    "null",
    JSON.stringify([null]),
    JSON.stringify([{ ...NOTE, more: 1 }]),
    JSON.stringify([{ ...NOTE, atMs: "now" }]),
    JSON.stringify([{ ...NOTE, answer: 5 }]),
    JSON.stringify([{ ...NOTE, answer: { ...READING, traced: 1 } }]),
    JSON.stringify([{ ...NOTE, answer: { ...READING, cards: [{}] } }]),
    TEXT.replace('"usedMb":5', '"usedMb":-5'),
    TEXT.replace('"usedMb":5', '"usedMb":0.5'),
    TEXT.replace('"pid":7', '"pid":"7"'),
    TEXT.replace("[3,2]", '["3"]'),
    TEXT.replace('"uuid":"A"', '"__proto__":"A"'),
  ]
) {
  Deno.test(`parseNotes() has none in ${text.slice(0, 60)}… (${text.length})`, () => {
    assertEquals(parseNotes(text), []);
  });
}
