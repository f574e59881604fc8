/**
 * `reslock why`: what would become of a request, without making it.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import type {
  AmountsByName,
  Explanation,
  ResourcePool,
  ResourceRequest,
  Verdict,
} from "../../mod.ts";
import { flagsOf, separateChild } from "./arguments.ts";
import { type AnyCommand, type Context, viewOf } from "./context.ts";
import { EXIT } from "./exit_codes.ts";
import { ExitError } from "./failure.ts";
import { whyJson } from "./json.ts";
import { withPool } from "./pool.ts";
import { renderWhy } from "./render_why.ts";
import { capacitiesLacked } from "./run/first_use.ts";
import { leaseAround, toldInside } from "./run/inside.ts";
import { gpusKnownHere } from "./run/known_gpus.ts";
import { type CardChoice, cardsWithinMasks } from "./run/masked.ts";
import {
  RUN_OPTIONS,
  type RunOptions,
  type RunTerms,
  termsOf,
} from "./run/options.ts";
import { jsonText } from "./text.ts";

const EXIT_CODES: Readonly<Record<Verdict, number>> = {
  grantable: EXIT.ok,
  unconfirmed: EXIT.notGranted,
  waits: EXIT.notGranted,
  impossible: EXIT.impossible,
};

const JSON_FLAGS = "--json";
/** What counts of the options of `run` beside its needs. */
const COUNTS = /^(?:-p, --priority|--wait-for-capacity|--no-driver-check)/;

const { "What it needs": NEEDS, ...OTHERS } = RUN_OPTIONS;
const OTHER_OPTIONS = Object.values(OTHERS).flat();

/** Those that are taken and do not count. */
export const unshown: readonly string[] = OTHER_OPTIONS
  .map(([flags]) => flags).filter((flags) => !COUNTS.test(flags))
  .flatMap(flagsOf);

/**
 * Puts `--` in front of the command, if one is given. A line that begins with
 * `reslock run`, or with `run`, is one of its options.
 */
export function prepare(args: readonly string[]): readonly string[] {
  const flags = [...NEEDS, ...OTHER_OPTIONS].map(([flags]) => flags);
  const separated = separateChild(args, [...flags, JSON_FLAGS]);
  const end = separated.indexOf("--");
  const isGiven = args[end] === "--";
  const words = separated.slice(end + 1);
  const skipped = words[0] === "reslock" ? 1 : 0;
  if (isGiven || words[skipped] !== "run") return separated;
  const line = [...args.slice(0, end), ...words.slice(skipped + 1)];
  return separateChild(line, [...flags, JSON_FLAGS]);
}

/** The command. */
export function command(context: Context): AnyCommand {
  const { io } = context;
  const why: AnyCommand = new Command()
    .description(
      "Tell whether run would get what it needs now, and if not, why.\n" +
        "Changes nothing. The exit code is 0 if it would be granted now, 75 if " +
        "it\nwould wait, and 69 if it could never be granted here. A whole line " +
        "of run\nmay follow: what does not count is left aside.",
    )
    .usage("[options] [--] [COMMAND] [WORDS...]")
    .example("Is there a card for 20 GB", "reslock why --vram 20G")
    .example(
      "Start something only where there is room",
      "reslock why --ram 16G --cpu 4 >/dev/null && make world",
    )
    .group("What it needs");
  for (const [flags, text, settings] of NEEDS) {
    why.option(flags, text, settings);
  }
  why.group("What else counts");
  for (const [flags, text, settings] of OTHER_OPTIONS) {
    why.option(flags, text, { ...settings, hidden: !COUNTS.test(flags) });
  }
  return why
    .option(JSON_FLAGS, "Print JSON; see reslock schema.")
    .action(async (options: RunOptions & { readonly json?: boolean }) => {
      const terms = termsOf(
        options,
        "Cannot tell about nothing: say what it would take with --vram, --ram, " +
          "--cpu, --disk or --resource",
      );
      await withPool(options, async (pool) => {
        const status = await pool.status({ explain: false });
        const { explanation: found, registers } = await explain(
          pool,
          terms,
          status.resources,
        );
        const explanation = toldInside(found, status, leaseAround());
        context.exitCode = EXIT_CODES[explanation.verdict];
        const answer = { ...explanation, registers };
        io.writeOut(
          options.json
            ? jsonText({ path: pool.path, ...whyJson(answer) })
            : renderWhy(terms.request, answer, status, viewOf(io)),
        );
      });
    });
}

/**
 * What would become of a request of `run`, which registers first what nobody has, if it
 * is to be found here.
 */
async function explain(
  pool: ResourcePool,
  terms: RunTerms,
  known: AmountsByName,
): Promise<
  { readonly explanation: Explanation; readonly registers: AmountsByName }
> {
  const explanation = await explainWith(pool, terms, known, {});
  const { verdict, obstacle } = explanation;
  const isUnknown = verdict === "impossible" && obstacle !== null &&
    obstacle.capacity === undefined;
  const registers = isUnknown
    ? await foundHere(pool, terms.request, known)
    : {};
  return Object.keys(registers).length === 0 ? { explanation, registers } : {
    explanation: await explainWith(pool, terms, known, registers),
    registers,
  };
}

async function foundHere(
  pool: ResourcePool,
  request: ResourceRequest,
  known: AmountsByName,
): Promise<AmountsByName> {
  try {
    return await capacitiesLacked(pool, request, known);
  } catch (error) {
    if (!(error instanceof ExitError)) throw error;
    return {};
  }
}

/** What would become of it in this environment if these were registered, too. */
async function explainWith(
  pool: ResourcePool,
  { request, options }: RunTerms,
  known: AmountsByName,
  registers: AmountsByName,
): Promise<Explanation> {
  let cards: CardChoice;
  try {
    cards = await cardsWithinMasks(request, {
      names: options.cards,
      capacities: () => Promise.resolve({ ...known, ...registers }),
      inherited: (name) => Deno.env.get(name),
      gpusHere: gpusKnownHere(),
    });
  } catch (error) {
    if (!(error instanceof ExitError)) throw error;
    return {
      verdict: "impossible",
      short: [],
      reclaims: [],
      obstacle: null,
      earliestStart: null,
      sentence: error.message,
    };
  }
  return await pool.explain(request, {
    ...options,
    ...cards,
    capacities: registers,
  });
}
