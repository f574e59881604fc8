/**
 * What one process sees of what others do.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { type PoolEvent, ResourcePool } from "../../mod.ts";
import { Actor } from "../support/actor.ts";
import { Folder, within } from "../support/processes.ts";

/** The events of a pool, one after the other. */
class Observer implements AsyncDisposable {
  readonly #end = new AbortController();
  readonly #events: AsyncIterator<PoolEvent>;

  constructor(pool: ResourcePool) {
    this.#events = pool.watch({ signal: this.#end.signal });
  }

  /** The next event, in a few words. */
  async next(): Promise<string> {
    const { value } = await within("an event", 10_000, this.#events.next());
    return described(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#events.return?.();
  }
}

function described(event: PoolEvent): string {
  assert(!Number.isNaN(Date.parse(event.at)));
  switch (event.type) {
    case "state":
      return `state of ${event.status.leases.length} leases`;
    case "queued":
    case "cancelled":
      return `${event.type} ${event.entry.label}`;
    case "priority-changed":
      return `${event.kind} ${event.label}: ${event.before} -> ` +
        event.priority;
    case "capacity-changed":
      return `${event.name}: ${event.before} -> ${event.capacity}`;
    default:
      return `${event.type} ${event.lease.label}`;
  }
}

Deno.test("ResourcePool.watch() tells what other processes do", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await using actor = await Actor.start(folder.state);
  await using other = new ResourcePool({ path: folder.state });
  await using observer = new Observer(pool);

  assertEquals(await observer.next(), "state of 0 leases");
  await actor.setResources({ slots: 1 });
  assertEquals(await observer.next(), "slots: null -> 1");
  await actor.acquire({ slots: 1 }, { label: "a", reclaimable: true }, "a");
  assertEquals(await observer.next(), "granted a");
  const waits = await actor.queue({ slots: 1 }, { label: "b" }, "b");
  assertEquals(await observer.next(), "queued b");
  await other.setPriority(waits.id, 1);
  assertEquals(await observer.next(), "waiter b: 0 -> 1");
  assertEquals(await observer.next(), "reclaim-requested a");
  await other.cancel(waits.id);
  assertEquals(await observer.next(), "cancelled b");
  assertEquals(await observer.next(), "reclaim-withdrawn a");
  await actor.release("a");
  assertEquals(await observer.next(), "released a");
});

Deno.test("ResourcePool.watch() tells of a death, which nobody else waits for", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slots: 1 });
  await using actor = await Actor.start(folder.state);
  await actor.acquire({ slots: 1 }, { label: "a" });
  await using observer = new Observer(pool);
  assertEquals(await observer.next(), "state of 1 leases");
  await actor.kill();
  assertEquals(await observer.next(), "died a");
  assertEquals((await pool.status()).leases, []);
});

Deno.test("ResourcePool.watch() begins before there is a pool, and ends when it is closed", async () => {
  using folder = new Folder();
  const path = `${folder.path}/later/state.json`;
  const pool = new ResourcePool({ path });
  await using other = new ResourcePool({ path });
  const events = pool.watch();
  assertEquals((await events.next()).value?.type, "state");
  const next = events.next();
  await other.setResources({ slots: 1 });
  assertEquals((await next).value?.type, "capacity-changed");
  const last = events.next();
  await pool.close();
  assert((await last).done);
});

Deno.test("ResourcePool.watch() ends without an error when it is closed in the middle of a look", async () => {
  using folder = new Folder();
  {
    await using pool = new ResourcePool({ path: folder.state });
    await pool.setResources({ slot: 1 });
  }
  // Whether a Python client lives is asked of the system, which takes a while.
  const { leases, ...rest } = JSON.parse(Deno.readTextFileSync(folder.state));
  const lease = {
    id: "0123456789ab",
    pid: Deno.pid,
    resources: { slot: 1 },
    acquired_at: "2026-01-02T03:04:05Z",
  };
  Deno.writeTextFileSync(
    folder.state,
    JSON.stringify({ ...rest, leases: [...leases, lease] }),
  );
  for (let turns = 0; turns < 16; turns++) {
    const pool = new ResourcePool({ path: folder.state });
    const events = pool.watch();
    const first = events.next();
    for (let turn = 0; turn < turns; turn++) {
      await new Promise((resolve) => setTimeout(resolve));
    }
    await pool.close();
    const { done } = await first;
    assert(done || (await events.next()).done);
  }
});

Deno.test("ResourcePool.watch() ends for a signal that was aborted before, and by break", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  const events = pool.watch({ signal: AbortSignal.abort() });
  assert((await events.next()).done);
  for await (const { type } of pool.watch()) {
    assertEquals(type, "state");
    break;
  }
});

Deno.test("ResourcePool.watch() sees the end of what a busy process does", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slots: 1 });
  await using other = new ResourcePool({ path: folder.state });
  const events = pool.watch();
  await events.next();
  for (let n = 0; n < 300; n++) await other.setResources({ slots: 2 + n });
  let capacity: number | null = 1;
  while (capacity !== 301) {
    const { value } = await within("an event", 10_000, events.next());
    assertEquals(value.type, "capacity-changed");
    assertEquals(value.before, capacity);
    capacity = value.capacity;
  }
  await events.return?.();
});
