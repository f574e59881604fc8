/**
 * `reslock schema`: the formats that others may rely on.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import {
  type AnyCommand,
  type Context,
  type GlobalOptions,
  viewOf,
} from "./context.ts";
import { allSchemas, renderSchema } from "./schema_view.ts";
import { jsonText } from "./text.ts";

/** The command. */
export function command({ io }: Context): AnyCommand {
  return new Command<GlobalOptions>()
    .description(
      "Print the format of the state file, and of what --json prints.",
    )
    .option("--json", "Print JSON schemas.")
    .example("Read it", "reslock schema | less")
    .example(
      "The JSON schema of reslock status --json",
      "reslock schema --json | jq .status",
    )
    .action((options) => {
      io.writeOut(
        options.json ? jsonText(allSchemas()) : renderSchema(viewOf(io)),
      );
    });
}
