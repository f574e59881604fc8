/**
 * For tests of the command line: calls in this process, and real ones.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { main } from "../../cli.ts";
import type { Io } from "../../lib/cli/context.ts";
import { FORMATS } from "../../lib/cli/formats.ts";
import { jsonSchema } from "../../lib/cli/schema_view.ts";
import { denoCache, denoRunArgs, plainEnv, ROOT } from "../support/deno.ts";
import { Program } from "../support/processes.ts";
import { schemaFaults } from "./schema_check.ts";

/** How a call ended. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What stands for the terminal. */
export interface FakeIoOptions {
  readonly columns?: number;
  readonly color?: boolean;
  /** What the user answers; without it nobody is there. */
  readonly answer?: string;
  readonly debug?: boolean;
  /** Told of each message at once. */
  readonly onError?: (text: string) => void;
}

/** Calls the command line in this process. A child has the streams of the test. */
export async function call(
  args: readonly string[],
  { columns = 100, color = false, answer, debug = false, onError }:
    FakeIoOptions = {},
): Promise<Outcome> {
  let out = "";
  let err = "";
  const io: Io = {
    writeOut: (text) => void (out += text),
    writeError(text) {
      err += text;
      onError?.(text);
    },
    ask(question) {
      if (answer !== undefined) err += question;
      return answer;
    },
    columns,
    color,
    plain: false,
    isLive: false,
    nowMs: Date.now,
    debug,
  };
  const code = await main(args, io);
  return { code, out, err };
}

/** The same with a state file, which must succeed; returns its output. */
export async function ok(
  state: string,
  ...args: readonly string[]
): Promise<string> {
  const { code, out, err } = await call(["--state", state, ...args]);
  assertEquals({ code, err }, { code: 0, err: "" });
  return out;
}

/** Starts the command line as a process of its own, with nothing in its home. */
export function start(
  home: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Program {
  return new Program(Deno.execPath(), {
    args: [...denoRunArgs(), `${ROOT}cli.ts`, ...args],
    env: { ...plainEnv(), DENO_DIR: denoCache(), HOME: home, ...env },
  });
}

/** Everything that a process writes, and how it ends. */
export async function outcome(program: Program): Promise<Outcome> {
  await using _killed = program;
  let out = "";
  for await (const line of program.lines()) out += `${line}\n`;
  return {
    code: (await program.exited).code,
    out,
    err: await program.stderr(),
  };
}

/** The command line as one file without imports, where every user can reach it. */
export async function bundleCli(path: string): Promise<void> {
  const importMap = import.meta.resolve("@std/assert").startsWith("file:")
    ? [`--import-map=${ROOT}tools/npm_only/import_map.json`]
    : [];
  const words = ["bundle", "--quiet", ...importMap, "--output", path, "cli.ts"];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: words,
    cwd: ROOT,
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  Deno.chmodSync(path, 0o644);
}

/** Makes a program of shell code, which prints into this file; returns its path. */
export function scriptTo(path: string, body: string): string {
  const script = `${path}.sh`;
  Deno.writeTextFileSync(script, `#!/bin/sh\nexec >>"${path}"\n${body}\n`);
  Deno.chmodSync(script, 0o755);
  return script;
}

/** What somebody can be told to do. */
const STEPS =
  "ask|check|choose|continue|end|give|install|leave|look|make|mend|name|" +
  "press|read|remove|repair|reserve|run|say|set|stop|take|try|unset|use|wait|write";

/** Holds that an error ends with a command of reslock's, or with what else to do. */
export function assertHelps(message: string): void {
  const text = message.trimEnd().replace(/^reslock: /, "");
  const end = text.split(/[:;?.] /).at(-1)!;
  const step = new RegExp(`(?:^|, |\\b(?:or|and) )(?:${STEPS})\\b`);
  const helps = text.includes(" ") && end !== text &&
    (/\breslock [a-z-]+/.test(end) || step.test(end));
  assert(helps, `Nothing is told that helps: ${message}`);
}

/** Compares a text with the file of this name; writes it with RESLOCK_GOLDEN=write. */
export function assertGolden(name: string, text: string): void {
  const path = `${ROOT}tests/cli/data/${name}.txt`;
  if (Deno.env.get("RESLOCK_GOLDEN") === "write") {
    Deno.writeTextFileSync(path, text);
  }
  assertEquals(text, Deno.readTextFileSync(path));
}

/** Holds what `--json` printed against the format that is documented. */
export function assertFormat(format: keyof typeof FORMATS, text: string): void {
  assertEquals(schemaFaults(jsonSchema(FORMATS[format]), JSON.parse(text)), []);
}
