/**
 * The torture for as long as wanted:
 *
 *     deno task torture --kills=10000
 *     deno task torture --minutes=120 --seed=7
 *
 * `--workers=16`, and how hasty all are: `--pause=200` and `--pace=40`, in milliseconds.
 * Says every half minute how far it is. A broken promise ends it with exit code 1, and
 * keeps what there was under `build/`.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { ROOT } from "../support/deno.ts";
import { findPython } from "../support/python.ts";
import { randomSeed } from "../support/random.ts";
import { type Report, Torture } from "./torture.ts";

const options = parseArgs(Deno.args, {
  string: ["kills", "minutes", "seed", "workers", "pause", "pace"],
});
const seed = options.seed === undefined ? randomSeed() : Number(options.seed);
const python = await findPython();
if ("missing" in python) {
  console.log(`without the Python package: ${python.missing}`);
}

const since = performance.now();
function say(what: string, report: Report): void {
  const seconds = Math.round((performance.now() - since) / 1000);
  const counts = Object.entries(report)
    .map(([name, count]) => `${name} ${count}`).join(", ");
  console.log(`${what}: ${counts}; ${seconds} s, seed ${seed}`);
}

await using torture = new Torture({
  seed,
  python: "missing" in python ? undefined : python.executable,
  workers: Number(options.workers ?? 16),
  kills: Number(options.kills ?? Infinity),
  minutes: Number(options.minutes ?? (options.kills ? Infinity : 1)),
  pauseMs: Number(options.pause ?? 200),
  paceMs: Number(options.pace ?? 40),
});
try {
  await torture.run((report) => say("so far", report));
  say("nothing broken, nothing left", await torture.finish());
} catch (error) {
  const kept = `${ROOT}build/torture_${seed}`;
  await torture.keep(kept);
  console.error(`The pool and who held what are kept in ${kept}`);
  throw error;
}
