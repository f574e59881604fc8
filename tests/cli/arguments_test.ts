import { assertEquals, assertThrows } from "@std/assert";
import {
  closest,
  commandIndex,
  flagsIn,
  operands,
  refuseEmpty,
  refuseMangled,
  refuseUnknownOption,
  separateChild,
} from "../../lib/cli/arguments.ts";
import { UsageError } from "../../lib/cli/failure.ts";

const OPTIONS = [
  "-p, --priority <number:string>",
  "-l, --label <label:string>",
  "--ram <size:string>",
  "--no-wait",
  "-q, --quiet",
];

Deno.test("commandIndex() steps over the state option in all its forms", () => {
  const cases: [string, number][] = [
    ["", -1],
    ["status", 0],
    ["--state f status", 2],
    ["-s f status", 2],
    ["--state=f status", 1],
    ["--help", -1],
    ["--state f", -1],
    ["--version status", 1],
    ["-- status", -1],
  ];
  for (const [line, index] of cases) {
    const args = line.split(" ").filter(Boolean);
    assertEquals(commandIndex(args), index, line);
  }
});

Deno.test("commandIndex() refuses a state option without a value", () => {
  assertThrows(() => commandIndex(["--state"]), UsageError, "--state");
});

Deno.test("separateChild() leaves every word of the child as it is", () => {
  const cases: [args: string[], child: string[]][] = [
    [["ls"], ["ls"]],
    [["ls", "-l"], ["ls", "-l"]],
    [["--", "ls", "-l"], ["ls", "-l"]],
    [["ls", "--", "-l"], ["ls", "--", "-l"]],
    [["--", "ls", "--", "-l"], ["ls", "--", "-l"]],
    [["sh", "-c", "x", "--", "y"], ["sh", "-c", "x", "--", "y"]],
    [["ls", "--"], ["ls", "--"]],
    [["--", "--"], ["--"]],
    [["ls", "--ram", "5", "-q", "--help"], [
      "ls",
      "--ram",
      "5",
      "-q",
      "--help",
    ]],
    [["ls", "", " ", "a b", "ü\n"], ["ls", "", " ", "a b", "ü\n"]],
    [["", "x"], ["", "x"]],
    [["-", "x"], ["-", "x"]],
    [["--", "-x"], ["-x"]],
    [[], []],
    [["--"], []],
  ];
  const heads = [
    [],
    ["--ram", "5"],
    ["--ram=5", "-q"],
    ["-p", "-5", "--no-wait"],
    ["-p5", "-l", "a b"],
    ["-qp", "5"],
    ["-s", "file", "--label", "--ram"],
    ["--unknown"],
  ];
  for (const head of heads) {
    for (const [args, child] of cases) {
      assertEquals(
        separateChild([...head, ...args], OPTIONS),
        [...head, "--", ...child],
      );
    }
  }
});

Deno.test("separateChild() refuses an option without a value", () => {
  for (const args of [["--ram"], ["-p"], ["--label", "--", "ls"], ["-qp"]]) {
    assertThrows(
      () => separateChild(args, OPTIONS),
      UsageError,
      "without a value",
    );
  }
});

Deno.test("separateChild() refuses an empty value, but not an empty word of the child", () => {
  for (const args of [["--label", "", "ls"], ["--label=", "ls"]]) {
    assertThrows(() => separateChild(args, OPTIONS), UsageError, "--label");
  }
  assertEquals(separateChild(["ls", ""], OPTIONS), ["--", "ls", ""]);
});

Deno.test("refuseEmpty() names the option that has no value", () => {
  assertThrows(() => refuseEmpty(["--label", ""]), UsageError, "--label");
  assertThrows(() => refuseEmpty(["a", ""]), UsageError, "empty word");
  assertThrows(() => refuseEmpty([""]), UsageError, "empty word");
  refuseEmpty(["set", "a=b", "--label=x", "-"]);
});

Deno.test("operands() takes numbers below zero for values and the rest for options", () => {
  assertEquals(operands(["x", "-5"], ["-y"]), ["x", "-5", "-y"]);
  assertEquals(operands(["x", undefined], []), ["x"]);
  assertThrows(() => operands(["--froce"], []), UsageError, '"--froce"');
});

Deno.test("closest() finds the word that was meant, and none that was not", () => {
  const known = ["run", "status", "release", "reset"];
  assertEquals(closest("statsu", known), "status");
  assertEquals(closest("rn", known), "run");
  assertEquals(closest("relese", known), "release");
  assertEquals(closest("make", known), undefined);
  assertEquals(closest("r".repeat(1e6), known), undefined);
});

Deno.test("refuseMangled() refuses a word that was not UTF-8, and no other", () => {
  const args = ["cat", "caf\ufffd"];
  const bytes = new TextEncoder().encode("deno\0cat\0caf\ufffd\0");
  refuseMangled(args, () => bytes);
  refuseMangled(["cat"], () => bytes.subarray(0, -2));
  assertThrows(
    () => refuseMangled(args, () => bytes.subarray(0, -2)),
    UsageError,
    '"caf\ufffd" as it is not UTF-8',
  );
});

Deno.test("refuseUnknownOption() tells which option was probably meant", () => {
  const flags = ["-s", "--state", "-q", "--quiet", "--cpu"];
  const cases: [line: string, message: string][] = [
    ["--qiuet", 'Unknown option "--qiuet": did you mean "--quiet"?'],
    ["x --cup=5 y", 'Unknown option "--cup": did you mean "--cpu"?'],
    ["-cpu 5", 'Unknown option "-cpu": did you mean "--cpu"?'],
    ["--nothing-like-it", 'Unknown option "--nothing-like-it"'],
    ["-x", 'Unknown option "-x"'],
  ];
  for (const [line, message] of cases) {
    const words = line.split(" ");
    const error = assertThrows(
      () => refuseUnknownOption(words, flags),
      UsageError,
    );
    assertEquals(error.message, message);
  }
  for (const line of ["-q --cpu 5", "-qs f", "x -5 -.5 -", "-- --qiuet"]) {
    refuseUnknownOption(line.split(" "), flags);
  }
});

Deno.test("flagsIn() finds the options of a help, not those that it speaks of", () => {
  const help = [
    "Usage: x [options]",
    "  -q, --quiet           Say nothing, as with --silent.",
    "      --cpu    <count>  - Cores.",
    "  --no-wait",
  ].join("\n");
  assertEquals(flagsIn(help), ["-q", "--quiet", "--cpu", "--no-wait"]);
});
