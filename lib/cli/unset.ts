/**
 * `reslock unset`: takes capacities out of the pool.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import { closest, operands } from "./arguments.ts";
import type { AnyCommand, Context, GlobalOptions } from "./context.ts";
import { EXIT } from "./exit_codes.ts";
import { ExitError, UsageError } from "./failure.ts";
import { withPool } from "./pool.ts";
import { quoted } from "./text.ts";
import { readName } from "./values.ts";

/** The command. */
export function command({ io }: Context): AnyCommand {
  return new Command<GlobalOptions>()
    .description(
      "Take capacities out of the pool.\n" +
        "Leases on them stay; new requests for them are refused.",
    )
    .usage("[options] NAME...")
    .arguments("[names...:string]")
    .example("Forget a kind of slot", "reslock unset gpu_slots")
    .example("Forget two", "reslock unset gpu_slots vram_mb")
    .action(async function (options, ...given) {
      const names = operands(given, this.getLiteralArgs());
      if (names.length === 0) {
        throw new UsageError(
          "Cannot unset a capacity without its name: " +
            "write it like reslock unset gpu_slots",
        );
      }
      for (const name of names) readName("NAME", name);
      const { removed, known } = await withPool(options, async (pool) => ({
        removed: await pool.unsetResources(names),
        known: Object.keys((await pool.status({ explain: false })).resources),
      }));
      if (removed.length > 0) io.writeOut(`Unset ${removed.join(", ")}\n`);
      const unknown = names.filter((name) => !removed.includes(name));
      if (unknown.length > 0) {
        const meant = closest(unknown[0], known);
        throw new ExitError(
          `Cannot unset ${unknown.map(quoted).join(", ")} as ` +
            `${unknown.length > 1 ? "they have" : "it has"} no capacity: ${
              meant === undefined
                ? ""
                : `did you mean ${quoted(meant)}? If not, `
            }see "reslock status"`,
          EXIT.failure,
        );
      }
    });
}
