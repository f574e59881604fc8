/**
 * `reslock orphans`: processes that hold memory of cards without a lease.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import { detectGpus, measureUsage } from "../../mod.ts";
import {
  type AnyCommand,
  type Context,
  type GlobalOptions,
  viewOf,
} from "./context.ts";
import { EXIT } from "./exit_codes.ts";
import { ExitError } from "./failure.ts";
import { orphanJson } from "./json.ts";
import { withPool } from "./pool.ts";
import { renderOrphans } from "./render_orphans.ts";
import { jsonText } from "./text.ts";

/** The command. */
export function command(context: Context): AnyCommand {
  const { io } = context;
  return new Command<GlobalOptions>()
    .description(
      "Show processes that hold GPU memory without a lease of this pool.\n" +
        "Exits with 4 if there are some. Nothing is done to them.",
    )
    .option("--json", "Print JSON; see reslock schema.")
    .example("Who uses the cards without having asked", "reslock orphans")
    .example(
      "Their process ids",
      "reslock orphans --json | jq '.orphans[].pid'",
    )
    .action(async (options) => {
      const status = await withPool(
        options,
        (pool) => pool.status({ explain: false }),
      );
      const { path } = status;
      const { orphans } = await measureUsage(status.leases);
      if (orphans === null) {
        throw new ExitError(
          "Cannot tell whose processes are on the cards as this is a container, " +
            "or the system does not show processes: look on the host",
          EXIT.failure,
        );
      }
      if (orphans.length === 0) await requireCards();
      io.writeOut(
        options.json
          ? jsonText({ path, orphans: orphans.map(orphanJson) })
          : renderOrphans(orphans, status, viewOf(io)),
      );
      if (orphans.length > 0) context.exitCode = EXIT.found;
    });
}

/** Without a card, that nobody is on one says nothing. */
async function requireCards(): Promise<void> {
  if ((await detectGpus()).length > 0) return;
  throw new ExitError(
    'Cannot look for processes as no GPU was found: see "reslock detect"',
    EXIT.failure,
  );
}
