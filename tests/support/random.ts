/** Random numbers that a printed seed repeats. */

/** `RESLOCK_SEED` where set, else a new seed; say it in the test's name. */
export function randomSeed(): number {
  const given = Deno.env.get("RESLOCK_SEED");
  if (given !== undefined) return Number(given);
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

/** A generator of whole numbers from 0 to below its argument (mulberry32). */
export function seededRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
