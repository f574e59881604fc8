/**
 * How long does `run true` take as a command, from the call to its end?
 *
 * Goals: from source or from a bundle at most 1.5 times `deno run` of an empty file; at
 * least 8 times faster than the Python package's.
 *
 * Non-goals: waiting, as what is asked for is free; the first run of all, which makes
 * side files and fills Deno's cache.
 *
 * Checked: each command succeeds and does what it is told to run, and nothing is left
 * in the state.
 *
 * @module
 */
import { jsrResolves, npmOnly, ROOT } from "../../tools/jsr.ts";
import type { CommandLine, Contender } from "../contenders/contender.ts";
import type { ReslockArena } from "../contenders/reslock.ts";
import { RESOURCE } from "../contenders/reslock_resource.ts";
import { call, quietOutput } from "../harness/command.ts";
import { Samples } from "../harness/samples.ts";
import { medianRatio, rotated } from "../harness/statistics.ts";
import {
  type Answer,
  atLeast,
  atMost,
  type Context,
  type Goal,
  type Question,
  type Scale,
  Scene,
} from "../question.ts";

const WALL_TIME = {
  what: "wall time",
  unit: "ms",
  show: ["median", "min"],
} as const;
const AT = { command: "run true" } as const;
const EMPTY = "deno run of an empty file";
const SOURCE = "reslock, source";
const BUNDLE = "reslock, bundle";
const COMPILED = "reslock, compiled";

const ROUNDS: Readonly<Record<Scale, number>> = { full: 40, quick: 8, tiny: 1 };
const LAUNCH = ["run", "--quiet", "--no-prompt", "-A"];
const TRUE = ["true"];
/** Shows that what was to run ran. */
const ECHO = ["echo", "served"];

type Lines = Map<string, (command: readonly string[]) => CommandLine>;

/** `deno ARGS...`, so that it finds what cli.ts imports. */
async function deno(args: readonly string[]): Promise<CommandLine> {
  const called = await jsrResolves()
    ? { args: [...args], env: {} }
    : npmOnly(args);
  return { words: [Deno.execPath(), ...called.args], env: called.env };
}

/** Ours, each as far as it is there. */
async function ours(
  { say }: Context,
  directory: string,
  path: string,
  scale: Scale,
): Promise<Lines> {
  const lines: Lines = new Map();
  const run = ["--state", path, "run", "--resource", `${RESOURCE}=1`];
  const add = (name: string, { words, env }: CommandLine) =>
    lines.set(name, (command) => ({
      words: [...words, ...run, ...command],
      env,
    }));
  add(SOURCE, await deno([...LAUNCH, `${ROOT}/cli.ts`]));
  // Bundling takes longer than all the rest.
  if (scale !== "tiny") {
    const bundle = `${directory}/bundle/cli.js`;
    const options = ["--quiet", "--minify", "--code-splitting"];
    options.push("--outdir", `${directory}/bundle`);
    const { words, env } = await deno(["bundle", ...options, `${ROOT}/cli.ts`]);
    await call(words[0], words.slice(1), env);
    add(BUNDLE, { words: [Deno.execPath(), ...LAUNCH, bundle] });
  }
  const program = `${ROOT}/build/reslock`;
  if (await quietOutput(program, ["--version"]) !== undefined) {
    add(COMPILED, { words: [program] });
  } else {
    say(`  without ${COMPILED}: "deno task compile" makes it`);
  }
  return lines;
}

/** A program that does nothing, with Deno and without. */
async function floors(directory: string): Promise<Lines> {
  const empty = `${directory}/empty.ts`;
  await Deno.writeTextFile(empty, "");
  return new Map([
    [EMPTY, () => ({ words: [Deno.execPath(), ...LAUNCH, empty] })],
    ["the command alone", (command: readonly string[]) => ({ words: command })],
  ]);
}

/** Throws unless the command runs what it should. */
async function check(lines: Lines): Promise<void> {
  for (const [name, line] of lines) {
    const { words, env } = line(ECHO);
    const output = await call(words[0], words.slice(1), env);
    if (name === EMPTY || output.includes("served")) continue;
    throw new Error(`Cannot trust this run: ${name} did not run its command`);
  }
}

function goals(samples: Samples): Goal[] {
  const values = (start: string) => {
    const name = samples.contenders(WALL_TIME).find((name) =>
      name.startsWith(start)
    );
    return name === undefined ? undefined : samples.values(WALL_TIME, name, AT);
  };
  const ratio = (one: string, other: string) => {
    const [ours, theirs] = [values(one), values(other)];
    return ours && theirs && medianRatio(ours, theirs);
  };
  return [
    atMost(1.5, "times an empty file, from source", ratio(SOURCE, EMPTY)),
    atMost(1.5, "times an empty file, from a bundle", ratio(BUNDLE, EMPTY)),
    atLeast(
      8,
      "times faster than the Python package's, from source",
      ratio("Python", SOURCE),
    ),
  ];
}

async function run(context: Context, scale: Scale): Promise<Answer> {
  const samples = new Samples();
  await using stack = new AsyncDisposableStack();
  const lines: Lines = await floors(context.directory);
  const open = async (contender: Contender) => {
    const scene = await Scene.open(context, contender, 1);
    return stack.use(scene).arena;
  };
  for (const contender of context.contenders) {
    if (contender.kind === "subject") {
      const { path } = await open(contender) as ReslockArena;
      const own = await ours(context, context.directory, path, scale);
      for (const [name, line] of own) lines.set(name, line);
    } else if (contender.kind === "peer") {
      const { commandLine } = await open(contender);
      if (commandLine !== undefined) lines.set(contender.name, commandLine);
    }
  }
  await check(lines);
  for (let round = 0; round < ROUNDS[scale]; round++) {
    for (const [name, line] of rotated([...lines], round)) {
      const { words, env } = line(TRUE);
      const start = performance.now();
      await call(words[0], words.slice(1), env);
      samples.add(WALL_TIME, name, AT, performance.now() - start);
    }
  }
  return { samples, goals: goals(samples), plots: {} };
}

export const commandStart: Question = {
  name: "command_start",
  asks: "How long does `run true` take as a command, from the call to its end?",
  run,
};
