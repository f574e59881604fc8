// What the command line relies on in @cliffy. The names are bare, so this holds
// for the real packages where JSR can be reached, else for the adapters.
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { Command, EnumType, ValidationError } from "@cliffy/command";
import { HelpCommand } from "@cliffy/command/help";
import { Table } from "@cliffy/table";

/** What an action has received. */
interface Received {
  command: string;
  options: Record<string, unknown>;
  args: unknown[];
  literal: string[];
}

/** A command line with every kind of option, which tells what it received. */
async function parse(...words: string[]): Promise<Received> {
  let received: Received | undefined;
  const run = new Command<{ state?: string }>()
    .description("Run.")
    .type("size", ({ value }) => {
      if (/^\d+M$/.test(value)) return parseInt(value);
      throw new ValidationError(`Cannot read "${value}"`);
    })
    .type("mode", new EnumType(["fast", "slow"]))
    .option("--ram <size:size>", "A type of its own.")
    .option("--vram <size:size>", "Many.", { collect: true })
    .option("-p, --priority <n:integer>", "A default.", { default: 0 })
    .option("--no-hold", "Negative.")
    .option("--json", "A flag.")
    .option("--table", "Conflicting.", { conflicts: ["json"] })
    .option("--mode <mode:mode>", "One of some.")
    .option("--only-here <text>", "Mapped.", {
      value: (text: string) => text.length,
      hidden: true,
    })
    .arguments("[command...:string]")
    .stopEarly()
    .action(function (options, ...args) {
      received = {
        command: "run",
        options: { ...options },
        args,
        literal: this.getLiteralArgs(),
      };
    });
  const release = new Command<{ state?: string }>()
    .description("Release.")
    .alias("free")
    .arguments("<id:string> [others...:string]")
    .option("--why <text:string>", "Needed.", { required: true })
    .action((options, ...args) => {
      received = { command: "release", options, args, literal: [] };
    });
  await new Command()
    .name("tool")
    .version("1.2.3")
    .globalOption("--state <path:string>", "Global.")
    .throwErrors()
    .noExit()
    .command("run", run)
    .command("release", release)
    .parse(words);
  assert(received, "No command was run");
  return received;
}

const DEFAULTS = { priority: 0, hold: true };

const ACCEPTED: [string[], Partial<Received>][] = [
  [["run"], { options: DEFAULTS, args: [], literal: [] }],
  [["run", "ls", "-l", "--json", "-h"], {
    options: DEFAULTS,
    args: ["ls", "-l", "--json", "-h"],
  }],
  [["run", "--", "ls", "--", "x"], { args: [], literal: ["ls", "--", "x"] }],
  [["run", "ls", "--", "-l"], { args: ["ls"], literal: ["-l"] }],
  [["run", "--ram", "5M", "--", "ls"], {
    options: { ...DEFAULTS, ram: 5 },
    literal: ["ls"],
  }],
  [["run", "--ram=5M", "-p3", "ls"], {
    options: { ...DEFAULTS, ram: 5, priority: 3 },
    args: ["ls"],
  }],
  [["run", "--vram", "1M", "--vram", "2M"], {
    options: { ...DEFAULTS, vram: [1, 2] },
  }],
  [["run", "--priority", "-3"], { options: { ...DEFAULTS, priority: -3 } }],
  [["run", "--no-hold", "--json"], {
    options: { ...DEFAULTS, hold: false, json: true },
  }],
  [["run", "--mode", "fast"], { options: { ...DEFAULTS, mode: "fast" } }],
  [["run", "--only-here", "four"], { options: { ...DEFAULTS, onlyHere: 4 } }],
  [["--state", "/x", "run"], { options: { ...DEFAULTS, state: "/x" } }],
  [["run", "--state", "/x"], { options: { ...DEFAULTS, state: "/x" } }],
  [["release", "a", "--why", "y", "b"], {
    command: "release",
    options: { why: "y" },
    args: ["a", "b"],
  }],
  // A trap: the command itself must look for unknown options.
  [["release", "a", "--bogus", "--why", "y"], { args: ["a", "--bogus"] }],
  [["free", "--why=y", "a"], { command: "release", args: ["a"] }],
];

for (const [words, expected] of ACCEPTED) {
  Deno.test(`Command.parse() accepts: ${words.join(" ")}`, async () => {
    const received = await parse(...words);
    for (const [key, value] of Object.entries(expected)) {
      assertEquals(received[key as keyof Received], value, key);
    }
  });
}

const REFUSED: string[][] = [
  ["nothing-known"],
  ["--bogus"],
  ["release", "--why", "y"],
  ["release", "a"],
  ["run", "--bogus", "ls"],
  ["run", "--json", "--table"],
  ["run", "--mode", "medium"],
  ["run", "--priority", "1.5"],
  ["run", "--ram"],
  ["run", "--ram", "5"],
  ["run", "--ram", "5M", "--ram", "6M"],
  ["run", "--json", "--json"],
];

for (const words of REFUSED) {
  Deno.test(`Command.parse() refuses: ${words.join(" ")}`, async () => {
    const error = await assertRejects(() => parse(...words), ValidationError);
    assertEquals(error.exitCode, 2);
    assert(error.cmd);
  });
}

Deno.test("Command.parse() lets the errors of an action through", async () => {
  const command = new Command().throwErrors().action(() => {
    throw new RangeError("from the action");
  });
  await assertRejects(() => command.parse([]), RangeError, "from the action");
});

Deno.test("Command.getHelp() shows descriptions and examples", () => {
  const help = new Command()
    .name("tool")
    .description("What it is for.")
    .option("--ram <size:string>", "How much.")
    .option("--secret", "Not shown.", { hidden: true })
    .example("Often", "tool --ram 4G")
    .command("help", new HelpCommand())
    .reset()
    .getHelp({ colors: false });
  for (
    const text of ["What it is for.", "<size>", "How much.", "tool --ram 4G"]
  ) assertStringIncludes(help, text);
  assert(!help.includes("Not shown"));
});

Deno.test("Table.toString() lines the columns up", () => {
  const lines = new Table()
    .header(["id", "ram"])
    .body([["abc", 12], ["d", "漢字"]])
    .padding(2)
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
  assertEquals(lines, ["id   ram", "abc  12", "d    漢字"]);
});
