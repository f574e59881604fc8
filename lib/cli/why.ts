/**
 * `reslock why`: what would become of a request, without making it.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import type { Verdict } from "../../mod.ts";
import { operands } from "./arguments.ts";
import { type AnyCommand, type Context, viewOf } from "./context.ts";
import { EXIT } from "./exit_codes.ts";
import { UsageError } from "./failure.ts";
import { explanationJson } from "./json.ts";
import { withPool } from "./pool.ts";
import { renderWhy } from "./render_why.ts";
import { leaseAround, toldInside } from "./run/inside.ts";
import {
  cardWishes,
  requestOf,
  RUN_OPTIONS,
  type RunOptions,
} from "./run/options.ts";
import { jsonText } from "./text.ts";
import { readPriority } from "./values.ts";

const EXIT_CODES: Readonly<Record<Verdict, number>> = {
  grantable: EXIT.ok,
  unconfirmed: EXIT.notGranted,
  waits: EXIT.notGranted,
  impossible: EXIT.impossible,
};

/** The command. */
export function command(context: Context): AnyCommand {
  const { io } = context;
  const why: AnyCommand = new Command()
    .description(
      "Tell whether a request would be granted now, and if not, why.\n" +
        "Changes nothing. The exit code is 0 if it would be granted now, 75 if " +
        "it\nwould wait, and 69 if it could never be granted here.",
    )
    .usage("[options]")
    .example("Is there a card for 20 GB", "reslock why --vram 20G")
    .example(
      "Start something only where there is room",
      "reslock why --ram 16G --cpu 4 >/dev/null && make world",
    )
    .group("What it needs");
  for (const [flags, text, settings] of RUN_OPTIONS["What it needs"]) {
    why.option(flags, text, settings);
  }
  return why
    .group("What else counts")
    .option(
      "-p, --priority <number:string>",
      "Higher goes first; 0 without it.",
    )
    .option("--json", "Print JSON; see reslock schema.")
    .action(async function (
      options: RunOptions & { readonly json?: boolean },
      ...given: string[]
    ) {
      const [word] = operands(given, this.getLiteralArgs());
      const request = requestOf(options);
      if (word !== undefined || Object.keys(request).length === 0) {
        throw new UsageError(
          word === undefined
            ? "Cannot tell about nothing: say what it would take with --vram, " +
              "--ram, --cpu or --resource"
            : "Cannot use a command here: only what it would take is asked about",
        );
      }
      const wishes = cardWishes(options, request);
      const priority = options.priority === undefined
        ? 0
        : readPriority("--priority", options.priority);
      await withPool(options, async (pool) => {
        const found = await pool.explain(request, { priority, ...wishes });
        const status = await pool.status({ explain: false });
        const explanation = toldInside(found, status, leaseAround());
        context.exitCode = EXIT_CODES[explanation.verdict];
        io.writeOut(
          options.json
            ? jsonText({ path: pool.path, ...explanationJson(explanation) })
            : renderWhy(request, explanation, status, viewOf(io)),
        );
      });
    });
}
