import { assertEquals } from "@std/assert";
import { Samples } from "../../../bench/harness/samples.ts";
import { atLeast, atMost } from "../../../bench/question.ts";
import {
  amount,
  figureTables,
  goalTable,
} from "../../../bench/report/table.ts";

Deno.test("figureTables() has a row for conditions and a column for contenders", () => {
  const samples = new Samples();
  const wait = { what: "wait", unit: "ms", show: ["median", "max"] } as const;
  samples.add(wait, "ours", { processes: 2 }, 1, 2, 3);
  samples.add(wait, "ours", { processes: 1000, kind: "slow" }, 0.12345);
  samples.add(wait, "theirs", { processes: 2 }, 1234.5);
  samples.miss(wait, "theirs", { processes: 2 });
  samples.miss(wait, "theirs", { processes: 1000, kind: "slow" });
  assertEquals(
    figureTables(samples.figures()),
    [
      "| wait, ms (median / max) | ours | theirs |",
      "| --- | ---: | ---: |",
      "| processes: 2 | 2 / 3 | 1,235 / 1,235, never in 1 of 2 |",
      "| processes: 1,000, kind slow | 0.123 / 0.123 | never |",
      "",
    ].join("\n"),
  );
});

Deno.test("goalTable() tells what was reached, missed and not measured", () => {
  assertEquals(
    goalTable([
      atMost(2, "ms", 2),
      atLeast(2.5, "times", 2.4),
      atMost(1, "errors", undefined),
    ]),
    [
      "| goal | measured |  |",
      "| --- | ---: | ---: |",
      "| at most 2 ms | 2 | reached |",
      "| at least 2.5 times | 2.4 | **missed** |",
      "| at most 1 errors |  | not measured |",
      "",
    ].join("\n"),
  );
});

Deno.test("amount() keeps three digits that count", () => {
  assertEquals(
    [0, 0.012345, 12.345, 999.4, 1234.5, Infinity].map(amount),
    ["0", "0.0123", "12.3", "999", "1,235", "∞"],
  );
});
