/**
 * `reslock list`: the leases alone.
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
import { heldLeaseJson } from "./json.ts";
import { withPool } from "./pool.ts";
import { renderList } from "./render_pool.ts";
import { jsonText } from "./text.ts";
import { surroundingsOf } from "./surroundings.ts";

/** The command. */
export function command({ io }: Context): AnyCommand {
  return new Command<GlobalOptions>()
    .description("List the leases.")
    .option("--json", "Print JSON; see reslock schema.")
    .example("Who holds what", "reslock list")
    .example(
      "The ids of all leases with a label",
      `reslock list --json | jq -r '.leases[] | select(.label == "whisper") | .id'`,
    )
    .example(
      "Whose they are, as a table for scripts",
      "reslock list --json | jq -r '.leases[] | [.id, .process.user, .process.pid] | @tsv'",
    )
    .action(async (options) => {
      const status = await withPool(
        options,
        (pool) => pool.status({ explain: false }),
      );
      const { path, leases } = status;
      const surroundings = await surroundingsOf(status);
      const { registry } = surroundings;
      io.writeOut(
        options.json
          ? jsonText({
            path,
            leases: leases.map((lease) => heldLeaseJson(lease, registry)),
          })
          : renderList(status, viewOf(io), surroundings),
      );
    });
}
