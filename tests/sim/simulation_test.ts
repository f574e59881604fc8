/**
 * Goal: whatever programs do, crash or leave undone, the pool keeps its promises.
 *
 * Method: simulations from one seed, with checks after every transaction; floors
 * on what has happened keep them from going blind.
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { randomSeed, seededRandom } from "../support/random.ts";
import { Simulator } from "./simulator.ts";

const PARTS = 8;
const USUAL_STEPS = 30_000;
/** Of each part: `RESLOCK_STEPS=125000` makes a million of them together. */
const STEPS = Number(Deno.env.get("RESLOCK_STEPS") ?? USUAL_STEPS);

/** Half of the least that 60 seeds have shown in the usual steps, or less. */
const FLOORS = {
  granted: 1500,
  grantedToLooker: 500,
  takenByForeign: 200,
  reclaimed: 50,
  reclaimedBySight: 1,
  withdrawn: 15,
  stalled: 2500,
  overdue: 1,
  servedInFront: 100,
  crashed: 200,
  drained: 30,
};

const seed = randomSeed();
const random = seededRandom(seed);

for (let part = 1; part <= PARTS; part++) {
  const partSeed = random(2 ** 32);
  Deno.test(`the pool keeps its promises, part ${part} of ${PARTS} (RESLOCK_SEED=${seed})`, () => {
    const simulator = new Simulator(partSeed, { wallJumps: true });
    simulator.run(STEPS);
    for (const [what, floor] of Object.entries(FLOORS)) {
      const times = simulator.summary[what as keyof typeof FLOORS];
      // In a short one what is rare may not happen at all.
      const least = STEPS < USUAL_STEPS ? 0 : floor * STEPS / USUAL_STEPS;
      assert(times >= least, `${what} only ${times} times`);
    }
  });
}

const jumpSeed = random(2 ** 32);
Deno.test(`wall clocks that jump change no order and no grant (RESLOCK_SEED=${seed})`, () => {
  const [steady, jumping] = [false, true].map((wallJumps) => {
    const simulator = new Simulator(jumpSeed, { wallJumps });
    simulator.run(10_000);
    return simulator;
  });
  assertEquals(jumping.decisions, steady.decisions);
  assertNotEquals(jumping.wallMs, steady.wallMs, "No clock has jumped");
});
