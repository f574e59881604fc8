/**
 * `reslock set`: the capacity of a resource.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import type { ResourcePool } from "../../mod.ts";
import { operands } from "./arguments.ts";
import { cardMeant, type CardName, isCardName } from "./card_name.ts";
import type { AnyCommand, Context, GlobalOptions } from "./context.ts";
import { UsageError } from "./failure.ts";
import { say, withPool } from "./pool.ts";
import { detectedGpus } from "./run/known_gpus.ts";
import { renderCapacity } from "./render.ts";
import { jsonText } from "./text.ts";
import { readAmount, readName } from "./values.ts";

/** The command. */
export function command({ io }: Context): AnyCommand {
  return new Command<GlobalOptions>()
    .description(
      "Set the capacity of a resource.\n" +
        "Sizes such as 24G are for names that end in _mb.",
    )
    .usage("[options] NAME VALUE")
    .arguments("[name:string] [value:string]")
    .option("--json", "Print JSON; see reslock schema.")
    .example("24 GB of GPU memory as one quantity", "reslock set vram_mb 24G")
    .example("Two slots of a kind of your own", "reslock set gpu_slots 2")
    .action(async function (options, ...words) {
      const [given, text] = operands(words, this.getLiteralArgs());
      if (given === undefined || text === undefined) {
        throw new UsageError(
          "Cannot set a capacity without a name and a value: " +
            "write it like reslock set gpu_slots 2",
        );
      }
      readName("NAME", given);
      const value = readAmount("VALUE", given, text, { orZero: true });
      await withPool(options, async (pool) => {
        const { name, warning } = await nameMeant(pool, given);
        const changed = (await pool.setResources({ [name]: value })).length > 0;
        const { path } = pool;
        if (warning !== "") say(io, warning);
        io.writeOut(
          options.json
            ? jsonText({ path, name, value, changed })
            : `${changed ? "Set" : "Already set:"} ${
              renderCapacity(name, value)
            }\n`,
        );
      });
    });
}

/** What has a capacity already is what is meant; else it may be a card by its number. */
async function nameMeant(pool: ResourcePool, given: string): Promise<CardName> {
  const asIs = { name: given, warning: "" };
  if (!isCardName(given)) return asIs;
  const status = await pool.status({ explain: false, driver: false });
  return given in status.resources
    ? asIs
    : cardMeant(given, await detectedGpus());
}
