import { assert, assertEquals } from "@std/assert";
import { closingLine, countTests, steps } from "../../tools/check.ts";

Deno.test("countTests() reads the summary of a run", () => {
  const output = "running 3 tests\n\nok | 3 passed | 0 failed (8ms)\n";
  assertEquals(countTests(output, true), { passed: 3, failed: 0, skipped: 0 });
});

Deno.test("countTests() leaves out the steps of a test", () => {
  const output = "ok | 12 passed (30 steps) | 0 failed | 2 ignored (1s)";
  assertEquals(countTests(output, true), { passed: 12, failed: 0, skipped: 2 });
});

Deno.test("countTests() reads the last of several summaries", () => {
  const output = "FAILED | 0 passed | 1 failed (8ms)\n" +
    "ok | 3 passed | 0 failed (9ms)\n";
  assertEquals(countTests(output, true), { passed: 3, failed: 0, skipped: 0 });
});

Deno.test("countTests() counts the failed tests of a failed run", () => {
  const output = "FAILED | 5 passed | 2 failed (1 step) (2m10s)";
  assertEquals(countTests(output, false), { passed: 5, failed: 2, skipped: 0 });
});

Deno.test("countTests() counts a run that failed without a summary", () => {
  const output = "error: Module not found";
  assertEquals(countTests(output, false), { passed: 0, failed: 1, skipped: 0 });
});

Deno.test("countTests() counts a run that failed beside passing tests", () => {
  const output = "ok | 5 passed | 0 failed (1s)\nerror: Uncaught";
  assertEquals(countTests(output, false), { passed: 5, failed: 1, skipped: 0 });
});

Deno.test("closingLine() tells of skipped tests only if there are any", () => {
  const counts = { passed: 7, failed: 0, skipped: 0 };
  assertEquals(closingLine(counts), "7 passed, 0 failed");
  assertEquals(
    closingLine({ ...counts, skipped: 2 }),
    "7 passed, 0 failed, 2 skipped",
  );
});

Deno.test("steps() runs each folder of tests once", () => {
  const runs = steps(() => true).filter((step) => step.isTestRun);
  const parallel = runs.find((step) => step.args.includes("--parallel"));
  const others = runs.find((step) => step.args.at(-1) === "tests");
  assert(parallel && others);
  assert(parallel.args.includes("tests/core"));
  const ignored = others.args.find((word) => word.startsWith("--ignore="))!
    .slice("--ignore=".length).split(",");
  const own = runs.filter((step) => step !== others)
    .flatMap(({ args }) => args.filter((word) => word.startsWith("tests/")));
  assertEquals(own.toSorted(), ignored.toSorted());
});

Deno.test("steps() names no file that is not there", () => {
  const words = steps((path) => path !== "README.md").flatMap(({ args }) =>
    args
  );
  assert(!words.includes("README.md"));
});
