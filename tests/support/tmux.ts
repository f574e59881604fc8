/**
 * A real terminal for tests: a tmux server of its own, its screen as text.
 *
 * @module
 */
import { plainEnv } from "./deno.ts";
import { until, works } from "./processes.ts";

function run(args: readonly string[]): string {
  const { success, stdout, stderr } = new Deno.Command("tmux", {
    args: [...args],
    clearEnv: true,
    env: { ...plainEnv(), TERM: "xterm-256color", LC_ALL: "C.UTF-8" },
  }).outputSync();
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  return decoder.decode(stdout);
}

/** Whether tmux is there. */
export function hasTmux(): boolean {
  try {
    run(["-V"]);
    return true;
  } catch {
    return false;
  }
}

/** One terminal, gone with its scope, and with it all that ran there. */
export class Tmux implements AsyncDisposable {
  readonly #socket: string;

  /** @param folder where its socket may be */
  constructor(folder: string) {
    this.#socket = `${folder}/tmux`;
  }

  /** Runs a command in the terminal, which stays after its end. */
  start(
    words: readonly string[],
    { columns = 100, rows = 24 }: { columns?: number; rows?: number } = {},
  ): void {
    const size = ["-x", String(columns), "-y", String(rows)];
    const command = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`)
      .join(" ");
    this.#run(
      ...["-f", "/dev/null", "new-session", "-d", ...size, command],
      ...[";", "set-option", "-g", "remain-on-exit", "on"],
    );
  }

  /** What stands on the screen, without spaces at the ends of lines. */
  screen(): string {
    return this.#run("capture-pane", "-p", "-t", "0").trimEnd();
  }

  /** Presses keys, as tmux names them. */
  type(...keys: readonly string[]): void {
    this.#run("send-keys", "-t", "0", ...keys);
  }

  resize(columns: number, rows: number): void {
    this.#run(
      ...["resize-window", "-t", "0", "-x", String(columns)],
      ...["-y", String(rows)],
    );
  }

  /** Something about the terminal, such as `#{alternate_on}`. */
  ask(format: string): string {
    return this.#run("display-message", "-p", "-t", "0", format).trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const session = this.ask("#{pane_pid}");
    this.#run("kill-server");
    await until(
      "what ran in the terminal is gone",
      async () => !await works("pgrep", "-s", session),
    );
  }

  #run(...args: readonly string[]): string {
    return run(["-S", this.#socket, ...args]);
  }
}
