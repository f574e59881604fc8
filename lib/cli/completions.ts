/**
 * `reslock completions`: the tab key in bash, zsh and fish.
 *
 * The scripts know nothing themselves: they ask this command for the words.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import { flagsIn, refuseEmpty } from "./arguments.ts";
import { forBash, readBashLine } from "./bash_line.ts";
import { candidatesFor, SHELLS, type Sources } from "./candidates.ts";
import { isCommandName, loadCommand } from "./commands.ts";
import type { AnyCommand, Context, GlobalOptions } from "./context.ts";
import { UsageError } from "./failure.ts";
import { withPool } from "./pool.ts";
import { quoted, visible } from "./text.ts";

/** What the scripts give in the place of a shell: words, or a line of bash. */
const ASK = "words";
const ASK_FOR_BASH = "line";

// zsh and fish quote what they are offered, but fish no ~ at the beginning; bash is
// given what is quoted.
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_reslock() {
  mapfile -t COMPREPLY < <(reslock completions ${ASK_FOR_BASH} -- "\${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
  if [[ $COMPREPLY == *= ]]; then compopt -o nospace; fi
}
complete -o default -F _reslock reslock
`,
  zsh: `#compdef reslock
_reslock() {
  local -a found
  found=("\${(@f)$(reslock completions ${ASK} -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  if [[ -z "$found[1]" ]]; then _files
  elif [[ "$found[1]" == *= ]]; then compadd -S '' -a found
  else compadd -a found; fi
}
compdef _reslock reslock
`,
  fish: `function __reslock_find
    set -l current (commandline -ct | string unescape)
    set -g __reslock_found (reslock completions ${ASK} -- (commandline -opc)[2..] "$current" 2>/dev/null | string match -v '~*')
    test -n "$__reslock_found"
end
complete -c reslock -f -n __reslock_find -a '$__reslock_found'
`,
};

/** Leaves the words of the user as they are: the last one may be empty. */
export function prepare(args: readonly string[]): readonly string[] {
  if (args[0] !== ASK && args[0] !== ASK_FOR_BASH) refuseEmpty(args);
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
      const typed = this.getLiteralArgs();
      if (shell === ASK || shell === ASK_FOR_BASH) {
        io.writeOut(
          await answerTo(shell, typed, sourcesOf(options, context)),
        );
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

/** The words that may stand at the cursor, one a line. */
async function answerTo(
  ask: typeof ASK | typeof ASK_FOR_BASH,
  typed: readonly string[],
  sources: Sources,
): Promise<string> {
  const [text = "", breaks = ""] = typed;
  const line = ask === ASK_FOR_BASH ? readBashLine(text, breaks) : undefined;
  const found = await candidatesFor(line?.words.slice(1) ?? typed, sources);
  // What cannot be seen for what it is cannot be chosen either.
  const words = found.filter((word) => word === visible(word))
    .map((word) => line === undefined ? word : forBash(word, line));
  return words.filter((word) => word !== "").map((word) => `${word}\n`).join(
    "",
  );
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
    async status(typed) {
      try {
        // The shell makes a path of the ~ when the line is run.
        const state = typed?.replace(
          /^~(?=\/)/,
          () => Deno.env.get("HOME") ?? "~",
        );
        return await withPool(
          { ...options, state: state ?? options.state },
          (pool) => pool.status({ explain: false }),
        );
      } catch {
        // Pressing a key is no time to be told of errors.
        return undefined;
      }
    },
  };
}
