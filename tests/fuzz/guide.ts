/**
 * Fuzzing that is guided by coverage, with Jazzer.js and the libFuzzer in it, from npm:
 * an input that reaches new code is kept, and others are made of it.
 *
 * What it finds interesting stays in `build/fuzz/corpus`, and the next run begins with
 * it. An input that breaks a promise is written to `build/fuzz`.
 *
 * Its native part is loaded by Deno itself. It needs glibc 2.38, so Debian 13, Ubuntu
 * 24.04 or newer.
 *
 * @module
 */
import { ROOT } from "../support/deno.ts";
import { seededRandom } from "../support/random.ts";
import { firstInputs } from "./fuzzer.ts";
import { BYTES_MAX } from "./limits.ts";

/** The alarm by which it notices a slow input would end Deno: the target has its own. */
const NEVER_MS = 1_000_000_000;
const JAZZER = "npm:@jazzer.js/core@4.0.0";
const PLACE = `${ROOT}build/fuzz`;
const TARGET = `${PLACE}/target.cjs`;

/** How long it goes on. */
export interface GuidedOptions {
  readonly inputs: number;
  readonly minutes: number;
  readonly seed: number;
}

/** Runs it; the exit code, 0 if nothing was found. */
export async function fuzzGuided(
  { inputs, minutes, seed }: GuidedOptions,
): Promise<number> {
  Deno.mkdirSync(`${PLACE}/corpus`, { recursive: true });
  await bundleTarget();
  const words = new Set<string>();
  firstInputs(seededRandom(seed)).forEach((bytes, i) => {
    Deno.writeFileSync(`${PLACE}/corpus/first_${i}`, bytes);
    const text = new TextDecoder().decode(bytes);
    for (const word of text.match(/"\w{1,40}"/g) ?? []) words.add(word);
  });
  Deno.writeTextFileSync(
    `${PLACE}/words`,
    [...words].map((word) => `"${word.replaceAll('"', '\\"')}"\n`).join(""),
  );
  return await deno(
    PLACE,
    // It looks for its parts beside itself, in a folder of their own.
    ...["run", "-A", "--no-config", "--node-modules-dir=auto", JAZZER],
    ...["target.cjs", "corpus", `--timeout=${NEVER_MS}`, "--"],
    ...[`-max_len=${BYTES_MAX}`, "-dict=words"],
    ...[`-seed=${seed % 2 ** 31 || 1}`, "-artifact_prefix=./"],
    ...(minutes < Infinity ? [`-max_total_time=${minutes * 60}`] : []),
    ...(inputs < Infinity ? [`-runs=${inputs}`] : []),
  );
}

async function bundleTarget(): Promise<void> {
  const importMap = import.meta.resolve("@std/assert").startsWith("file:")
    ? ["--import-map=tools/npm_only/import_map.json"]
    : [];
  const code = await deno(
    ROOT,
    ...["bundle", "--quiet", ...importMap, "--format=cjs"],
    ...["--output", TARGET, "tests/fuzz/guided.ts"],
  );
  if (code !== 0) throw new Error("Cannot fuzz as the target is not bundled");
  // Where a name stands that is looked for without running the file.
  const text = "exports.fuzz = module.exports.fuzz;\n";
  Deno.writeTextFileSync(TARGET, text, { append: true });
}

async function deno(cwd: string, ...args: string[]): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), { args, cwd }).spawn();
  return (await child.status).code;
}
