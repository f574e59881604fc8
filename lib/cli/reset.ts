/**
 * `reslock reset`: an empty pool.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import type { EntryStatus, PoolStatus } from "../../mod.ts";
import type { AnyCommand, Context, GlobalOptions, Io } from "./context.ts";
import { EXIT } from "./exit_codes.ts";
import { ExitError } from "./failure.ts";
import { say, withPool } from "./pool.ts";
import { nameOf, renderKept } from "./render.ts";
import { counted, visible } from "./text.ts";

/** The command. */
export function command({ io }: Context): AnyCommand {
  return new Command<GlobalOptions>()
    .description(
      "Drop all leases, the queue and the capacities.\n" +
        "Holders are told, but go on running; those who wait give up.",
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
        const looked = pool.status({ explain: false });
        // A file that cannot be read is what it is for.
        const before = force ? await looked.catch(() => null) : await looked;
        if (before !== null && !force) confirmLoss(io, before);
        const copyPath = await pool.reset({ force });
        io.writeOut(`Reset ${visible(pool.path)}\n`);
        if (copyPath !== null) io.writeOut(renderKept(copyPath));
        for (const entry of waitersOf(before)) tellStranded(io, entry);
      });
    });
}

function waitersOf(status: PoolStatus | null): readonly EntryStatus[] {
  return status?.queue.filter(({ leaseId }) => leaseId === null) ?? [];
}

/** A program of the Python package waits on, and is never granted anything. */
function tellStranded(io: Io, entry: EntryStatus): void {
  if (entry.native || entry.owner === "dead") return;
  say(
    io,
    `The request ${nameOf(entry)} is one of the Python package, which waits ` +
      `for ever without its place: end the program (pid ${entry.pid})`,
  );
}

/** Throws unless nothing is lost, or the user agrees to it. */
function confirmLoss(io: Io, status: PoolStatus): void {
  const { path, leases } = status;
  const waiting = waitersOf(status).length;
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
