/**
 * The tab key in real shells, with labels that others chose: what it puts into the
 * line reaches the program as one argument, and nothing of it runs.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { SHELLS } from "../../lib/cli/candidates.ts";
import { ResourcePool } from "../../mod.ts";
import { denoCache, denoRunArgs, ROOT } from "../support/deno.ts";
import { Folder, until, works } from "../support/processes.ts";
import { hasTmux, Tmux } from "../support/tmux.ts";
import { call } from "./support.ts";

type Shell = typeof SHELLS[number];

const PROMPT = "ready:";

/** All that a shell may take for its own, but for what counts only at the beginning. */
const EVERYTHING =
  'it\'s "$(touch ran)" `touch ran` \\ $HOME !! ; &|<> *?[a]{b,c}';
/** Each begins or ends with something that counts there. */
const HOSTILE: readonly string[] = [
  EVERYTHING,
  "$(touch ran)",
  "`touch ran`",
  "x; touch ran",
  " two  words ",
  "'single'",
  '"double"',
  "~root",
  "!!",
  "-rf",
  "--label",
  "=ls",
  "#none",
  "^a^b%1\\",
  "team:job@host=1",
  "größe 日本 🚀",
];

/** Words that start a shell with the script, and with nothing of the user's. */
function startOf(shell: Shell, home: string): string[] {
  const script = `${home}/script`;
  switch (shell) {
    case "bash":
      return ["bash", "--noprofile", "--rcfile", script, "-i"];
    case "zsh":
      Deno.writeTextFileSync(
        `${home}/.zshrc`,
        `autoload -U compinit; compinit -D -u; PS1='${PROMPT} '; . '${script}'\n`,
      );
      return ["zsh", "-i"];
    case "fish":
      return [
        ...["fish", "--no-config", "--init-command"],
        `. '${script}'; function fish_prompt; echo '${PROMPT} '; end`,
      ];
  }
}

/** A program of the name of ours: it completes, and else notes what it was given. */
async function install(shell: Shell, { path, state }: Folder): Promise<void> {
  const run = [Deno.execPath(), ...denoRunArgs(), `${ROOT}cli.ts`]
    .map((word) => `'${word}'`).join(" ");
  Deno.writeTextFileSync(
    `${path}/reslock`,
    `#!/bin/sh
if [ "$1" = completions ]; then exec ${run} --state '${state}' "$@"; fi
printf '%s\\n' "$@" > '${path}/new' && mv '${path}/new' '${path}/given'
`,
  );
  Deno.chmodSync(`${path}/reslock`, 0o755);
  const { out } = await call(["completions", shell]);
  const prompt = shell === "bash" ? `PS1='${PROMPT} '\n` : "";
  Deno.writeTextFileSync(`${path}/script`, `${out}${prompt}`);
}

/** A shell in a terminal whose tab key asks us. */
class Typist implements AsyncDisposable {
  readonly #folder: Folder;
  readonly #terminal: Tmux;

  private constructor(folder: Folder) {
    this.#folder = folder;
    this.#terminal = new Tmux(folder.path);
  }

  static async start(shell: Shell, folder: Folder): Promise<Typist> {
    await install(shell, folder);
    const { path } = folder;
    const typist = new Typist(folder);
    const terminal = typist.#terminal;
    terminal.start([
      ...["env", "-C", path, `HOME=${path}`, `ZDOTDIR=${path}`],
      `DENO_DIR=${denoCache()}`,
      `PATH=${path}:${Deno.env.get("PATH")}`,
      ...startOf(shell, path),
    ]);
    await until("it asks", () => terminal.screen().includes(PROMPT));
    return typist;
  }

  /** What the program is given after these words, the tab key and Enter. */
  async given(typed: string): Promise<string> {
    const path = `${this.#folder.path}/given`;
    this.#terminal.type("-l", `reslock ${typed}`);
    this.#terminal.type("Tab", "Enter");
    await until(
      `it is run: ${this.#terminal.screen()}`,
      () => this.#folder.names("").includes("given"),
    );
    const words = Deno.readTextFileSync(path).slice(0, -1);
    Deno.removeSync(path);
    assertEquals(this.#folder.names("").includes("ran"), false, typed);
    return words;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#terminal[Symbol.asyncDispose]();
  }
}

for (const shell of SHELLS) {
  const isThere = hasTmux() && await works(shell, "-c", "true");
  Deno.test({
    name:
      `reslock completions ${shell} makes one word of any label, and runs ` +
      `nothing of it${isThere ? "" : ` (skipped: without ${shell} or tmux)`}`,
    ignore: !isThere,
    async fn() {
      using folder = new Folder();
      await using pool = new ResourcePool({ path: folder.state });
      await pool.setResources({ slots: 1, "a b": 1 });
      await using typist = await Typist.start(shell, folder);
      for (const label of HOSTILE) {
        // fish leaves that one as it is, so it gets none.
        if (shell === "fish" && label.startsWith("~")) continue;
        await using _lease = await pool.acquire({ slots: 1 }, { label });
        assertEquals(
          await typist.given("release -l "),
          `release\n-l\n${label}`,
        );
      }
      await using _lease = await pool.acquire({ slots: 1 }, {
        label: EVERYTHING,
      });
      for (const before of ["-l '", '-l "', "-l it\\'"]) {
        assertEquals(
          await typist.given(`release ${before}`),
          `release\n-l\n${EVERYTHING}`,
        );
      }
      assertEquals(
        await typist.given("release --label="),
        `release\n--label=${EVERYTHING}`,
      );
      assertEquals(await typist.given("unset a"), "unset\na b");
    },
  });
}
