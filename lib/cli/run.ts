/**
 * `reslock run`: a command, run when there is room for it.
 *
 * @module
 */
import {
  type AmountsByName,
  ImpossibleRequestError,
  type Lease,
  type ResourcePool,
} from "../../mod.ts";
import { separateChild, STATE_FLAGS } from "./arguments.ts";
import type { AnyCommand, Context, Io } from "./context.ts";
import { EXIT } from "./exit_codes.ts";
import { failureOf } from "./failure.ts";
import { readPlainOptions } from "./plain_options.ts";
import { say, withPool } from "./pool.ts";
import { obtainLease } from "./run/asking.ts";
import { runChild } from "./run/child.ts";
import { requireExecutable } from "./run/executable.ts";
import { registerLack } from "./run/first_use.ts";
import { gpusKnownHere, type KnownGpus } from "./run/known_gpus.ts";
import { cardsOf, cardsWithinMasks } from "./run/masked.ts";
import { renderRegistered } from "./run/messages.ts";
import {
  planRun,
  RUN_OPTIONS,
  type RunOptions,
  type RunPlan,
} from "./run/options.ts";
import { Signals } from "./run/signals.ts";

/** All options of this command, also those that others have as well. */
const ALL_OPTIONS = [
  ...Object.values(RUN_OPTIONS).flat(),
  [STATE_FLAGS, ""] as const,
];

/** Puts `--` in front of the child's words. */
export function prepare(args: readonly string[]): readonly string[] {
  return separateChild(args, ALL_OPTIONS.map(([flags]) => flags));
}

/** Runs it without cliffy where its words are plain; false where they are not. */
export async function runPlain(
  words: readonly string[],
  context: Context,
): Promise<boolean> {
  const end = words.indexOf("--");
  const options: RunOptions | undefined = readPlainOptions(
    words.slice(0, end),
    ALL_OPTIONS,
  );
  if (options === undefined) return false;
  const plan = planRun(options, words.slice(end + 1));
  context.exitCode = await runPlan(plan, options, context);
  return true;
}

/** The command. */
export async function command(context: Context): Promise<AnyCommand> {
  const { Command } = await import("@cliffy/command");
  const run: AnyCommand = new Command()
    .description(
      "Run a command when what it needs is free, and hold that until it ends.\n" +
        "The exit code is the command's. Of its own it has 75 (--no-wait: not\n" +
        "free), 124 (--timeout), 125 (it failed itself), 126 and 127 (the command\n" +
        "cannot be run, is not there), 2 (wrong words) and 3 (bad state file).",
    )
    .usage("[options] [--] COMMAND [WORDS...]")
    .example(
      "A model that needs 8 GB on one card",
      "reslock run --vram 8G --label llama llama-cli --model model.gguf",
    )
    .example(
      "Give up after ten minutes",
      "reslock run --ram 16G --cpu 4 --timeout 10m -- python train.py",
    );
  for (const [heading, options] of Object.entries(RUN_OPTIONS)) {
    run.group(heading);
    for (const [flags, description, settings] of options) {
      run.option(flags, description, settings);
    }
  }
  return run.action(async function (options: RunOptions) {
    const plan = planRun(options, this.getLiteralArgs());
    context.exitCode = await runPlan(plan, options, context);
  });
}

/** One run of this command. */
interface Asking {
  readonly plan: RunPlan;
  readonly signals: Signals;
  readonly gpusHere: KnownGpus;
  readonly io: Io;
}

async function runPlan(
  plan: RunPlan,
  options: RunOptions,
  { io }: Context,
): Promise<number> {
  requireExecutable(plan.command[0]);
  const tell = (message: string) => plan.quiet || say(io, message);
  using signals = new Signals();
  const asking = { plan, signals, gpusHere: gpusKnownHere(), io };
  let code: number | undefined;
  try {
    await withPool(options, async (pool) => {
      await using lease = await obtain(pool, asking);
      code = await runChild(lease, {
        ...asking,
        tell,
        statePath: pool.path,
        registered: async () => cardsOf(await capacitiesOf(pool)),
      });
    });
  } catch (error) {
    if (code === undefined) throw error;
    // How the child ended is not changed by what fails after it.
    say(io, failureOf(error).message);
  }
  return code ?? EXIT.runFailed;
}

/** Gets the lease; registers first what nobody has, if it is to be found here. */
async function obtain(pool: ResourcePool, asking: Asking): Promise<Lease> {
  const { plan, io } = asking;
  try {
    return await ask(pool, asking);
  } catch (error) {
    const isUnknown = error instanceof ImpossibleRequestError &&
      error.capacity === undefined;
    if (!isUnknown) throw error;
    const registered = await registerLack(pool, plan.request);
    if (Object.keys(registered).length > 0) {
      if (!plan.quiet) say(io, renderRegistered(registered, pool.path));
    }
    return await ask(pool, asking);
  }
}

async function ask(
  pool: ResourcePool,
  { plan, signals, gpusHere, io }: Asking,
): Promise<Lease> {
  signals.interruption.throwIfAborted();
  const cards = await cardsWithinMasks(plan.request, {
    names: plan.options.cards,
    capacities: () => capacitiesOf(pool),
    inherited: (name) => Deno.env.get(name),
    gpusHere,
  });
  const { interruption } = signals;
  return await obtainLease({ pool, plan, cards, interruption, io });
}

async function capacitiesOf(pool: ResourcePool): Promise<AmountsByName> {
  // A driver may be slow to answer.
  const { resources } = await pool.status({ explain: false, driver: false });
  return resources;
}
