/**
 * `reslock status`: capacities, leases, and who waits; and `reslock` alone: the same in
 * short, and how to go on.
 *
 * @module
 */
import { STATE_FLAGS } from "./arguments.ts";
import {
  type AnyCommand,
  type Context,
  type GlobalOptions,
  type Io,
  viewOf,
} from "./context.ts";
import { statusJson } from "./json.ts";
import { type OptionSpec, readPlainOptions } from "./plain_options.ts";
import { withPool } from "./pool.ts";
import { renderStatus, renderSummary, ROWS_MAX } from "./render_pool.ts";
import { jsonText } from "./text.ts";
import { surroundingsOf } from "./surroundings.ts";

const OPTIONS: readonly OptionSpec[] = [
  ["--short", "The capacities, and how many lease and wait."],
  ["--wide", "Every lease and waiter, with its whole id."],
  ["--json", "Print JSON; see reslock schema."],
];

interface StatusOptions extends GlobalOptions {
  readonly short?: boolean;
  readonly wide?: boolean;
  readonly json?: boolean;
}

/** Shows it without cliffy where its words are plain; false where they are not. */
export async function runPlain(
  words: readonly string[],
  { io }: Context,
): Promise<boolean> {
  const options: StatusOptions | undefined = readPlainOptions(
    words,
    [...OPTIONS, [STATE_FLAGS, ""]],
  );
  if (options === undefined) return false;
  await showStatus(options, io);
  return true;
}

/** The command. */
export async function command({ io }: Context): Promise<AnyCommand> {
  const { Command } = await import("@cliffy/command");
  const status: AnyCommand = new Command()
    .description(
      "Show capacities, leases, and who waits.\n" +
        "In the bars █ is leased, ▓ in use by programs without a lease, ▒ kept " +
        "for\nthose who wait, and ░ free.",
    )
    .example("Look at the pool of this machine", "reslock status")
    .example(
      "How much RAM is free",
      "reslock status --json | jq .available.ram_mb",
    )
    .example(
      "How many wait",
      "reslock status --json | jq '[.queue[] | select(.lease_id == null)] | length'",
    );
  for (const [flags, description] of OPTIONS) status.option(flags, description);
  return status.action((options: StatusOptions) => showStatus(options, io));
}

async function showStatus(
  { json = false, wide, short, ...options }: StatusOptions,
  io: Io,
): Promise<void> {
  // Of those who are shown by label, nothing of their own is looked for.
  const shown = json || wide ? true : short ? false : ROWS_MAX;
  const status = await withPool(
    options,
    (pool) => pool.status({ explain: shown, usage: shown }),
  );
  const surroundings = await surroundingsOf(status);
  io.writeOut(
    json
      ? jsonText(statusJson(status, surroundings.registry))
      : renderStatus(status, viewOf(io), { wide, short }, surroundings),
  );
}

/** Shows what `reslock` alone does. */
export async function showSummary(
  options: GlobalOptions,
  io: Io,
): Promise<void> {
  const status = await withPool(
    options,
    (pool) => pool.status({ explain: false }),
  );
  io.writeOut(
    renderSummary(status, viewOf(io), await surroundingsOf(status)),
  );
}
