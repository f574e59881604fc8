/**
 * The README says what the code says: its tables, and what else must not drift.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { flagsIn } from "../lib/cli/arguments.ts";
import {
  COMMAND_NAMES,
  type CommandName,
  loadCommand,
} from "../lib/cli/commands.ts";
import type { Io } from "../lib/cli/context.ts";
import { EXIT } from "../lib/cli/exit_codes.ts";
import * as reslock from "../mod.ts";
import { ROOT } from "./support/deno.ts";

const README = Deno.readTextFileSync(`${ROOT}README.md`);

/** The rows of the first table below a heading, each as its cells. */
function tableOf(heading: string): string[][] {
  const [, section = ""] = README.split(`\n${heading}\n`);
  const lines = section.split("\n");
  const start = lines.findIndex((line) => line.startsWith("|"));
  assert(start >= 0, `No table below ${heading}`);
  const table = lines.slice(start + 2);
  return table.slice(0, table.findIndex((line) => !line.startsWith("|")))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

/** The words in code style of a cell. */
function wordsOf(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word);
}

Deno.test("README: the options of acquire are those of the code", () => {
  const source = Deno.readTextFileSync(`${ROOT}lib/pool/options.ts`);
  const options = ["TryAcquireOptions", "AcquireOptions"].flatMap((name) => {
    const body = new RegExp(`interface ${name}[^]*?\n}\n`).exec(source)?.[0];
    assert(body !== undefined, `No interface ${name}`);
    // A comment, then the option.
    const members = /\/\*\*((?:(?!\*\/)[^])*)\*\/\s*readonly (\w+)\??:/g;
    return [...body.matchAll(members)].map(([, comment, option]) => [
      option,
      /@default \{(.*)\}/.exec(comment)?.[1] ?? "none",
    ]);
  });
  const rows = tableOf("### Options of `acquire`").map(([name, , value]) => [
    name.replaceAll("`", ""),
    value.replaceAll("`", ""),
  ]);
  assertEquals(rows, options);
});

Deno.test("README: the errors are those of the package", () => {
  const classes = Object.entries(reslock)
    .filter(([, value]) => Object.getPrototypeOf(value) === Error)
    .map(([name]) => name);
  const rows = tableOf("### Errors").flatMap(([name]) => wordsOf(name));
  const builtIn = ["RangeError", "TypeError", "SyntaxError"];
  assertEquals(rows.toSorted(), [...classes, ...builtIn].sort());
});

Deno.test("README: the commands are those of the command line", () => {
  const rows = tableOf("## Command line").flatMap(([name]) => wordsOf(name));
  assertEquals(rows.toSorted(), COMMAND_NAMES.toSorted());
});

/** The flags of a command's own options, as its help shows them. */
async function flagsOfHelp(name: CommandName): Promise<string[]> {
  const module = await loadCommand(name);
  const io = { color: false } as Io;
  const command = await module.command({ io, exitCode: 0 });
  return flagsIn(command.getHelp({ colors: false }));
}

Deno.test("README: the options are those of the helps", async () => {
  const rows = tableOf("### Options").map(([options, commands]) => ({
    flags: wordsOf(options).map((word) => word.split(" ")[0]),
    isEverybodys: commands === "all",
    isOf: (name: string) =>
      wordsOf(commands).includes(name) !== commands.startsWith("all"),
  }));
  const general = rows.filter(({ isEverybodys }) => isEverybodys)
    .flatMap(({ flags }) => flags);
  assertEquals(general, ["-s", "--state", "-h", "--help"]);
  for (const name of COMMAND_NAMES) {
    const told = rows.filter(({ isOf }) => isOf(name))
      .flatMap(({ flags }) => flags);
    const shown = [...new Set([...await flagsOfHelp(name), ...general])];
    assertEquals(told.sort(), shown.sort(), name);
  }
});

/** All that is written in `lib/`. */
function sources(folder = `${ROOT}lib`): string {
  return [...Deno.readDirSync(folder)].map(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    return isDirectory ? sources(path) : Deno.readTextFileSync(path);
  }).join("\n");
}

Deno.test("README: the environment of reslock is what the code reads", () => {
  const code = sources();
  const read = [
    /\b(?:env|env\.get|readEnv|inherited)\(\s*"([A-Z_]+)"/g,
    // Those of the drivers are read by constants.
    /"([A-Z]+_(?:VISIBLE_DEVICES|DEVICE_ORDER))"/g,
  ].flatMap((pattern) => [...code.matchAll(pattern)].map(([, name]) => name));
  if (code.includes("Deno.noColor")) read.push("NO_COLOR");
  const rows = tableOf("### Environment of reslock")
    .flatMap(([name]) => wordsOf(name));
  assertEquals(rows.toSorted(), [...new Set(read)].sort());
});

Deno.test("README: the exit codes are those of the command line", () => {
  const rows = tableOf("### Exit codes").map(([code]) => code);
  const codes = Object.values(EXIT).map(String);
  assertEquals(rows, [...codes, "128+n", "other"]);
});

Deno.test("README: it names one version of Deno, that of the checks", () => {
  const named = new Set(
    [...README.matchAll(/deno@([\d.]+)/g)].map(([, version]) => version),
  );
  const script = Deno.readTextFileSync(`${ROOT}.ci/run`);
  const checked = /^version=(.*)$/m.exec(script)?.[1];
  assertEquals([...named], [checked]);
});

Deno.test("README: what it shows of a program without a lease is what is printed", () => {
  const printed = `${ROOT}tests/cli/data/status_outside_90.txt`;
  assertStringIncludes(README, Deno.readTextFileSync(printed));
});

for (
  const file of [
    "README.md",
    "bench/README.md",
    "lib/README.md",
    "CHANGELOG.md",
    "SECURITY.md",
  ]
) {
  Deno.test(`${file}: its links lead somewhere`, () => {
    const text = Deno.readTextFileSync(`${ROOT}${file}`);
    const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading.toLowerCase().replaceAll(/[^\w\- ]/g, "").replaceAll(" ", "-")
    );
    for (const [, target] of text.matchAll(/\]\(([^)]+)\)/g)) {
      if (target.startsWith("https://")) continue;
      if (target.startsWith("#")) {
        assert(headings.includes(target.slice(1)), target);
      } else {
        assert(Deno.statSync(new URL(target, `file://${ROOT}${file}`)), target);
      }
    }
  });
}

Deno.test("README: what it shows and links to is published with it", () => {
  const { publish } = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`));
  const patterns = (publish.include as string[]).map((path) =>
    new RegExp(`^${path.replaceAll(".", "\\.").replace("*", "[^/]*")}(/|$)`)
  );
  const files = [...README.matchAll(/\]\(([^)#]+)[^)]*\)/g)]
    .map(([, target]) => target)
    .filter((target) => !target.startsWith("https://"))
    .filter((target) => Deno.statSync(`${ROOT}${target}`).isFile);
  assert(files.includes("docs/status.svg"));
  for (const file of files) {
    assert(patterns.some((pattern) => pattern.test(file)), file);
  }
});
