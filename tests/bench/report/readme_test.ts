import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  BEGIN,
  END,
  type QuestionRecord,
  readmeFigures,
  readResults,
} from "../../../bench/report/readme.ts";
import { ROOT } from "../../support/deno.ts";

const RESULTS = `${ROOT}bench/results`;

/** The same however the formatter breaks lines and aligns tables. */
function plain(text: string): string {
  return text.replace(/-{3,}/g, "---").replace(/\s+/g, " ").trim();
}

Deno.test("the figures of the README are those of bench/results", async () => {
  const readme = await Deno.readTextFile(`${ROOT}README.md`);
  const shown = readme.split(BEGIN)[1].split(END)[0];
  assertEquals(plain(shown), plain(readmeFigures(await readResults(RESULTS))));
  for (const [, path] of shown.matchAll(/\]\((\S+\.svg)\)/g)) {
    assertStringIncludes(await Deno.readTextFile(`${ROOT}${path}`), "<svg");
  }
});

Deno.test("readmeFigures() says what it has, and nothing of what it has not", () => {
  const summary = { count: 1, min: 1, median: 2.5, p99: 4, max: 5 };
  const measure = { what: "death to grant", unit: "ms" };
  const at = { "the dead is": "reaped" };
  const record: QuestionRecord = {
    question: "death",
    machine: {
      ...{ date: "2026-01-01", cores: 2, processor: "P", memoryGiB: 4 },
      ...{ kernel: "linux 6", fileSystem: "ext4", deno: "2.9.6" },
      loadAverage: 0,
    },
    figures: [
      { measure, contender: "reslock", at, summary, missed: 0 },
      { measure, contender: "pueue", at, summary: undefined, missed: 1 },
    ],
  };
  const later = { ...record.machine, date: "2026-01-02" };
  const text = readmeFigures(
    new Map([
      ["order", { question: "order", machine: later, figures: [] }],
      ["death", record],
    ]),
  );
  const row = text.split("\n").find((line) => line.includes("SIGKILL"))!;
  assertEquals(
    row,
    "| SIGKILL of the holder to grant, ms | 2.5 |  |  |  |  | never |  |",
  );
  assertStringIncludes(text, "2026-01-01 and 2026-01-02, 2 cores of P");
});
