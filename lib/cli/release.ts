/**
 * `reslock release`: an operator takes leases away from their holders.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import type { LeaseStatus, PoolStatus, ResourcePool } from "../../mod.ts";
import { operands } from "./arguments.ts";
import type { AnyCommand, Context, GlobalOptions } from "./context.ts";
import { leaseJson } from "./json.ts";
import { namingIn } from "./overview.ts";
import { withPool } from "./pool.ts";
import { renderReleased } from "./render.ts";
import { type Choice, findTargets, readChoice } from "./targets.ts";
import { jsonText } from "./text.ts";

const WORDING = { action: "release", what: "lease", see: "list" };

/** The command. */
export function command({ io }: Context): AnyCommand {
  return new Command<GlobalOptions>()
    .description(
      "Take a lease away from its holder: one by its id, or all of a label.\n" +
        "The holder is told, but goes on running.",
    )
    .usage("[options] [ID]")
    .arguments("[id:string]")
    .option("-l, --label <label:string>", "All leases with this label.")
    .option("--json", "Print JSON; see reslock schema.")
    .example("One, by the start of its id", "reslock release k3v9")
    .example("All of a label", "reslock release --label whisper")
    .action(async function (options, ...given) {
      const [id] = operands(given, this.getLiteralArgs());
      const choice = readChoice(id, options.label, WORDING);
      await withPool(options, async (pool) => {
        const status = await pool.status({ explain: false });
        const released = await release(pool, choice, status);
        const { path } = pool;
        io.writeOut(
          options.json
            ? jsonText({ path, released: released.map(leaseJson) })
            : renderReleased(released, namingIn(status)),
        );
      });
    });
}

async function release(
  pool: ResourcePool,
  choice: Choice,
  { leases, queue }: PoolStatus,
): Promise<readonly LeaseStatus[]> {
  const targets = findTargets(leases, choice, {
    ...WORDING,
    mistaken: {
      things: queue.filter(({ leaseId }) => leaseId === null),
      hint: 'take a request out of the queue with "reslock cancel"',
    },
  });
  if (choice.label !== undefined) return await pool.releaseLabel(choice.label);
  return [await pool.release(targets[0].id)];
}
