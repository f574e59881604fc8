import { assertEquals } from "@std/assert";
import type { LeaseRecord } from "../../lib/core/model.ts";
import type { PoolState } from "../../lib/core/state.ts";
import { gpuKey } from "../../lib/core/model.ts";
import type { Claims, HeldClaim } from "../../lib/lease/claims.ts";
import type { LeaseHost } from "../../lib/lease/host.ts";
import { Lease } from "../../lib/lease/lease.ts";
import { foreign, lease, pool, waiter } from "../support/pools.ts";

const CAPACITIES = { a: 1, b: 1, [gpuKey("A")]: 10, [gpuKey("B")]: 10 };

/** A lease, and what it is told of the file. */
function heldLease(record: LeaseRecord) {
  let held: HeldClaim | undefined;
  const claims = {
    hold: (_id: string, claim: HeldClaim) => void (held = claim),
  };
  const host = { claims: claims as unknown as Claims, listen: () => {} };
  const own = new Lease(host as LeaseHost, record, () => {});
  return { own, see: (state: PoolState) => held!.seen(record, state) };
}

/** Whether its holder is told that it is asked back, while these wait. */
async function isAsked(
  resources: Readonly<Record<string, number>>,
  ...entries: Parameters<typeof pool>[2]
): Promise<boolean> {
  const record = lease("own", resources, {
    priority: 3,
    reclaimable: true,
    reclaim_requested: true,
  });
  const { own, see } = heldLease(record);
  let fired = 0;
  own.reclaim.addEventListener("abort", () => fired++);
  const state = pool(CAPACITIES, [record], entries);
  see(state);
  see(state);
  await Promise.resolve();
  assertEquals(fired, own.reclaimRequested ? 1 : 0);
  return own.reclaimRequested;
}

Deno.test("Lease.reclaim fires only for who wants what it holds, and ranks above it", async () => {
  const above = { priority: 4 };
  assertEquals(await isAsked({ b: 1 }, waiter("high", { b: 1 }, above)), true);
  // A Python client asks for every lease that it may, of whatever priority.
  const python = foreign("python", { b: 1 }, { priority: 3 });
  assertEquals(await isAsked({ b: 1 }, python), false);
  // That another one ranks above it does not make that one want it.
  const other = waiter("other", { a: 1 }, above);
  assertEquals(await isAsked({ b: 1 }, other, python), false);
  assertEquals(await isAsked({ a: 1, b: 1 }, other, python), true);
});

Deno.test("Lease.reclaim fires for who wants memory of any card, if it holds some", async () => {
  const card = { [gpuKey("A")]: 5 };
  const wants = waiter("high", {}, { vram_mb: [8], priority: 4 });
  assertEquals(await isAsked(card, wants), true);
  assertEquals(await isAsked({ b: 1 }, wants), false);
  const other = waiter("high", { [gpuKey("B")]: 8 }, { priority: 4 });
  assertEquals(await isAsked(card, other), false);
});
