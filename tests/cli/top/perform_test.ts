import { assertEquals, assertInstanceOf } from "@std/assert";
import { perform } from "../../../lib/cli/top.ts";
import { EMPTY_MODEL, onKey, onStatus } from "../../../lib/cli/top/model.ts";
import { AcquireCancelledError, ResourcePool } from "../../../mod.ts";
import { Folder, until } from "../../support/processes.ts";

/** Presses a key where somebody is selected, answers yes, and does what comes of it. */
async function act(
  pool: ResourcePool,
  selected: string,
  key: string,
): Promise<void> {
  const shown = { ...onStatus(EMPTY_MODEL, await pool.status()), selected };
  const { effect } = onKey(onKey(shown, key, 9).model, "y", 9);
  if (effect?.kind !== "act") throw new Error(`${key} asks for nothing`);
  await perform(pool, effect.action);
}

Deno.test("perform() does to a lease what its keys say", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slots: 1 });
  await using lease = await pool.acquire({ slots: 1 }, {
    priority: 3,
    reclaimable: true,
  });
  const held = async () => (await pool.status()).leases[0];
  await act(pool, lease.id, "+");
  assertEquals((await held()).priority, 4);
  await act(pool, lease.id, "-");
  assertEquals((await held()).priority, 3);
  await act(pool, lease.id, "b");
  assertEquals((await held()).reclaimRequested, true);
  assertEquals(lease.lost.aborted, false);
  await act(pool, lease.id, "r");
  assertEquals((await pool.status()).leases, []);
});

Deno.test("perform() does to a waiter what its keys say", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slots: 1 });
  await using _lease = await pool.acquire({ slots: 1 });
  const ended = pool.acquire({ slots: 1 }).catch((error) => error);
  const queue = async () => (await pool.status()).queue;
  await until("it waits", async () => (await queue()).length === 1);
  const [{ id }] = await queue();
  await act(pool, id, "-");
  assertEquals((await queue())[0].priority, -1);
  await act(pool, id, "+");
  assertEquals((await queue())[0].priority, 0);
  await act(pool, id, "c");
  assertEquals(await queue(), []);
  assertInstanceOf(await ended, AcquireCancelledError);
});
