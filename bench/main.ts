/**
 * Puts questions to all contenders that are installed, and writes down what comes out.
 *
 *     deno task bench [--quick] [--list] [--readme] [--only=CONTENDER,...]
 *         [--out=DIRECTORY] [--directory=DIRECTORY] [QUESTION...]
 *
 * @module
 */
import { CONTENDERS } from "./contenders/all.ts";
import type { Contender } from "./contenders/contender.ts";
import { assertSteadyClock } from "./harness/clock.ts";
import { call } from "./harness/command.ts";
import {
  describeMachine,
  type Machine,
  machineLine,
} from "./harness/machine.ts";
import type { Answer, Context, Question, Scale } from "./question.ts";
import { QUESTIONS } from "./questions/all.ts";
import { BEGIN, END, readmeFigures, readResults } from "./report/readme.ts";
import { figureTables, goalTable } from "./report/table.ts";

const RESULTS = `${import.meta.dirname}/results`;

const USAGE = `Usage: deno task bench [OPTIONS] [QUESTION...]

  --list               show the questions and the contenders, and which are missing
  --quick              a look instead of a report: less of everything
  --readme             only put the results that are there into the README
  --only=NAME,...      only contenders whose names begin like this
  --directory=PATH     where the state files are made (default: a temporary one)
  --out=PATH           where the results are written (default: bench/results)
`;

interface Options {
  readonly scale: Scale;
  readonly list: boolean;
  readonly readme: boolean;
  readonly only: readonly string[] | undefined;
  readonly out: string;
  readonly directory: string | undefined;
  readonly names: readonly string[];
}

/** Undefined if the words cannot be understood. */
export function parseOptions(words: readonly string[]): Options | undefined {
  const valued = new Map<string, string>();
  const flags = new Set<string>();
  const names: string[] = [];
  for (const word of words) {
    const [, name, value] = /^--([a-z]+)(?:=(.+))?$/.exec(word) ?? [];
    if (name === undefined) names.push(word);
    else if (value === undefined) flags.add(name);
    else valued.set(name, value);
  }
  const known = flags.isSubsetOf(new Set(["list", "quick", "readme"])) &&
    new Set(valued.keys()).isSubsetOf(new Set(["only", "directory", "out"])) &&
    names.every((name) => QUESTIONS.some((one) => one.name === name));
  if (!known) return undefined;
  return {
    scale: flags.has("quick") ? "quick" : "full",
    list: flags.has("list"),
    readme: flags.has("readme"),
    only: valued.get("only")?.split(","),
    out: valued.get("out") ?? RESULTS,
    directory: valued.get("directory"),
    names,
  };
}

/** Those that are there; says which are not. */
async function present(
  only: readonly string[] | undefined,
): Promise<Contender[]> {
  const found: Contender[] = [];
  for (const contender of CONTENDERS) {
    if (only?.every((start) => !contender.name.startsWith(start))) continue;
    const absence = await contender.absence();
    if (absence === undefined) found.push(contender);
    else console.log(`without ${contender.name}: ${absence}`);
  }
  return found;
}

async function answer(
  question: Question,
  contenders: readonly Contender[],
  { scale, directory: parent, out }: Options,
): Promise<void> {
  console.log(`\n## ${question.name}\n\n${question.asks}\n`);
  const directory = await Deno.makeTempDir({
    prefix: "reslock-bench-",
    ...(parent !== undefined && { dir: parent }),
  });
  const context: Context = {
    contenders,
    directory,
    say: (text) => console.error(text),
  };
  const started = performance.now();
  try {
    const machine = await describeMachine(directory);
    const result = await question.run(context, scale);
    assertSteadyClock();
    await writeAnswer(question, result, { machine, scale, out });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  context.say(`  ${seconds} s`);
}

async function writeAnswer(
  { name, asks }: Question,
  { samples, goals, plots }: Answer,
  { machine, scale, out }: { machine: Machine; scale: Scale; out: string },
): Promise<void> {
  const figures = samples.figures();
  const tables = [figureTables(figures), goalTable(goals)].join("\n");
  console.log(tables);
  await Deno.mkdir(out, { recursive: true });
  const record = { question: name, asks, scale, machine, figures, goals };
  await Deno.writeTextFile(
    `${out}/${name}.json`,
    JSON.stringify(record, jsonValue, 2) + "\n",
  );
  const head = `# ${name}\n\n${asks}\n\n${machineLine(machine)}; ${scale}\n\n`;
  await Deno.writeTextFile(`${out}/${name}.md`, head + tables);
  for (const [file, svg] of Object.entries(plots)) {
    await Deno.writeTextFile(`${out}/${file}`, svg);
  }
}

/** Puts the results that are kept into the README. */
async function writeReadme(out: string): Promise<void> {
  const path = `${import.meta.dirname}/../README.md`;
  const text = await Deno.readTextFile(path);
  const [before, rest] = text.split(BEGIN);
  const figures = readmeFigures(await readResults(out));
  await Deno.writeTextFile(
    path,
    `${before}${BEGIN}\n\n${figures}\n${END}${rest.split(END)[1]}`,
  );
  await call(Deno.execPath(), ["fmt", "--quiet", path]);
}

/** JSON has no infinity. */
function jsonValue(_key: string, value: unknown): unknown {
  return value === Infinity ? "Infinity" : value;
}

if (import.meta.main) {
  const options = parseOptions(Deno.args);
  if (options === undefined) {
    console.error(USAGE);
    Deno.exit(2);
  }
  if (options.readme) {
    await writeReadme(options.out);
    Deno.exit();
  }
  if (options.list) {
    for (const { name, asks } of QUESTIONS) console.log(`${name}: ${asks}`);
  }
  const contenders = await present(options.only);
  console.log(`with ${contenders.map(({ name }) => name).join(", ")}`);
  if (options.list) Deno.exit();
  const wanted = QUESTIONS.filter(({ name }) =>
    options.names.length === 0 || options.names.includes(name)
  );
  for (const question of wanted) await answer(question, contenders, options);
}
