import { assertEquals } from "@std/assert";
import { Command } from "@cliffy/command";
import {
  type OptionSpec,
  readPlainOptions,
} from "../../lib/cli/plain_options.ts";

const SPECS: readonly OptionSpec[] = [
  ["-l, --label <label:string>", "x"],
  ["--vram <size:string>", "x", { collect: true }],
  ["--reclaim-signal <name:string>", "x"],
  ["-q, --quiet", "x"],
  ["--no-wait", "x"],
  ["--wait-for-capacity", "x"],
];

/** What cliffy makes of the words. */
async function byCliffy(words: readonly string[]): Promise<unknown> {
  const command = new Command().throwErrors().noExit();
  for (const [flags, description, settings] of SPECS) {
    command.option(flags, description, settings);
  }
  let read: unknown;
  await command.action((options: unknown) => void (read = options)).parse([
    ...words,
  ]);
  return read;
}

for (
  const words of [
    [],
    ["--label", "a b"],
    ["--label=a=b", "-q"],
    ["-l", "x", "--vram", "1G", "--vram=2G"],
    ["--no-wait", "--reclaim-signal", "INT"],
    ["--wait-for-capacity"],
  ]
) {
  Deno.test(`readPlainOptions() reads ${JSON.stringify(words)} as cliffy does`, async () => {
    const plain = readPlainOptions(words, SPECS);
    const read = await byCliffy(words) as Record<string, unknown>;
    assertEquals({ wait: true, ...plain }, { wait: true, ...read });
  });
}

for (
  const words of [
    ["--help"],
    ["-h"],
    ["--unknown", "x"],
    ["--label"],
    ["--label", "-x"],
    ["--label", ""],
    ["--label", "a", "-l", "b"],
    ["--quiet=yes"],
    ["-q", "--quiet"],
    ["-qq"],
    ["-lx"],
    ["word"],
    ["---"],
    ["--constructor", "x"],
  ]
) {
  Deno.test(`readPlainOptions() leaves ${JSON.stringify(words)} to cliffy`, () => {
    assertEquals(readPlainOptions(words, SPECS), undefined);
  });
}
