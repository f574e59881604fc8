import { assert, assertEquals } from "@std/assert";
import {
  type Column,
  cut,
  cutPainted,
  paint,
  renderAnnotated,
  renderTable,
} from "../../lib/cli/table.ts";

const COLUMNS: readonly Column[] = [
  { title: "ID" },
  { title: "LABEL", shrinksTo: 5 },
  { title: "N", align: "right" },
  { title: "NOTE", shrinksTo: 4, dropOrder: 1 },
];

function table(columns: number, ...rows: string[][]): string[] {
  const cells = rows.map((row) => row.map((text) => ({ text })));
  return renderTable(COLUMNS, cells, { columns, color: false });
}

Deno.test("renderTable() aligns columns and leaves no space at the end", () => {
  assertEquals(table(80, ["a", "one", "5", ""], ["bbb", "two", "10", "x"]), [
    "ID   LABEL   N  NOTE",
    "a    one     5",
    "bbb  two    10  x",
  ]);
});

Deno.test("renderTable() shortens the widest of the columns that may shrink", () => {
  assertEquals(table(22, ["a", "a long label", "1", "a note"]), [
    "ID  LABEL    N  NOTE",
    "a   a long…  1  a note",
  ]);
});

Deno.test("renderTable() drops what matters least before it is too wide", () => {
  assertEquals(table(14, ["abc", "a long label", "1", "a note"]), [
    "ID   LABEL   N",
    "abc  a lon…  1",
  ]);
});

Deno.test("renderTable() keeps within its width, or is as narrow as it can be", () => {
  const row = ["abc", "a long label", "1", "a note of some length"];
  for (let columns = 13; columns < 60; columns++) {
    for (const line of table(columns, row)) assert(line.length <= columns);
  }
});

Deno.test("renderTable() counts wide characters as two", () => {
  assertEquals(table(80, ["漢字", "ab", "1", "x"], ["abcd", "ab", "1", "x"]), [
    "ID    LABEL  N  NOTE",
    "漢字  ab     1  x",
    "abcd  ab     1  x",
  ]);
});

Deno.test("renderTable() makes what it shows harmless", () => {
  assertEquals(
    table(80, ["\x1b[2J", "a\nb", "1", ""])[1].includes("\x1b"),
    false,
  );
  assertEquals(table(80, ["x", "a\nb", "1", ""]).length, 2);
});

Deno.test("renderTable() takes no more than its share for a hostile megabyte", () => {
  const quickestMs = (length: number) => {
    const row = ["x", "\u0301".repeat(length), "1", "漢".repeat(length)];
    const runs = Array.from({ length: 3 }, () => {
      const since = performance.now();
      table(80, row);
      return performance.now() - since;
    });
    return Math.min(...runs);
  };
  // A hundred times as much; with the square of it, 10,000 times the time.
  assert(quickestMs(1e6) < 1000 * Math.max(0.1, quickestMs(1e4)));
});

Deno.test("cut() marks where it cut and never breaks a wide character", () => {
  assertEquals(cut("abcdef", 6), "abcdef");
  assertEquals(cut("abcdef", 4), "abc…");
  assertEquals(cut("漢字漢字", 4), "漢…");
  assertEquals(cut("abc", 1), "…");
});

Deno.test("renderTable() leaves out columns in which nothing stands", () => {
  const columns = [{ title: "A" }, { title: "B" }];
  const lines = renderTable(columns, [[{ text: "1" }, { text: "" }]], {
    columns: 80,
    color: false,
  });
  assertEquals(lines, ["A", "1"]);
});

Deno.test("renderAnnotated() wraps what stands below a row", () => {
  const below = [{ text: "because of others" }, { text: "" }];
  const rows = [[{ text: "1" }], [{ text: "2" }]];
  const options = { below, indent: 2, view: { columns: 12, color: false } };
  assertEquals(renderAnnotated([{ title: "#" }], rows, options), [
    ["#"],
    ["1", "  because of", "  others"],
    ["2"],
  ]);
});

Deno.test("cutPainted() cuts what is seen, and ends each style", () => {
  const text = paint("ab", "bold", true) + paint("cd漢字", "inverse", true);
  assertEquals(cutPainted(text, 8), text);
  const cut = (width: number) =>
    // deno-lint-ignore no-control-regex
    cutPainted(text, width).replaceAll(/\x1b\[(\d+)m/g, "<$1>");
  assertEquals(cut(7), "<1>ab<22><7>cd漢…<27>");
  assertEquals(cut(6), "<1>ab<22><7>cd…<27>");
  assertEquals(cut(3), "<1>ab<22><7>…<27>");
  assertEquals(cut(2), "<1>a…<22><7><27>");
});

Deno.test("renderTable() is as narrow as it gets where nothing makes it fit", () => {
  assertEquals(table(4, ["k3v9", "a long label", "1", "a note"]), [
    "ID    LABEL  N",
    "k3v9  a lo…  1",
  ]);
});
