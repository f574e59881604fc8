/**
 * `reslock reclaim`: asks holders for their leases.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import type { LeaseStatus, PoolStatus, ResourcePool } from "../../mod.ts";
import { operands } from "./arguments.ts";
import type { AnyCommand, Context, GlobalOptions } from "./context.ts";
import { EXIT } from "./exit_codes.ts";
import { leaseJson } from "./json.ts";
import { namingIn } from "./overview.ts";
import { say, withPool } from "./pool.ts";
import { renderAskedBack } from "./render.ts";
import { type Choice, findTargets, readChoice } from "./targets.ts";
import { jsonText } from "./text.ts";

const WORDING = { action: "ask back", what: "lease", see: "list" };

/** The command. */
export function command(context: Context): AnyCommand {
  const { io } = context;
  return new Command<GlobalOptions>()
    .description(
      "Ask a holder to give its lease back: one by its id, or all of a label.\n" +
        "It is asked as by a request of higher priority. Only reclaimable leases " +
        "can be\nasked back, and only while no work is in progress on them. The " +
        "holder decides\nwhen it lets go.",
    )
    .usage("[options] [ID]")
    .arguments("[id:string]")
    .option("-l, --label <label:string>", "All leases with this label.")
    .option("--json", "Print JSON; see reslock schema.")
    .example("By the start of its id", "reslock reclaim k3v9")
    .example(
      "And wait until they are free",
      "reslock reclaim --label whisper && reslock wait --label whisper",
    )
    .action(async function (options, ...given) {
      const [id] = operands(given, this.getLiteralArgs());
      const choice = readChoice(id, options.label, WORDING);
      await withPool(options, async (pool) => {
        const status = await pool.status({ explain: false });
        const { asked, refused } = await askBack(pool, choice, status);
        if (asked.length === 0) throw refused[0];
        const { path } = pool;
        io.writeOut(
          options.json
            ? jsonText({ path, asked: asked.map(leaseJson) })
            : renderAskedBack(asked, namingIn(status)),
        );
        for (const { message } of refused) say(io, message);
        if (refused.length > 0) context.exitCode = EXIT.failure;
      });
    });
}

/** Asks for each of them; one that cannot be asked for keeps no other from it. */
async function askBack(
  pool: ResourcePool,
  choice: Choice,
  { leases, queue }: PoolStatus,
): Promise<{ asked: LeaseStatus[]; refused: TypeError[] }> {
  const targets = findTargets(leases, choice, {
    ...WORDING,
    mistaken: {
      things: queue.filter(({ leaseId }) => leaseId === null),
      hint: 'take a request out of the queue with "reslock cancel"',
    },
  });
  const asked: LeaseStatus[] = [];
  const refused: TypeError[] = [];
  for (const { id } of targets) {
    try {
      asked.push(await pool.requestReclaim(id));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      refused.push(error);
    }
  }
  return { asked, refused };
}
