/**
 * `reslock status`: capacities, leases, and who waits.
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
import { statusJson } from "./json.ts";
import { withPool } from "./pool.ts";
import { renderStatus } from "./render_pool.ts";
import { jsonText } from "./text.ts";
import { registryOf } from "./who.ts";

/** The command. */
export function command({ io }: Context): AnyCommand {
  return new Command<GlobalOptions>()
    .description("Show capacities, leases, and who waits.")
    .option("--short", "The capacities, and how many lease and wait.")
    .option("--wide", "Every lease and waiter, with its whole id.")
    .option("--json", "Print JSON; see reslock schema.")
    .example("Look at the pool of this machine", "reslock status")
    .example(
      "How much RAM is free",
      "reslock status --json | jq .available.ram_mb",
    )
    .action(async (options) => {
      const usage = options.json || !options.short;
      const status = await withPool(options, (pool) => pool.status({ usage }));
      io.writeOut(
        options.json ? jsonText(statusJson(status)) : renderStatus(
          status,
          viewOf(io),
          { wide: options.wide, short: options.short },
          { registry: registryOf(status.path) },
        ),
      );
    });
}
