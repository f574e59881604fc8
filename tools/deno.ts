/**
 * Calls Deno so that this repository's imports resolve, whether or not JSR can
 * be reached: `deno run -A tools/deno.ts SUBCOMMAND ARGS...`.
 *
 * The child has this process's own standard streams, and its exit status
 * becomes this one's.
 *
 * @module
 */
import { jsrResolves, NPM_ONLY_NOTICE, npmOnly } from "./jsr.ts";

/** Sent by a terminal to every process in front of it, so to the child, too. */
const TERMINAL_SIGNALS: readonly Deno.Signal[] = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
];

function forwardSignals(child: Deno.ChildProcess): void {
  const inTerminal = Deno.stdin.isTerminal() || Deno.stderr.isTerminal();
  for (const signal of TERMINAL_SIGNALS) {
    // Even when not forwarded: the child decides what ends.
    Deno.addSignalListener(signal, () => inTerminal || kill(child, signal));
  }
  Deno.addSignalListener("SIGTERM", () => kill(child, "SIGTERM"));
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has just ended by itself.
  }
}

if (import.meta.main) {
  const plain = { args: Deno.args, env: {} };
  const resolves = await jsrResolves();
  if (!resolves) console.error(NPM_ONLY_NOTICE);
  // Not "deno": what the PATH holds may be another version, or nothing.
  const child = new Deno.Command(Deno.execPath(), {
    ...(resolves ? plain : npmOnly(Deno.args)),
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  forwardSignals(child);
  const { code } = await child.status;
  Deno.exit(code);
}
