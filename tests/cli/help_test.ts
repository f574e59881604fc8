import { assertEquals, assertGreaterOrEqual, assertMatch } from "@std/assert";
import { flagsIn, refuseUnknownOption } from "../../lib/cli/arguments.ts";
import { COMMAND_NAMES, loadCommand } from "../../lib/cli/commands.ts";
import type { CommandModule } from "../../lib/cli/context.ts";
import { denoRunArgs, ROOT } from "../support/deno.ts";

function helpOf(...names: string[]): string {
  const { stdout } = new Deno.Command(Deno.execPath(), {
    args: [...denoRunArgs(), `${ROOT}cli.ts`, ...names, "--help"],
    env: { NO_COLOR: "1" },
  }).outputSync();
  return new TextDecoder().decode(stdout);
}

/** The words after the command's name in each example that calls it. */
function examplesIn(help: string, name: string): string[][] {
  const [, examples = ""] = help.split("Examples:");
  const call = new RegExp(`\\breslock ${name}\\b([^|&>)\\n]*)`, "g");
  return [...examples.matchAll(call)]
    .map(([, words]) => words.trim().split(/\s+/).filter(Boolean));
}

Deno.test("reslock --help has a whole sentence for every command", () => {
  const [list] = helpOf().split("Commands:\n")[1].split("\n\n");
  // Each begins beside a name; what goes on stands farther right.
  const entries = list.trimEnd().split(/\n {2}(?=\S)/)
    .map((entry) => entry.trim().replaceAll(/\s+/g, " "))
    .filter((entry) => entry !== "");
  assertEquals(entries.map((entry) => entry.split(" ")[0]), [...COMMAND_NAMES]);
  for (const entry of entries) assertMatch(entry, /\.$/);
});

for (const name of COMMAND_NAMES) {
  Deno.test(`reslock ${name} --help has two examples, with options that exist`, async () => {
    const help = helpOf(name);
    const examples = examplesIn(help, name);
    assertGreaterOrEqual(examples.length, 2, help);
    const { prepare = (words) => words }: CommandModule = await loadCommand(
      name,
    );
    for (const words of examples) {
      refuseUnknownOption(prepare(words), ["-s", ...flagsIn(help)]);
    }
  });
}
