import { assertEquals, assertRejects } from "@std/assert";
import { AcquireTimeoutError, type Lease, ResourcePool } from "../../mod.ts";
import { HeldFile } from "../support/held_file.ts";
import { Folder } from "../support/processes.ts";

const TIMEOUT_MS = 50;

/** Gives the only request of a file the slot, as another program may. */
function grantByHand({ state }: Folder): void {
  const { leases, queue: [entry], ...rest } = JSON.parse(
    Deno.readTextFileSync(state),
  );
  leases[0] = {
    id: entry.id,
    pid: entry.pid,
    resources: entry.resources,
    acquired_at: entry.queued_at,
  };
  Deno.writeTextFileSync(
    state,
    JSON.stringify({ ...rest, leases, queue: [] }),
  );
}

/**
 * What comes of a wait whose end and whose grant come at once: it is over before it can
 * see the file again.
 */
async function waitIn(
  folder: Folder,
  end: { readonly timeoutMs: number } | { readonly signal: AbortSignal },
  awaitEnd: () => Promise<void> | void,
): Promise<Lease> {
  const options = { path: folder.state, lockTimeoutMs: 60_000 };
  await using holder = new ResourcePool(options);
  const pool = new ResourcePool(options);
  await holder.setResources({ slot: 1 });
  const lease = await holder.acquire({ slot: 1 });
  const queued = Promise.withResolvers<void>();
  const asked = pool.acquire({ slot: 1 }, {
    ...end,
    onQueued: () => queued.resolve(),
  });
  asked.catch(() => {});
  await queued.promise;
  {
    using _held = new HeldFile(folder.state);
    grantByHand(folder);
    await awaitEnd();
  }
  await lease.release();
  return await asked.finally(() => pool.close());
}

Deno.test("Requests.withdraw() keeps a grant that came as the time was over", async () => {
  using folder = new Folder();
  // Set later than that of the wait, and for longer: it comes after it.
  const awaitEnd = () =>
    new Promise<void>((resolve) => setTimeout(resolve, TIMEOUT_MS));
  const { resources } = await waitIn(
    folder,
    { timeoutMs: TIMEOUT_MS },
    awaitEnd,
  );
  assertEquals({ ...resources }, { slot: 1 });
});

Deno.test("Requests.withdraw() gives back a grant that came as the wait was called off", async () => {
  using folder = new Folder();
  const off = new AbortController();
  const awaitEnd = () => off.abort(new Error("No longer wanted"));
  await assertRejects(
    () => waitIn(folder, { signal: off.signal }, awaitEnd),
    Error,
    "No longer wanted",
  );
  const { leases, queue } = JSON.parse(Deno.readTextFileSync(folder.state));
  assertEquals([leases, queue], [[], []]);
});

Deno.test("Requests.withdraw() leaves nothing of a wait whose time is over", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1 });
  const lease = await pool.acquire({ slot: 1 });
  await assertRejects(
    () => pool.acquire({ slot: 1 }, { timeoutMs: 1 }),
    AcquireTimeoutError,
  );
  const { leases, queue } = JSON.parse(Deno.readTextFileSync(folder.state));
  assertEquals([leases.length, queue], [1, []]);
  await lease.release();
});
