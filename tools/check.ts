/**
 * The gate: every check of this repository, one after the other, all of them
 * even when one fails. `deno task test` runs it; `--publish` adds what
 * publishing would refuse, where JSR can be reached.
 *
 * The last line counts the tests, and each other step as one:
 * `N passed, N failed`, with `, N skipped` where something was skipped.
 *
 * @module
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jsrResolves, NPM_ONLY_NOTICE, npmOnly, ROOT } from "./jsr.ts";

/** A step that hangs must not take the others and the last line with it. */
const STEP_LIMIT_MS = 10 * 60_000;

/** Folders whose tests start no process and measure no time. */
const PURE = ["tests/core", "tests/sim"];

/** Folders that take long enough for a run, and a limit, of their own. */
const LONG = ["tests/cli", "tests/interop", "tests/process"];

/** One call of Deno. */
export interface Step {
  readonly args: readonly string[];
  /** A run of tests counts its tests; any other step is one test itself. */
  readonly isTestRun?: boolean;
  readonly needsJsr?: boolean;
}

/** How many tests ended in which way. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The steps for the files and folders that are there. */
export function steps(isThere: (path: string) => boolean): Step[] {
  // The types of the tests have been checked by an earlier step.
  const test = ["test", "-A", "--no-check", "--permit-no-files"];
  const examples = ["mod.ts", "README.md", "lib"].filter(isThere);
  const pure = PURE.filter(isThere);
  const long = LONG.filter(isThere);
  return [
    { args: ["fmt", "--check"] },
    { args: ["lint"] },
    { args: ["check", "--quiet"] },
    { args: ["doc", "--lint", "mod.ts", "cli.ts"] },
    { args: ["test", "-A", "--doc", ...examples], isTestRun: true },
    { args: [...test, "--parallel", ...pure], isTestRun: true },
    // Not in parallel: these wait for processes, on a machine with few cores.
    ...long.map((folder) => ({ args: [...test, folder], isTestRun: true })),
    {
      args: [...test, `--ignore=${[...pure, ...long]}`, "tests"],
      isTestRun: true,
    },
  ];
}

const SUMMARY =
  /^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed(?:.*? \| (\d+) ignored)?/gm;

/** What a run of tests says of itself, and one more if it failed otherwise. */
export function countTests(output: string, success: boolean): Counts {
  // The last one: a test may itself show the summary of another run.
  const summary = [...output.matchAll(SUMMARY)].at(-1);
  const [passed, failed, skipped] = [1, 2, 3].map((group) =>
    Number(summary?.[group] ?? 0)
  );
  // A module that does not load, or a run that was cut short.
  const isUncounted = !success && failed === 0;
  return { passed, failed: failed + Number(isUncounted), skipped };
}

/** The closing line. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  const line = `${passed} passed, ${failed} failed`;
  return skipped > 0 ? `${line}, ${skipped} skipped` : line;
}

/** How a step ended, in another form than the one closing line. */
function outcome({ passed, failed, skipped }: Counts): string {
  if (failed > 0) return `FAILED ${failed} of ${passed + failed}`;
  return skipped > 0 ? `ok ${passed}, skipped ${skipped}` : `ok ${passed}`;
}

/** The errors of a run of tests, or all of what another step says. */
function essence(output: string): string {
  const errors = output.indexOf("\n ERRORS ");
  return (errors < 0 ? output : output.slice(errors)).trim();
}

async function call(step: Step, context: Context): Promise<Counts> {
  if (step.needsJsr && context.isNpmOnly) {
    return { passed: 0, failed: 0, skipped: 1 };
  }
  const { args, env } = context.isNpmOnly
    ? npmOnly(step.args)
    : { args: [...step.args], env: {} };
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    // The examples must not touch the pool of this machine.
    env: { ...env, NO_COLOR: "1", RESLOCK_DIR: context.poolDirectory },
    signal: AbortSignal.timeout(STEP_LIMIT_MS),
  }).output();
  const decoder = new TextDecoder();
  const output = decoder.decode(stdout) + decoder.decode(stderr);
  if (!success) console.log(essence(output));
  return step.isTestRun
    ? countTests(output, success)
    : { passed: Number(success), failed: Number(!success), skipped: 0 };
}

interface Context {
  readonly isNpmOnly: boolean;
  readonly poolDirectory: string;
}

async function callAll(steps: Step[], context: Context): Promise<Counts> {
  let total: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const step of steps) {
    console.log(`deno ${step.args.join(" ")}`);
    const started = performance.now();
    const counts = await call(step, context);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`  ${outcome(counts)}, ${seconds} s`);
    total = {
      passed: total.passed + counts.passed,
      failed: total.failed + counts.failed,
      skipped: total.skipped + counts.skipped,
    };
  }
  return total;
}

if (import.meta.main) {
  const publish: Step = {
    args: ["publish", "--dry-run", "--allow-dirty"],
    needsJsr: true,
  };
  const wanted = steps((path) => existsSync(join(ROOT, path)));
  if (Deno.args.includes("--publish")) wanted.push(publish);
  const isNpmOnly = !await jsrResolves({ ignoreMemory: true });
  if (isNpmOnly) console.error(NPM_ONLY_NOTICE);
  const poolDirectory = mkdtempSync(join(tmpdir(), "reslock-check-"));
  const total = await callAll(wanted, { isNpmOnly, poolDirectory });
  rmSync(poolDirectory, { recursive: true, force: true });
  console.log(closingLine(total));
  Deno.exit(total.failed > 0 ? 1 : 0);
}
