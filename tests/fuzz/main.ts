/**
 * The fuzzer for as long as wanted:
 *
 *     deno task fuzz --inputs=10000000
 *     deno task fuzz --minutes=60 --seed=7
 *
 * Says every minute how far it is. A finding ends it with exit code 1; the input that
 * broke a promise is then in the file that it names.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { randomSeed, seededRandom } from "../support/random.ts";
import { Finding, Fuzzer } from "./fuzzer.ts";

const SAY_EVERY_MS = 60_000;

const options = parseArgs(Deno.args, { string: ["inputs", "minutes", "seed"] });
const seed = options.seed === undefined ? randomSeed() : Number(options.seed);
const inputs = Number(options.inputs ?? Infinity);
const minutes = Number(options.minutes ?? (options.inputs ? Infinity : 1));

const fuzzer = new Fuzzer(seededRandom(seed));
const since = performance.now();
let saidAt = since;

function say(what: string): void {
  const { inputs, outcomes } = fuzzer.tally;
  const seconds = Math.round((performance.now() - since) / 1000);
  console.log(
    `${what}: ${inputs} inputs, ${outcomes} outcomes, ${seconds} s, seed ${seed}`,
  );
}

try {
  while (
    fuzzer.tally.inputs < inputs &&
    performance.now() - since < minutes * 60_000
  ) {
    fuzzer.step();
    if (performance.now() - saidAt > SAY_EVERY_MS) {
      saidAt = performance.now();
      say("so far");
    }
  }
  say("no finding");
} catch (error) {
  if (!(error instanceof Finding)) throw error;
  const path = Deno.makeTempFileSync({ prefix: "reslock-finding-" });
  Deno.writeFileSync(path, error.input);
  console.log(error.cause);
  say(`a finding, in ${path}`);
  Deno.exit(1);
}
