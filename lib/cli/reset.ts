/**
 * `reslock reset`: an empty pool.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import type { PoolStatus } from "../../mod.ts";
import type { AnyCommand, Context, GlobalOptions, Io } from "./context.ts";
import { EXIT } from "./exit_codes.ts";
import { ExitError } from "./failure.ts";
import { withPool } from "./pool.ts";
import { counted, visible } from "./text.ts";

/** The command. */
export function command({ io }: Context): AnyCommand {
  return new Command<GlobalOptions>()
    .description(
      "Drop all leases, the queue and the capacities.\n" +
        "Holders are told, but go on running.",
    )
    .option(
      "-f, --force",
      "Do not ask; also replace a file that cannot be read.",
    )
    .example("Start anew", "reslock reset")
    .example("Replace a damaged file", "reslock reset --force && reslock init")
    .action(async (options) => {
      const force = options.force === true;
      await withPool(options, async (pool) => {
        if (!force) confirmLoss(io, await pool.status());
        await pool.reset({ force });
        io.writeOut(`Reset ${visible(pool.path)}\n`);
      });
    });
}

/** Throws unless nothing is lost, or the user agrees to it. */
function confirmLoss(io: Io, { path, leases, queue }: PoolStatus): void {
  const waiting = queue.filter(({ leaseId }) => leaseId === null).length;
  if (leases.length + waiting === 0) return;
  const loss = `${counted(leases.length, "lease")} and ${
    counted(waiting, "waiter")
  }`;
  const answer = io.ask(`Drop ${loss} in ${visible(path)}? [y/N] `);
  if (answer === undefined) {
    throw new ExitError(
      `Cannot reset ${path} as it has ${loss}, and nobody can be asked: ` +
        `use --force to drop them`,
      EXIT.failure,
    );
  }
  if (!/^y(?:es)?$/i.test(answer)) {
    throw new ExitError("Nothing was reset", EXIT.failure);
  }
}
