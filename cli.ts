/**
 * The command line: which command is meant, and how it ends.
 *
 * @module
 */
import metadata from "./deno.json" with { type: "json" };
import {
  closest,
  commandIndex,
  optionsIn,
  refuseEmpty,
  refuseMangled,
  refuseUnknownOption,
  STATE_FLAGS,
  UnknownOptionError,
} from "./lib/cli/arguments.ts";
import {
  COMMAND_NAMES,
  type CommandName,
  isCommandName,
  loadCommand,
} from "./lib/cli/commands.ts";
import {
  type AnyCommand,
  type CommandModule,
  type Context,
  type GlobalOptions,
  type Io,
  processIo,
} from "./lib/cli/context.ts";
import { EXIT } from "./lib/cli/exit_codes.ts";
import { failureOf, UsageError } from "./lib/cli/failure.ts";
import { refuseMisuse } from "./lib/cli/misuse.ts";
import { readPlainOptions } from "./lib/cli/plain_options.ts";
import { quoted } from "./lib/cli/text.ts";

export type { Io };

/** The options that may stand before a command's name. */
const ROOT_FLAGS = ["-s", "--state", "-h", "--help", "-V", "--version"];

/**
 * Runs a command line.
 *
 * @param args the words after the program's name
 * @param io where it reads and writes
 * @returns the exit code
 */
export async function main(
  args: readonly string[],
  io: Io = processIo,
): Promise<number> {
  const context: Context = { io, exitCode: EXIT.ok };
  let name: string | undefined;
  try {
    refuseMangled(args);
    const index = commandIndex(args);
    const before = index < 0 ? args : args.slice(0, index);
    name = args[index];
    if (before.some((word) => word === "-V" || word === "--version")) {
      io.writeOut(`reslock ${metadata.version}\n`);
    } else if (name === undefined) {
      const options = readPlainOptions(args, [[STATE_FLAGS, ""]]);
      if (options !== undefined) await summary(options, context);
      else await parse(args, isHelpWanted(args) ? COMMAND_NAMES : [], context);
    } else if (name === "help") {
      return await main([...args.slice(index + 1, index + 2), "--help"], io);
    } else {
      await runCommand(before, name, args.slice(index + 1), context);
    }
  } catch (error) {
    return fail(error, name, context);
  }
  return context.exitCode;
}

function isHelpWanted(args: readonly string[]): boolean {
  return args.includes("-h") || args.includes("--help");
}

async function runCommand(
  before: readonly string[],
  name: string,
  after: readonly string[],
  context: Context,
): Promise<void> {
  if (!isCommandName(name)) {
    // What looks like a command may be the value of a misspelt option.
    refuseUnknownOption(before, ROOT_FLAGS);
    const meant = closest(name, COMMAND_NAMES);
    throw new UsageError(
      `Unknown command ${quoted(name)}` +
        (meant === undefined ? "" : `: did you mean "${meant}"?`),
    );
  }
  const { prepare = checked, runPlain }: CommandModule = await loadCommand(
    name,
  );
  const own = checked(before);
  const words = prepare(after);
  if (await runPlain?.([...own, ...words], context)) return;
  await parse([...own, name, ...words], [name], context);
}

/** The words, none of which is empty. */
function checked(words: readonly string[]): readonly string[] {
  refuseEmpty(words);
  return words;
}

/** Lets cliffy read the words, with these commands only. */
async function parse(
  words: readonly string[],
  names: readonly CommandName[],
  context: Context,
): Promise<void> {
  // Only now: it takes longer to load than everything else together.
  const { Command, ValidationError } = await import("@cliffy/command");
  const tree = root(new Command(), context);
  const unshown: string[] = [];
  for (const name of names) {
    const module: CommandModule = await loadCommand(name);
    tree.command(name, await module.command(context));
    unshown.push(...module.unshown ?? []);
  }
  try {
    await tree.parse([...words]);
  } catch (error) {
    const isOurs = error instanceof UnknownOptionError;
    if (!isOurs && !(error instanceof ValidationError)) throw error;
    const [name] = names;
    const command: AnyCommand | undefined = names.length > 1
      ? undefined
      : tree.getCommand(name ?? "");
    const options = optionsIn(command?.getHelp({ colors: false }) ?? "");
    const flags = options.flatMap(({ flags }) => flags);
    refuseUnknownOption(words, [...flags, ...unshown, ...ROOT_FLAGS]);
    if (isOurs) throw error;
    if (command !== undefined) {
      const argumentsMax = command.getArguments().length;
      const own = words.slice(commandIndex(words) + 1);
      const end = own.indexOf("--");
      refuseMisuse(
        end < 0 ? own : own.slice(0, end),
        { name, options, argumentsMax },
        error.message,
      );
    }
    throw new UsageError(error.message, { cause: error });
  }
}

function root(command: AnyCommand, context: Context): AnyCommand {
  return command
    .name("reslock")
    .version(metadata.version)
    .description(
      "Share GPU memory, RAM, processor cores and anything else that can be\n" +
        "counted between the programs of a machine.",
    )
    .usage("[options] COMMAND")
    .help({ colors: context.io.color })
    .throwErrors()
    .noExit()
    .globalOption(STATE_FLAGS, "The state file of the pool.")
    .example(
      "Run a command when 8 GB are free on a GPU",
      "reslock run --vram 8G llama-cli --model model.gguf",
    )
    .example("See who holds what, and who waits", "reslock status")
    .action((options: GlobalOptions) => summary(options, context));
}

async function summary(
  options: GlobalOptions,
  context: Context,
): Promise<void> {
  const { showSummary } = await import("./lib/cli/status.ts");
  await showSummary(options, context.io);
}

/** Says why it ended so; returns the exit code. */
function fail(
  error: unknown,
  command: string | undefined,
  { io }: Context,
): number {
  // Whoever read the output has seen enough of it.
  if (error instanceof Deno.errors.BrokenPipe) return EXIT.ok;
  const known = command !== undefined && isCommandName(command);
  const { message, exitCode } = failureOf(error, known ? command : undefined);
  const stack = io.debug && error instanceof Error ? `${error.stack}\n` : "";
  try {
    if (message !== "") io.writeError(`reslock: ${message}\n${stack}`);
  } catch {
    // Nobody listens on standard error: the exit code says it.
  }
  return exitCode;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
