/**
 * `reslock reclaim`: asks a holder for its lease.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import { operands } from "./arguments.ts";
import type { AnyCommand, Context, GlobalOptions } from "./context.ts";
import { UsageError } from "./failure.ts";
import { leaseJson } from "./json.ts";
import { namingIn } from "./overview.ts";
import { withPool } from "./pool.ts";
import { renderAskedBack } from "./render.ts";
import { findTargets } from "./targets.ts";
import { jsonText } from "./text.ts";

/** The command. */
export function command({ io }: Context): AnyCommand {
  return new Command<GlobalOptions>()
    .description(
      "Ask a holder to give its lease back, as a request of higher priority " +
        "would.\nOnly reclaimable leases can be asked back, and only while no " +
        "work is in\nprogress on them. The holder decides when it lets go.",
    )
    .usage("[options] ID")
    .arguments("[id:string]")
    .option("--json", "Print JSON; see reslock schema.")
    .example("By the start of its id", "reslock reclaim k3v9")
    .example(
      "And wait until it is free",
      "reslock reclaim k3v9 && reslock wait k3v9",
    )
    .action(async function (options, ...given) {
      const [id] = operands(given, this.getLiteralArgs());
      if (id === undefined) {
        throw new UsageError(
          'Cannot ask back nothing: give an id, as "reslock list" shows it',
        );
      }
      await withPool(options, async (pool) => {
        const status = await pool.status({ explain: false });
        const [target] = findTargets(status.leases, { id }, {
          action: "ask back",
          what: "lease",
          see: "list",
          mistaken: {
            things: status.queue.filter(({ leaseId }) => leaseId === null),
            hint: 'take a request out of the queue with "reslock cancel"',
          },
        });
        const asked = await pool.requestReclaim(target.id);
        const { path } = pool;
        io.writeOut(
          options.json
            ? jsonText({ path, asked: [leaseJson(asked)] })
            : renderAskedBack(asked, namingIn(status)),
        );
      });
    });
}
