/**
 * `reslock status`: capacities, leases, and who waits.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import {
  GpuDetectionError,
  type LeaseUsage,
  measureUsage,
  type PoolStatus,
} from "../../mod.ts";
import {
  type AnyCommand,
  type Context,
  type GlobalOptions,
  viewOf,
} from "./context.ts";
import { statusJson } from "./json.ts";
import { withPool } from "./pool.ts";
import { renderStatus } from "./render_pool.ts";
import { jsonText } from "./text.ts";
import { registryOf } from "./who.ts";

/** Longer than a driver takes that is well. */
const MEASURE_MS = 2000;

/** The command. */
export function command({ io }: Context): AnyCommand {
  return new Command<GlobalOptions>()
    .description("Show capacities, leases, and who waits.")
    .option("--short", "The capacities, and how many lease and wait.")
    .option("--wide", "Every lease and waiter, with its whole id.")
    .option("--json", "Print JSON; see reslock schema.")
    .example("Look at the pool of this machine", "reslock status")
    .example(
      "How much RAM is free",
      "reslock status --json | jq .available.ram_mb",
    )
    .action(async (options) => {
      const status = await withPool(options, (pool) => pool.status());
      io.writeOut(
        options.json ? jsonText(statusJson(status)) : renderStatus(
          status,
          viewOf(io),
          { wide: options.wide, short: options.short },
          {
            registry: registryOf(status.path),
            usage: options.short ? undefined : await measured(status),
          },
        ),
      );
    });
}

/** What the leases use; nothing where that cannot be told, or soon. */
async function measured(
  { leases }: PoolStatus,
): Promise<ReadonlyMap<string, LeaseUsage>> {
  const isMeasurable = leases.some(({ resources }) =>
    Object.keys(resources).some((name) =>
      /^(?:ram_mb|gpu_.+_vram_mb)$/.test(name)
    )
  );
  if (!isMeasurable) return new Map();
  try {
    return (await measureUsage(leases, { timeoutMs: MEASURE_MS })).leases;
  } catch (error) {
    // A broken driver is no reason to show nothing.
    if (!(error instanceof GpuDetectionError)) throw error;
    return new Map();
  }
}
