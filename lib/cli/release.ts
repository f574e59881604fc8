/**
 * `reslock release`: an operator takes leases away from their holders.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import type { LeaseStatus, ResourcePool } from "../../mod.ts";
import { operands } from "./arguments.ts";
import type { AnyCommand, Context, GlobalOptions } from "./context.ts";
import { EXIT } from "./exit_codes.ts";
import { ExitError, UsageError } from "./failure.ts";
import { leaseJson } from "./json.ts";
import { withPool } from "./pool.ts";
import { renderReleased } from "./render.ts";
import { jsonText, quoted } from "./text.ts";
import { readLabel } from "./values.ts";

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
      const { label, json } = options;
      if (label !== undefined) readLabel("--label", label);
      if ((id === undefined) === (label === undefined)) {
        throw new UsageError(
          `Cannot release ${id === undefined ? "nothing" : "by both"}: ` +
            `give an id or a label, as "reslock list" shows them`,
        );
      }
      await withPool(options, async (pool) => {
        const released = label === undefined
          ? [await pool.release(id)]
          : await releaseLabel(pool, label);
        const { path } = pool;
        io.writeOut(
          json
            ? jsonText({ path, released: released.map(leaseJson) })
            : renderReleased(released),
        );
      });
    });
}

async function releaseLabel(
  pool: ResourcePool,
  label: string,
): Promise<readonly LeaseStatus[]> {
  const released = await pool.releaseLabel(label);
  if (released.length > 0) return released;
  throw new ExitError(
    `Cannot release ${quoted(label)} as no lease has this label: ` +
      `see "reslock list"`,
    EXIT.failure,
  );
}
