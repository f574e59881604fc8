import { assertEquals } from "@std/assert";
import {
  type BashLine,
  forBash,
  readBashLine,
} from "../../lib/cli/bash_line.ts";
import { runTool, works } from "../support/processes.ts";

const BREAKS = " \t\n\"'@><=;|&(:";

Deno.test("readBashLine() takes words out of their quotes, and finds what bash replaces", () => {
  const cases: readonly (readonly [
    string,
    string[],
    BashLine["quote"],
    number,
  ])[] = [
    ["r", ["r"], "", 0],
    ["r  status ", ["r", "status", ""], "", 0],
    ["r -l my\\ l", ["r", "-l", "my l"], "", 0],
    ["r -l 'my l", ["r", "-l", "my l"], "'", 0],
    ['r -l "a\\"b\\c', ["r", "-l", 'a"b\\c'], '"', 0],
    ["r -l 'my l'a", ["r", "-l", "my la"], "", 0],
    ["r --label=a", ["r", "--label=a"], "", 8],
    ["r --label='my l", ["r", "--label=my l"], "'", 8],
    ["r -l a:b\\:c", ["r", "-l", "a:b:c"], "", 2],
    ["r -l a@b", ["r", "-l", "a@b"], "", 1],
    ["r -l 'it'\\''s", ["r", "-l", "it's"], "'", 3],
    ["r -l 'a:'b", ["r", "-l", "a:b"], "", 0],
    ["r -l a\\", ["r", "-l", "a"], "", 0],
    ["r -l $(id", ["r", "-l", "$(id"], "", 2],
  ];
  for (const [line, words, quote, kept] of cases) {
    assertEquals(readBashLine(line, BREAKS), { words, quote, kept }, line);
  }
});

Deno.test({
  name: "forBash() writes every character so that bash reads it as itself",
  ignore: !await works("bash", "-c", "true"),
  async fn() {
    const characters = Array.from(
      { length: 95 },
      (_, index) => String.fromCharCode(32 + index),
    );
    const words = characters.flatMap((one) => [one, one + one, `x ${one}é`]);
    for (const quote of ["", "'", '"'] as const) {
      const line = { words: [""], quote, kept: 0 };
      // As bash puts them into the line.
      const typed = words.map((word) => {
        const text = forBash(word, line);
        const start = text.startsWith(quote) ? "" : quote;
        return `${start}${text}${text.endsWith(quote) ? "" : quote}`;
      });
      const out = await runTool(
        "bash",
        "-c",
        `printf '%s\\n' ${typed.join(" ")}`,
      );
      assertEquals(out.split("\n").slice(0, -1), words);
    }
  },
});

Deno.test("forBash() leaves out what bash keeps", () => {
  const put = (typed: string, word: string) =>
    forBash(word, readBashLine(`r ${typed}`, BREAKS));
  assertEquals(put("a", "a b"), "a\\ b");
  assertEquals(put("--label=a", "--label=a b"), "a\\ b");
  assertEquals(put("disk_mb@", "disk_mb@/x="), "@/x=");
  assertEquals(put("'a:", "a:b c"), "a:b c");
  assertEquals(put("team:", "team:"), "");
});
