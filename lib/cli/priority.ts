/**
 * `reslock priority`: changes the priority of a request or a lease.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import { operands, refuseEmpty } from "./arguments.ts";
import type { AnyCommand, Context, GlobalOptions } from "./context.ts";
import { UsageError } from "./failure.ts";
import { withPool } from "./pool.ts";
import { renderPriority } from "./render.ts";
import { findTargets } from "./targets.ts";
import { jsonText } from "./text.ts";
import { readPriority } from "./values.ts";

/** Puts `--` in front of a number below 0, which is no option. */
export function prepare(args: readonly string[]): readonly string[] {
  refuseEmpty(args);
  const at = args.findIndex((word) => /^-\d+$/.test(word));
  if (at < 0 || args.includes("--")) return args;
  return [...args.toSpliced(at, 1), "--", args[at]];
}

/** The command. */
export function command({ io }: Context): AnyCommand {
  return new Command<GlobalOptions>()
    .description(
      "Change the priority of a request that waits, or of a lease.\n" +
        "A request takes its new place at once; a lease is asked back by those " +
        "above it.",
    )
    .usage("[options] ID NUMBER")
    .arguments("[id:string] [priority:string]")
    .option("--json", "Print JSON; see reslock schema.")
    .example("Let one go first", "reslock priority w07h 10")
    .example("Let others go first", "reslock priority w07h -5")
    .action(async function (options, ...given) {
      const [id, text] = operands(given, this.getLiteralArgs());
      if (id === undefined || text === undefined) {
        throw new UsageError(
          "Cannot change a priority without an id and a number: " +
            "write it like reslock priority w07h 10",
        );
      }
      const priority = readPriority("NUMBER", text);
      await withPool(options, async (pool) => {
        const { queue, leases } = await pool.status({ explain: false });
        const waiters = queue.filter(({ leaseId }) => leaseId === null);
        const [target] = findTargets([...waiters, ...leases], { id }, {
          action: "change the priority of",
          what: "lease or waiter",
          see: "status",
        });
        const changed = await pool.setPriority(target.id, priority);
        const { path } = pool;
        io.writeOut(
          options.json
            ? jsonText({ path, ...changed })
            : renderPriority(changed),
        );
      });
    });
}
