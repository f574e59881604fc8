/**
 * `reslock watch`: what happens in the pool, as it happens.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import type { PoolStatus } from "../../mod.ts";
import type { AnyCommand, Context, GlobalOptions } from "./context.ts";
import { Ending } from "./ending.ts";
import { eventJson } from "./json.ts";
import { withPool } from "./pool.ts";
import { renderEvent } from "./render_events.ts";
import { jsonLine } from "./text.ts";
import { registryOf } from "./who.ts";

/** The command. */
export function command(context: Context): AnyCommand {
  const { io } = context;
  return new Command<GlobalOptions>()
    .description(
      "Print what happens in the pool, one line for each event, until it is " +
        "stopped.\nIt is woken by the events themselves: while nothing happens " +
        "it does nothing.",
    )
    .option("--json", "Print one JSON object a line; see reslock schema.")
    .example("Follow the pool", "reslock watch")
    .example(
      "Be told when a holder dies",
      `reslock watch --json | jq --unbuffered 'select(.type == "died").lease.label'`,
    )
    .action(async (options) => {
      using ending = new Ending();
      await withPool(options, async (pool) => {
        let seen: PoolStatus | undefined;
        for await (const event of pool.watch({ signal: ending.signal })) {
          if (event.type === "state") seen = event.status;
          io.writeOut(
            options.json
              ? jsonLine(eventJson(event, registryOf(pool.path)))
              : renderEvent(event, seen),
          );
        }
      });
      context.exitCode = ending.exitCode;
    });
}
