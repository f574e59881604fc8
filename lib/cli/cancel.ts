/**
 * `reslock cancel`: takes a request out of the queue.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import type { EntryStatus, PoolStatus, ResourcePool } from "../../mod.ts";
import { operands } from "./arguments.ts";
import type { AnyCommand, Context, GlobalOptions } from "./context.ts";
import { entryJson } from "./json.ts";
import { namingIn } from "./overview.ts";
import { withPool } from "./pool.ts";
import { renderCancelled } from "./render.ts";
import { type Choice, findTargets, readChoice } from "./targets.ts";
import { jsonText } from "./text.ts";

const WORDING = { action: "cancel", what: "waiter", see: "status" };

/** The command. */
export function command({ io }: Context): AnyCommand {
  return new Command<GlobalOptions>()
    .description(
      "Take a request out of the queue: one by its id, or all of a label.\n" +
        "Its program is told, and does not run its command.",
    )
    .usage("[options] [ID]")
    .arguments("[id:string]")
    .option("-l, --label <label:string>", "All requests with this label.")
    .option("--json", "Print JSON; see reslock schema.")
    .example("One, by the start of its id", "reslock cancel w07h")
    .example("All of a label", "reslock cancel --label train")
    .action(async function (options, ...given) {
      const [id] = operands(given, this.getLiteralArgs());
      const choice = readChoice(id, options.label, WORDING);
      await withPool(options, async (pool) => {
        const status = await pool.status({ explain: false });
        const cancelled = await cancel(pool, choice, status);
        const { path } = pool;
        io.writeOut(
          options.json
            ? jsonText({ path, cancelled: cancelled.map(entryJson) })
            : renderCancelled(cancelled, namingIn(status)),
        );
      });
    });
}

async function cancel(
  pool: ResourcePool,
  choice: Choice,
  { queue, leases }: PoolStatus,
): Promise<readonly EntryStatus[]> {
  const waiters = queue.filter(({ leaseId }) => leaseId === null);
  const targets = findTargets(waiters, choice, {
    ...WORDING,
    mistaken: {
      things: leases,
      hint: 'take a lease away with "reslock release"',
    },
  });
  const cancelled: EntryStatus[] = [];
  for (const { id } of targets) cancelled.push(await pool.cancel(id));
  return cancelled;
}
