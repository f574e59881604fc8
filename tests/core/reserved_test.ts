import { assertEquals } from "@std/assert";
import { reservedAmounts } from "../../lib/core/reserved.ts";
import { lease, pool, waiter } from "../support/pools.ts";

function reserved(...args: Parameters<typeof pool>): Record<string, number> {
  return Object.fromEntries(reservedAmounts(pool(...args)));
}

Deno.test("reservedAmounts() keeps for the first what is free of what it wants", () => {
  const leases = [lease("holder", { ram: 6 })];
  assertEquals(reserved({ ram: 10 }, leases, [waiter("big", { ram: 8 })]), {
    ram: 4,
  });
  assertEquals(reserved({ ram: 10 }, leases, []), {});
});

Deno.test("reservedAmounts() keeps no more of anything than is asked for", () => {
  const capacities = { ram: 10, cpu: 8 };
  const leases = [lease("holder", { ram: 10, cpu: 1 })];
  const waiters = [waiter("a", { ram: 1, cpu: 2 }), waiter("b", { cpu: 1 })];
  assertEquals(reserved(capacities, leases, waiters), { cpu: 3 });
});

Deno.test("reservedAmounts() keeps a place on each card that could serve", () => {
  const cards = { gpu_A_vram_mb: 24, gpu_B_vram_mb: 24, gpu_C_vram_mb: 8 };
  const leases = [
    lease("holder", { gpu_A_vram_mb: 20, gpu_B_vram_mb: 14 }),
  ];
  const waiters = [waiter("wide", {}, { vram_mb: [12] })];
  assertEquals(reserved(cards, leases, waiters), {
    gpu_A_vram_mb: 4,
    gpu_B_vram_mb: 10,
  });
});

Deno.test("reservedAmounts() keeps nothing for those who let others pass or never fit", () => {
  const leases = [lease("holder", { ram: 6 })];
  const yields = waiter("modest", { ram: 8 }, { yields: true });
  const never = waiter("never", { ram: 11 });
  assertEquals(reserved({ ram: 10 }, leases, [yields, never]), {});
});
