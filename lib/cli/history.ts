/**
 * `reslock history`: who had what, and waited how long.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import type { HistoryRecord } from "../../mod.ts";
import { closest, operands } from "./arguments.ts";
import {
  type AnyCommand,
  type Context,
  type GlobalOptions,
  viewOf,
} from "./context.ts";
import { EXIT } from "./exit_codes.ts";
import { ExitError } from "./failure.ts";
import { waitStats } from "./history_stats.ts";
import { historyJson } from "./json.ts";
import { withPool } from "./pool.ts";
import { renderHistory } from "./render_history.ts";
import { jsonText, quoted } from "./text.ts";
import { readCount, readLabel, readSpanMs } from "./values.ts";

const SHOWN = 20;

/** The command. */
export function command({ io }: Context): AnyCommand {
  return new Command<GlobalOptions>()
    .description(
      "Show who had what, how long each label waited, and what was in use when.\n" +
        "It is what programs have noted beside the state file: the last thousands " +
        "of\nleases that ended. RESLOCK_HISTORY=off keeps a command from noting.",
    )
    .option("-l, --label <label:string>", "Only those with this label.")
    .option("--since <time:string>", "Only what ended within this time.")
    .option(
      "-n, --limit <count:string>",
      `How many of them, and of labels, to list; ${SHOWN} without it.`,
    )
    .option("--json", "Print JSON, all of them; see reslock schema.")
    .example("What went on in the last day", "reslock history --since 1d")
    .example(
      "How long did a label wait",
      "reslock history --label train --json | jq .waits",
    )
    .action(async function (options, ...given: string[]) {
      operands(given, this.getLiteralArgs());
      const { label, since, limit } = options;
      if (label !== undefined) readLabel("--label", label);
      const sinceMs = since === undefined
        ? undefined
        : readSpanMs("--since", since);
      const count = limit === undefined ? SHOWN : readCount("--limit", limit);
      await withPool(options, async (pool) => {
        const status = await pool.status({ explain: false });
        const all = pool.history();
        const view = viewOf(io);
        const records = select(all, label, sinceMs, view.nowMs);
        if (options.json) {
          const { path } = pool;
          io.writeOut(
            jsonText({ path, ...historyJson(records, waitStats(records)) }),
          );
          return;
        }
        const fromMs = sinceMs === undefined
          ? oldest(records, view.nowMs)
          : view.nowMs - sinceMs;
        const leases = status.leases.filter((lease) =>
          label === undefined || lease.label === label
        );
        io.writeOut(
          renderHistory(records, { ...status, leases }, {
            limit: count,
            fromMs,
            label,
            sinceMs,
          }, view),
        );
      });
    });
}

function select(
  records: readonly HistoryRecord[],
  label: string | undefined,
  sinceMs: number | undefined,
  nowMs: number,
): HistoryRecord[] {
  const labels = new Set(records.flatMap((record) => record.label ?? []));
  if (label !== undefined && !labels.has(label)) {
    const meant = closest(label, [...labels]);
    throw new ExitError(
      `Cannot show the history of ${quoted(label)} as nothing of this label ` +
        `has ended: ${
          meant === undefined ? "" : `did you mean ${quoted(meant)}? If not, `
        }see "reslock history"`,
      EXIT.failure,
    );
  }
  return records.filter((record) =>
    (label === undefined || record.label === label) &&
    (sinceMs === undefined || Date.parse(record.endedAt) >= nowMs - sinceMs)
  );
}

/** When the first of them was granted; a minute ago at least. */
function oldest(records: readonly HistoryRecord[], nowMs: number): number {
  return records.reduce(
    (first, { acquiredAt, endedAt }) =>
      Math.min(first, Date.parse(acquiredAt ?? endedAt)),
    nowMs - 60_000,
  );
}
