/**
 * `reslock doctor`: what is wrong with the pool, and bringing it back.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import { diagnose, recover, salvage, type Salvaged } from "../../mod.ts";
import {
  type AnyCommand,
  type Context,
  type GlobalOptions,
  type Io,
  viewOf,
} from "./context.ts";
import { EXIT } from "./exit_codes.ts";
import { ExitError, UsageError } from "./failure.ts";
import { diagnosisJson, salvagedJson } from "./json.ts";
import {
  renderDiagnosis,
  renderRecovered,
  renderSalvaged,
} from "./render_doctor.ts";
import { counted, jsonText, visible } from "./text.ts";
import { registryOf } from "./who.ts";

type Options = GlobalOptions & {
  readonly fix?: boolean;
  readonly json?: boolean;
  readonly save?: string;
  readonly recover?: boolean;
  readonly force?: boolean;
};

/** The command. */
export function command(context: Context): AnyCommand {
  return new Command<GlobalOptions>()
    .description(
      "Tell what is wrong with the pool and what it stands on, and what to do.\n" +
        "Changes nothing unless told to; ends with 1 if there are problems.",
    )
    .option("--fix", "Put right what does no harm: modes, files of the dead.")
    .option("--json", "Print JSON; see reslock schema.")
    .option(
      "--save <file:string>",
      "Save what a damaged state file still tells.",
    )
    .option(
      "--recover",
      "Make a new state file of what is left of one that is damaged or gone.",
    )
    .option("-f, --force", "With --recover: do not ask before losing the rest.")
    .example("Is everything in order", "reslock doctor")
    .example("Put right what is easy to put right", "sudo reslock doctor --fix")
    .example("Bring back a damaged pool", "reslock doctor --recover")
    .action((options) => act(options, context));
}

async function act(options: Options, context: Context): Promise<void> {
  checkOptions(options);
  if (options.save !== undefined) await save(options, options.save, context);
  else if (options.recover) await bringBack(options, context);
  else await examine(options, context);
}

/** Refuses options that have nothing to say to each other. */
function checkOptions({ fix, json, save, recover, force }: Options): void {
  const modes = [
    ["--fix", fix],
    ["--save", save !== undefined],
    ["--recover", recover],
  ].filter(([, isSet]) => isSet).map(([name]) => name);
  if (modes.length > 1) {
    throw new UsageError(
      `Cannot use ${modes[0]} with ${modes[1]}: use one after the other`,
    );
  }
  if (force && !recover) {
    throw new UsageError("Cannot use --force without --recover: add it");
  }
  if (json && (save !== undefined || recover)) {
    throw new UsageError(
      `Cannot use --json with ${modes[0]}: what --save writes is JSON`,
    );
  }
}

async function examine(
  { state, fix, json }: Options,
  context: Context,
): Promise<void> {
  const { io } = context;
  const diagnosis = await diagnose({ path: state, fix });
  io.writeOut(
    json
      ? jsonText(diagnosisJson(diagnosis))
      : renderDiagnosis(diagnosis, viewOf(io)),
  );
  if (diagnosis.checks.some(({ level }) => level === "problem")) {
    context.exitCode = EXIT.failure;
  }
}

async function save(
  { state }: Options,
  file: string,
  { io }: Context,
): Promise<void> {
  const salvaged = await salvage({ path: state });
  if (salvaged === null) {
    throw new ExitError(
      "Nothing was saved, as the state file is not damaged: " +
        '"reslock status --json" tells what is in it',
      EXIT.failure,
    );
  }
  try {
    Deno.writeTextFileSync(file, jsonText(salvagedJson(salvaged)), {
      createNew: true,
    });
  } catch (error) {
    const reason = error instanceof Deno.errors.AlreadyExists
      ? "it is there already"
      : error instanceof Error
      ? error.message
      : String(error);
    throw new ExitError(
      `Cannot save to ${visible(file)} as ${reason}: name another file`,
      EXIT.failure,
      { cause: error },
    );
  }
  io.writeOut(shown(salvaged, io));
  io.writeOut(
    `\nSaved in ${visible(file)}; the state file was left as it is\n`,
  );
}

/** With the processes behind what can be read. */
function shown(salvaged: Salvaged, io: Io): string {
  const registry = registryOf(salvaged.pool.path);
  return renderSalvaged(salvaged, viewOf(io), { registry });
}

async function bringBack(
  { state, force }: Options,
  { io }: Context,
): Promise<void> {
  let isRefused = false;
  const agree = (salvaged: Salvaged) => {
    if (force) return true;
    io.writeError(shown(salvaged, io));
    const answer = io.ask(
      `\nDrop what is lost (${
        counted(salvaged.lost.length, "thing")
      }) and keep the rest? [y/N] `,
    );
    if (answer === undefined) {
      throw new ExitError(
        `Cannot recover ${salvaged.pool.path} as something would be lost, and ` +
          `nobody can be asked: use --force to drop it`,
        EXIT.failure,
      );
    }
    isRefused = !/^y(?:es)?$/i.test(answer);
    return !isRefused;
  };
  const recovered = await recover({ path: state, agree });
  if (isRefused) throw new ExitError("Nothing was recovered", EXIT.failure);
  io.writeOut(
    recovered === null
      ? "Nothing to recover: no damaged state file was found\n"
      : renderRecovered(recovered),
  );
}
