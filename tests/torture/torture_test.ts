/**
 * Half a minute of what `main.ts` does for as long as wanted; `torture.ts` says what is
 * promised and how it is tried.
 *
 * @module
 */
import { assert } from "@std/assert";
import { findPython } from "../support/python.ts";
import { randomSeed } from "../support/random.ts";
import { Torture } from "./torture.ts";

const python = await findPython();
const without = "missing" in python
  ? ` (without Python: ${python.missing})`
  : "";

const seed = randomSeed();
Deno.test(`nothing is lost, exceeded or left behind by killed and stopped programs (RESLOCK_SEED=${seed})${without}`, async () => {
  await using torture = new Torture({
    seed,
    python: "missing" in python ? undefined : python.executable,
    workers: 16,
    kills: 120,
    minutes: 0.5,
    pauseMs: 100,
    paceMs: 40,
  });
  await torture.run();
  const report = await torture.finish();
  console.log(report);
  for (const what of ["kills", "stops", "grants", "recoveries"] as const) {
    assert(report[what] > 0, `${what}: none`);
  }
});
