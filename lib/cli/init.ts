/**
 * `reslock init`: registers what this machine has.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import { detectResources, type ResourcePool } from "../../mod.ts";
import type { AnyCommand, Context, GlobalOptions } from "./context.ts";
import { EXIT } from "./exit_codes.ts";
import { UsageError } from "./failure.ts";
import { initJson } from "./json.ts";
import { capacitiesLeft, say, withPool } from "./pool.ts";
import { type InitResult, renderInit } from "./render_detection.ts";
import { makeSystemDirectory } from "./system_directory.ts";
import { jsonText } from "./text.ts";
import { readAmount, refusal } from "./values.ts";

const CARDS_PASSED_OVER =
  'The cards were not registered, as "vram_mb" makes GPU memory one quantity, of ' +
  'which nobody gets a card: use "reslock unset vram_mb && reslock init"';

/** The command. */
export function command(context: Context): AnyCommand {
  const { io } = context;
  return new Command<GlobalOptions>()
    .description(
      "Register this machine's GPUs, processor cores and RAM.\n" +
        "What is set already stays as it is.",
    )
    .option("--ram-reserve <size:string>", "RAM to keep out of the pool.")
    .option(
      "--system",
      "Make the pool of the whole machine, which all users find.",
    )
    .option("--json", "Print JSON; see reslock schema.")
    .example(
      "Leave 8 GB to the system and to programs without a lease",
      "reslock init --ram-reserve 8G",
    )
    .example("One pool for all users", "sudo reslock init --system")
    .action(async (options) => {
      const { ramReserve, system, state, json } = options;
      if (system && state !== undefined) {
        throw new UsageError(
          "Cannot use --system with --state: leave one of them out",
        );
      }
      const ramReserveMb = ramReserve === undefined
        ? 0
        : readAmount("--ram-reserve", "ram_mb", ramReserve, { orZero: true });
      const where = system ? { state: makeSystemDirectory() } : options;
      const result = await withPool(
        where,
        (pool) => register(pool, ramReserveMb),
      );
      const { failures } = result.detection;
      for (const { message } of failures) say(io, message);
      io.writeOut(json ? jsonText(initJson(result)) : renderInit(result));
      const passedOver = Object.keys(result.detection.resources).some((name) =>
        !(name in result.registered) && !(name in result.kept)
      );
      if (passedOver) say(io, CARDS_PASSED_OVER);
      // The rest is registered; that cards are missing must not go unnoticed.
      if (failures.length > 0 || passedOver) context.exitCode = EXIT.failure;
    });
}

async function register(
  pool: ResourcePool,
  ramReserveMb: number,
): Promise<InitResult> {
  const detection = await detectResources({ ramReserveMb })
    .catch((error) => {
      throw refusal("--ram-reserve", error);
    });
  const { resources } = detection;
  const before = await capacitiesLeft(pool.path);
  const set = await pool.setResources(resources, { keepExisting: true });
  const now = (await pool.status()).resources;
  const known = Object.keys(resources).filter((name) => name in now);
  const amounts = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, now[name]]));
  return {
    path: pool.path,
    registered: amounts(known.filter((name) => set.includes(name))),
    kept: amounts(known.filter((name) => !set.includes(name))),
    forgotten: Object.fromEntries(
      Object.entries(before).filter(([name, amount]) => now[name] !== amount),
    ),
    detection,
  };
}
