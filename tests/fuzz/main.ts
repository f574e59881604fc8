/**
 * The fuzzer for as long as wanted:
 *
 *     deno task fuzz --inputs=10000000
 *     deno task fuzz --minutes=60 --seed=7
 *     deno task fuzz --guided --minutes=60
 *
 * The last is guided by what of the code each input reaches, and told in `guide.ts`.
 *
 * Says every minute how far it is. A finding ends it with exit code 1; the input that
 * broke a promise is then in the file that it names.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { randomSeed, seededRandom } from "../support/random.ts";
import { Finding, Fuzzer } from "./fuzzer.ts";
import { fuzzGuided } from "./guide.ts";

const SAY_EVERY_MS = 60_000;

const options = parseArgs(Deno.args, {
  string: ["inputs", "minutes", "seed"],
  boolean: ["guided"],
});
const seed = options.seed === undefined ? randomSeed() : Number(options.seed);
const inputs = Number(options.inputs ?? Infinity);
const minutes = Number(options.minutes ?? (options.inputs ? Infinity : 1));

if (options.guided) {
  Deno.exit(await fuzzGuided({ inputs, minutes, seed }));
}

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
