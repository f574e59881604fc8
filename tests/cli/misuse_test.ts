import { assertEquals, assertThrows } from "@std/assert";
import { optionsIn } from "../../lib/cli/arguments.ts";
import { UsageError } from "../../lib/cli/failure.ts";
import { refuseMisuse } from "../../lib/cli/misuse.ts";
import { assertHelps, call } from "./support.ts";

const OPTIONS = optionsIn(
  "  -l, --label <label>  What it is for.\n  --json               Print JSON.",
);
const USAGE = { name: "cancel", options: OPTIONS, argumentsMax: 1 };

Deno.test("refuseMisuse() finds in the words what the parser has refused", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["-l", "any", "Cannot use -l without a value"],
    ["a --label", "any", "Cannot use --label without a value"],
    ["--json=1", "any", 'Cannot use --json with a value: leave "=1" out'],
    [
      "-l x a --json b c",
      "Too many arguments: b c",
      'Cannot use "b" as cancel takes 1 argument: leave it out',
    ],
    [
      "a -5",
      "too many arguments for 'cancel'",
      'Cannot use "-5" as cancel takes 1 argument: leave it out',
    ],
    ...["is given twice", "can only occur once, but was found twice"].map((
      how,
    ) =>
      [
        "--json --json",
        `Option ${how.startsWith("is") ? "--json" : '"--json"'} ${how}`,
        "Cannot use --json twice: leave one of them out",
      ] as const
    ),
  ];
  for (const [line, refusal, message] of cases) {
    const error = assertThrows(
      () => refuseMisuse(line.split(" "), USAGE, refusal),
      UsageError,
    );
    assertEquals(error.message, message, line);
  }
});

Deno.test("refuseMisuse() finds what a command is given that takes nothing", () => {
  const usage = { ...USAGE, name: "status", argumentsMax: 0 };
  const refusals = ["too many arguments for 'status'", "No arguments allowed"];
  for (const refusal of refusals) {
    const error = assertThrows(() => refuseMisuse(["x"], usage, refusal));
    const message = 'Cannot use "x" as status takes no arguments: leave it out';
    assertEquals((error as Error).message, message);
  }
});

Deno.test("refuseMisuse() leaves alone what it does not know", () => {
  refuseMisuse(["a", "--unknown", "b"], USAGE, "something else");
  refuseMisuse(["--label=x", "-lx", "-l", "--json", "a"], USAGE, "Too many");
});

Deno.test("reslock refuses words that it does not take in its own words", async () => {
  for (
    const line of [
      ...["release -l", "history --since", "status -s", "doctor --save"],
      ...["cancel a b", "status x", "set a 1 2", "completions bash zsh"],
      ...["list --json=1", "status --json --json", "run --quiet=1 true"],
      "why --label x --ram 1G --ram 2G",
    ]
  ) {
    const { code, err } = await call(line.split(" "));
    assertEquals(
      [code, err.startsWith("reslock: Cannot use ")],
      [2, true],
      err,
    );
    assertHelps(err);
  }
});
