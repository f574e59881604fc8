import { assertEquals } from "@std/assert";
import { toldInside } from "../../../lib/cli/run/inside.ts";
import type { PoolStatus, Shortage } from "../../../mod.ts";
import { SAMPLE_POOL } from "../sample_pool.ts";

const [LEASE] = SAMPLE_POOL.leases;
const [{ why }] = SAMPLE_POOL.queue;

/** Whether a request says that it waits for itself, inside of a lease on these. */
function waitsForItself(
  held: Readonly<Record<string, number>>,
  shortage: Partial<Shortage>,
  leaseId = "own-4",
): boolean {
  const resources = { slots: 4, gpu_A_vram_mb: 24, gpu_B_vram_mb: 16 };
  const [card] = SAMPLE_POOL.cards;
  const pool: PoolStatus = {
    ...SAMPLE_POOL,
    resources,
    cards: ["A", "B"].map((uuid) => ({ ...card, uuid })),
    leases: [{ ...LEASE, id: "own-4", label: "n1", resources: held }],
  };
  const asked = { ...why!, short: [{ ...why!.short[0], ...shortage }] };
  const told = toldInside(asked, pool, leaseId);
  if (told === asked) return false;
  assertEquals(
    told.sentence,
    `${why!.sentence}; this runs inside of n1 and waits for itself: run it ` +
      "outside, or ask for it in the run around it",
  );
  return true;
}

Deno.test("toldInside() tells of a counter that only the lease around can give back", () => {
  const slots = { resource: "slots", slot: null };
  assertEquals(waitsForItself({ slots: 2 }, { ...slots, requested: 3 }), true);
  assertEquals(waitsForItself({ slots: 2 }, { ...slots, requested: 2 }), false);
  assertEquals(waitsForItself({ other: 2 }, { ...slots, requested: 4 }), false);
  assertEquals(
    waitsForItself({ slots: 2 }, { ...slots, requested: 3 }, "other-4"),
    false,
  );
});

Deno.test("toldInside() tells of cards that only the lease around can give back", () => {
  const best = { resource: "vram_mb", slot: 0 };
  const held = { gpu_A_vram_mb: 12 };
  assertEquals(waitsForItself(held, { ...best, requested: 20 }), true);
  // The other card will do once others have left it.
  assertEquals(waitsForItself(held, { ...best, requested: 16 }), false);
  const second = { resource: "vram_mb", slot: 1 };
  assertEquals(waitsForItself(held, { ...second, requested: 14 }), true);
  assertEquals(waitsForItself(held, { ...second, requested: 12 }), false);
  const named = { resource: "gpu_A_vram_mb", slot: null };
  assertEquals(waitsForItself(held, { ...named, requested: 14 }), true);
});

Deno.test("toldInside() leaves alone who runs inside of nothing", () => {
  assertEquals(toldInside(why!, SAMPLE_POOL, undefined), why);
});
