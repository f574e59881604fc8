/**
 * `reslock wait`: until others have given back.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import type { PoolEvent, ResourcePool } from "../../mod.ts";
import { operands } from "./arguments.ts";
import type { AnyCommand, Context, GlobalOptions } from "./context.ts";
import { Ending } from "./ending.ts";
import { EXIT } from "./exit_codes.ts";
import { ExitError } from "./failure.ts";
import { say, withPool } from "./pool.ts";
import {
  type Choice,
  matching,
  meantBy,
  readChoice,
  type Target,
  targetsOf,
} from "./targets.ts";
import { quoted } from "./text.ts";
import { readDurationMs } from "./values.ts";

const WORDING = {
  action: "wait for",
  what: "lease or waiter",
  see: "status",
};

/** The command. */
export function command(context: Context): AnyCommand {
  const { io } = context;
  return new Command<GlobalOptions>()
    .description(
      "Wait until a lease is given back: one by its id, or all of a label.\n" +
        "Requests that still wait count as well. Where there is nothing to wait " +
        "for,\nit says so and ends at once, with 0.",
    )
    .usage("[options] [ID]")
    .arguments("[id:string]")
    .option("-l, --label <label:string>", "All with this label.")
    .option(
      "--timeout <time:string>",
      "Give up after this time, with exit code 124.",
    )
    .example("Until a training run is over", "reslock wait --label train")
    .example(
      "Not for longer than an hour",
      "reslock wait k3v9 --timeout 1h && make report",
    )
    .action(async function (options, ...given) {
      const [id] = operands(given, this.getLiteralArgs());
      const choice = readChoice(id, options.label, WORDING);
      const timeoutMs = options.timeout === undefined
        ? undefined
        : readDurationMs("--timeout", options.timeout);
      using ending = new Ending();
      const signals = [ending.signal];
      if (timeoutMs !== undefined) signals.push(AbortSignal.timeout(timeoutMs));
      const left = await withPool(
        options,
        (pool) =>
          waitFor(pool, choice, AbortSignal.any(signals), (message) => {
            say(io, message);
          }),
      );
      if (left === 0) return;
      context.exitCode = ending.exitCode;
      if (ending.signal.aborted) return;
      throw new ExitError(
        `Cannot wait for ${
          quoted(choice.id ?? choice.label)
        } any longer: see ` +
          `who has what with "reslock status"`,
        EXIT.timedOut,
      );
    });
}

/** Waits until nothing is left, or the signal aborts; returns how much is left. */
async function waitFor(
  pool: ResourcePool,
  choice: Choice,
  signal: AbortSignal,
  tell: (message: string) => void,
): Promise<number> {
  const left = new Set<string>();
  for await (const event of pool.watch({ signal })) {
    if (event.type === "state") {
      const { leases, queue } = event.status;
      const waiters = queue.filter(({ leaseId }) => leaseId === null);
      const all = [...leases, ...waiters];
      for (const { id } of targetsOf(all, choice, WORDING)) left.add(id);
      if (left.size === 0) tell(nothingLeft(all, pool.history(), choice));
    } else follow(event, choice, left);
    if (left.size === 0) return 0;
  }
  return left.size;
}

/** Why there is nothing to wait for: it has ended, or nobody knows of it. */
function nothingLeft(
  all: readonly Target[],
  ended: readonly Target[],
  choice: Choice,
): string {
  const given = quoted(choice.id ?? choice.label);
  if (matching(ended, choice).length > 0) return `nobody has ${given} any more`;
  const meant = meantBy([...all, ...ended], choice);
  return `nobody has or waits for ${given}` +
    (meant === undefined ? "" : `: did you mean ${quoted(meant)}?`);
}

function follow(event: PoolEvent, choice: Choice, left: Set<string>): void {
  switch (event.type) {
    case "released":
    case "died":
      left.delete(event.lease.id);
      break;
    case "cancelled":
      left.delete(event.entry.id);
      break;
    case "granted":
    case "queued": {
      const { id, label } = "lease" in event ? event.lease : event.entry;
      if (choice.label !== undefined && label === choice.label) left.add(id);
      break;
    }
  }
}
