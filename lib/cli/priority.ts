/**
 * `reslock priority`: changes the priority of requests and leases.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import type { PoolStatus, PriorityChange, ResourcePool } from "../../mod.ts";
import { operands, refuseEmpty } from "./arguments.ts";
import type { AnyCommand, Context, GlobalOptions } from "./context.ts";
import { UsageError } from "./failure.ts";
import { withPool } from "./pool.ts";
import { renderPriority } from "./render.ts";
import { type Choice, findTargets, readChoice } from "./targets.ts";
import { jsonText } from "./text.ts";
import { readPriority } from "./values.ts";

const WORDING = {
  action: "change the priority of",
  what: "lease or waiter",
  see: "status",
};

/** Puts `--` in front of a number below 0, which is no option. */
export function prepare(args: readonly string[]): readonly string[] {
  refuseEmpty(args);
  const at = args.findIndex((word) => /^-\d+$/.test(word));
  if (at < 0 || args.includes("--")) return args;
  return [...args.toSpliced(at, 1), "--", args[at]];
}

/** The command. */
export function command({ io }: Context): AnyCommand {
  return new Command<GlobalOptions>()
    .description(
      "Change the priority of a request that waits, or of a lease.\n" +
        "It is named by its id, or all are by their label. A request takes its new\n" +
        "place at once; a lease is asked back by those above it.",
    )
    .usage("[options] [ID] NUMBER")
    .arguments("[id:string] [priority:string]")
    .option(
      "-l, --label <label:string>",
      "All requests and leases with this label.",
    )
    .option("--json", "Print JSON; see reslock schema.")
    .example("Let one go first", "reslock priority w07h 10")
    .example("Let others go first", "reslock priority --label train -5")
    .action(async function (options, ...given) {
      const words = operands(given, this.getLiteralArgs());
      const text = words.pop();
      const [id] = words;
      if (text === undefined || (id ?? options.label) === undefined) {
        throw new UsageError(
          "Cannot change a priority without an id or a label and a number: " +
            "write it like reslock priority w07h 10",
        );
      }
      const choice = readChoice(id, options.label, WORDING);
      const priority = readPriority("NUMBER", text);
      await withPool(options, async (pool) => {
        const status = await pool.status({ explain: false });
        const changes = await change(pool, choice, priority, status);
        const { path } = pool;
        io.writeOut(
          options.json
            ? jsonText({ path, ...changes[0], changes })
            : changes.map(renderPriority).join(""),
        );
      });
    });
}

async function change(
  pool: ResourcePool,
  choice: Choice,
  priority: number,
  { queue, leases }: PoolStatus,
): Promise<readonly PriorityChange[]> {
  const waiters = queue.filter(({ leaseId }) => leaseId === null);
  const targets = findTargets([...waiters, ...leases], choice, WORDING);
  const changes: PriorityChange[] = [];
  for (const { id } of targets) {
    changes.push(await pool.setPriority(id, priority));
  }
  return changes;
}
