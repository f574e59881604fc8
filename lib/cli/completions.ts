/**
 * `reslock completions`: the tab key in bash, zsh and fish.
 *
 * The scripts know nothing themselves: they ask this command for the words.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import { flagsIn, refuseEmpty } from "./arguments.ts";
import { candidatesFor, SHELLS, type Sources } from "./candidates.ts";
import { isCommandName, loadCommand } from "./commands.ts";
import type { AnyCommand, Context, GlobalOptions } from "./context.ts";
import { UsageError } from "./failure.ts";
import { withPool } from "./pool.ts";
import { quoted } from "./text.ts";

/** What the scripts give in the place of a shell. */
const ASK = "words";

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_reslock() {
  local IFS=$'\\n'
  COMPREPLY=($(reslock completions ${ASK} -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _reslock reslock
`,
  zsh: `#compdef reslock
_reslock() {
  local -a found
  found=("\${(@f)$(reslock completions ${ASK} -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$found[1]" ]]; then compadd -- $found; else _files; fi
}
compdef _reslock reslock
`,
  fish:
    `complete -c reslock -a '(reslock completions ${ASK} -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
};

/** Leaves the words of the user as they are: the last one may be empty. */
export function prepare(args: readonly string[]): readonly string[] {
  if (args[0] !== ASK) refuseEmpty(args);
  return args;
}

/** The command. */
export function command(context: Context): AnyCommand {
  const { io } = context;
  return new Command<GlobalOptions>()
    .description(
      "Print a script for the tab key in bash, zsh or fish.\n" +
        "It completes commands, options, ids, labels and names of resources.",
    )
    .usage("[options] SHELL")
    .arguments("[shell:string]")
    .example("For this bash", "source <(reslock completions bash)")
    .example(
      "For every fish from now on",
      "reslock completions fish > ~/.config/fish/completions/reslock.fish",
    )
    .action(async function (options: GlobalOptions, shell?: string) {
      const words = this.getLiteralArgs();
      if (shell === ASK) {
        const found = await candidatesFor(words, sourcesOf(options, context));
        // What holds a line end or the like cannot be typed by its label either.
        const lines = found.filter((word) => !/\p{Cc}/u.test(word));
        io.writeOut(lines.map((line) => `${line}\n`).join(""));
        return;
      }
      const script = shell === undefined ? undefined : SCRIPTS[shell];
      if (script === undefined) {
        throw new UsageError(
          `Cannot complete in ${
            shell === undefined ? "no shell" : quoted(shell)
          }: use one of ${SHELLS.join(", ")}`,
        );
      }
      io.writeOut(script);
    });
}

function sourcesOf(options: GlobalOptions, context: Context): Sources {
  return {
    async optionsOf(name) {
      if (!isCommandName(name)) return [];
      const module = await loadCommand(name);
      const named = (await module.command(context)).name(name);
      const flags = flagsIn(named.getHelp({ colors: false }));
      return [...flags.filter((flag) => flag.startsWith("--")), "--state"];
    },
    async status() {
      try {
        return await withPool(
          options,
          (pool) => pool.status({ explain: false }),
        );
      } catch {
        // Pressing a key is no time to be told of errors.
        return undefined;
      }
    },
  };
}
