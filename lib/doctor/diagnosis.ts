/**
 * All checks, one after the other, and what is put right between two rounds of them.
 *
 * @module
 */
import type { ChosenPath } from "../os/paths.ts";
import { Session } from "../session/session.ts";
import {
  type Check,
  type Diagnosis,
  type Finding,
  type Fix,
  warning,
} from "./check.ts";
import { checkContent } from "./content.ts";
import { checkFiles } from "./files.ts";
import { applyFix } from "./fix.ts";
import { checkFileSystem, checkLocks, checkWatches } from "./ground.ts";
import { checkMachine } from "./machine.ts";
import { checkOtherPools, checkPlace } from "./place.ts";
import { checkPython } from "./python.ts";
import { checkSideFiles } from "./side_files.ts";
import { RealSystem, type System } from "./system.ts";
import { checkTools } from "./tools.ts";

type CheckFunction = (
  system: System,
) => Finding | Finding[] | Promise<Finding | Finding[]>;

/** By name, in the order in which they are shown. */
const CHECKS: readonly (readonly [string, CheckFunction])[] = [
  ["place", checkPlace],
  ["other pools", checkOtherPools],
  ["files", checkFiles],
  ["file system", checkFileSystem],
  ["locks", checkLocks],
  ["watches", checkWatches],
  ["state", checkContent],
  ["side files", checkSideFiles],
  ["machine", checkMachine],
  ["tools", checkTools],
  ["python", checkPython],
];

/** The lock is held for microseconds; a diagnosis need not wait as long as a program. */
const LOCK_TIMEOUT_MS = 1000;

/** Looks at a pool; puts right what may be, if told to, and looks again. */
export async function diagnosePool(
  chosen: ChosenPath,
  { fix }: { readonly fix: boolean },
): Promise<Diagnosis> {
  const session = new Session(chosen.path, {
    lockTimeoutMs: LOCK_TIMEOUT_MS,
    onWarning: () => {},
    driverCheck: false,
    rule: chosen.rule,
  });
  try {
    let findings = await findAll(new RealSystem(chosen, session));
    const fixed: string[] = [];
    const fixes = fix ? uniqueFixes(findings) : [];
    const failures: Finding[] = [];
    for (const one of fixes) {
      try {
        fixed.push(await applyFix(one, chosen.path, session));
      } catch (error) {
        failures.push(failure("fix", error));
      }
    }
    if (fixes.length > 0) {
      findings = [
        ...await findAll(new RealSystem(chosen, session)),
        ...failures,
      ];
    }
    return { path: chosen.path, checks: findings.map(withoutFixes), fixed };
  } finally {
    await session.close();
  }
}

/** What all checks find on a machine. */
export async function findAll(system: System): Promise<Finding[]> {
  const results = await Promise.all(CHECKS.map(async ([name, check]) => {
    try {
      return await check(system);
    } catch (error) {
      // One that cannot be made must not keep the others from being shown.
      return failure(name, error);
    }
  }));
  return results.flat();
}

function failure(name: string, error: unknown): Finding {
  const message = error instanceof Error ? error.message : String(error);
  const colon = message.lastIndexOf(": ");
  return colon < 0
    ? warning(name, message, "this could not be told")
    : warning(name, message.slice(0, colon), message.slice(colon + 2));
}

function uniqueFixes(findings: readonly Finding[]): Fix[] {
  const fixes = new Map<string, Fix>();
  for (const fix of findings.flatMap((finding) => finding.fixes)) {
    fixes.set(JSON.stringify(fix), fix);
  }
  return [...fixes.values()];
}

function withoutFixes({ name, level, message, advice }: Finding): Check {
  return { name, level, message, advice };
}
