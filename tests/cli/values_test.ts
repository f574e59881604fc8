import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/cli/failure.ts";
import {
  readAmount,
  readDurationMs,
  readLabel,
  readName,
  readNamedAmount,
  readPriority,
  readSignal,
  readSpanSeconds,
} from "../../lib/cli/values.ts";

function refusalOf(read: () => unknown): string {
  return assertThrows(read, UsageError).message;
}

Deno.test("readAmount() names the option, the value and the way out", () => {
  assertEquals(readAmount("--ram", "ram_mb", "4G"), 4096);
  const message = refusalOf(() => readAmount("--ram", "ram_mb", "4X"));
  for (const part of ["--ram: ", '"4X"', "4G"]) {
    assertStringIncludes(message, part);
  }
});

Deno.test("readName() and readLabel() refuse what others could not use", () => {
  for (const name of ["", "a\nb", "\x1b[31m", "__proto__", "x".repeat(201)]) {
    refusalOf(() => readName("NAME", name));
  }
  for (const label of ["", "a\nb", "\x9b31m", "x".repeat(201)]) {
    refusalOf(() => readLabel("--label", label));
  }
  assertEquals(readLabel("--label", "llama 70b ü"), "llama 70b ü");
});

Deno.test("readNamedAmount() splits at the last sign of equality", () => {
  assertEquals(readNamedAmount("-r", "slots=2"), ["slots", 2]);
  assertEquals(readNamedAmount("-r", "disk_mb@/a=b=1G"), [
    "disk_mb@/a=b",
    1024,
  ]);
  assertStringIncludes(
    refusalOf(() => readNamedAmount("-r", "slots")),
    "slots",
  );
  refusalOf(() => readNamedAmount("-r", "=2"));
  refusalOf(() => readNamedAmount("-r", "slots="));
  refusalOf(() => readNamedAmount("-r", "__proto__=2"));
});

Deno.test("readPriority() takes whole numbers of either sign", () => {
  assertEquals(readPriority("-p", "10"), 10);
  assertEquals(readPriority("-p", "-5"), -5);
  assertEquals(readPriority("-p", "+5"), 5);
  for (const text of ["", "1.5", "high", "1e3", "0x10", "9".repeat(17)]) {
    refusalOf(() => readPriority("-p", text));
  }
  const limit = String(Number.MAX_SAFE_INTEGER);
  for (const sign of ["", "-"]) {
    const error = refusalOf(() =>
      readPriority("-p", `${sign}${"9".repeat(20)}`)
    );
    assertStringIncludes(error, `as it is too ${sign ? "low" : "high"}: `);
    assertStringIncludes(error, limit);
  }
});

Deno.test("readSpanSeconds() reads times of any length, in whole seconds", () => {
  const cases: [string, number][] = [
    ["90", 90],
    ["5m", 300],
    ["1.6", 2],
    ["20ms", 1],
    ["60d", 5_184_000],
  ];
  for (const [text, seconds] of cases) {
    assertEquals(readSpanSeconds("-e", text), seconds, text);
  }
  assertStringIncludes(
    refusalOf(() => readSpanSeconds("-e", "36501d")),
    "write 36500d or less",
  );
  for (const text of ["", "0", "-1", "5x"]) {
    assertStringIncludes(
      refusalOf(() => readSpanSeconds("--estimated-seconds", text)),
      "--estimated-seconds",
    );
  }
});

Deno.test("readDurationMs() reads seconds and what has a unit", () => {
  const cases: [string, number][] = [
    ["30", 30_000],
    ["30s", 30_000],
    ["500ms", 500],
    ["1.5m", 90_000],
    ["2h", 7_200_000],
    ["24d", 24 * 86_400_000],
    ["10 M", 600_000],
  ];
  for (const [text, ms] of cases) {
    assertEquals(readDurationMs("-t", text), ms, text);
  }
});

Deno.test("readDurationMs() refuses what no timer can wait for", () => {
  for (const text of ["", "0", "0s", "-1s", "1y", "25d", "1e9", "NaN", "."]) {
    assertStringIncludes(
      refusalOf(() => readDurationMs("--timeout", text)),
      "--timeout",
    );
  }
  assertEquals(readDurationMs("--grace", "0", { orZero: true }), 0);
});

Deno.test("readSignal() takes names with and without SIG, in any case", () => {
  for (const text of ["TERM", "SIGTERM", "term", "SigTerm"]) {
    assertEquals(readSignal("-s", text), "SIGTERM");
  }
  assertStringIncludes(refusalOf(() => readSignal("-s", "SEGV")), "TERM");
  refusalOf(() => readSignal("-s", ""));
});
