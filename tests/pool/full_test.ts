/**
 * A state file that may not become larger.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Lease, ResourcePool, StateAccessError } from "../../mod.ts";
import { FULL_STATE_BYTES } from "../../lib/store/state_file.ts";
import { Folder } from "../support/processes.ts";

const CARDS = 60;
const ON_CARDS = 40;

/** So many resources of the longest names, told apart by a word. */
function long(count: number, word: string): Record<string, number> {
  const names = Array.from(
    { length: count },
    (_, at) => `${word}${at}_`.padEnd(200, "x"),
  );
  return Object.fromEntries(names.map((name) => [name, 1]));
}

/** A pool of long-named cards whose holder keeps some from them, and its programs. */
class Scene implements AsyncDisposable {
  readonly folder = new Folder();
  readonly pool = this.#open();
  readonly other = this.#open();
  readonly granted: Promise<Lease>[] = [];

  #open(): ResourcePool {
    // Cards here have names that no driver knows.
    return new ResourcePool({ path: this.folder.state, driverCheck: false });
  }

  get length(): number {
    return Deno.statSync(this.folder.state).size;
  }

  /** Puts a request into the queue of the second program. */
  async queue(
    request: Record<string, number>,
    priority: number,
  ): Promise<void> {
    const { promise: queued, resolve } = Promise.withResolvers<void>();
    const granted = this.other.acquire(request, {
      priority,
      waitForCapacity: true,
      onQueued: () => resolve(),
    });
    granted.catch(() => {});
    await Promise.race([queued, granted]);
    this.granted.push(granted);
  }

  /** Adds to the queue until that is refused. */
  async fill(): Promise<Error> {
    for (let round = 0; round < 100; round++) {
      try {
        await this.queue(long(1024, `${round}_`), 0);
      } catch (error) {
        return error as Error;
      }
    }
    throw new Error("It is never full");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.close();
    await this.other.close();
    this.folder[Symbol.dispose]();
  }
}

Deno.test("a pool that is full takes no more requests, and gives back all the same", async () => {
  await using scene = new Scene();
  const { pool, other } = scene;
  const cards = Array.from(
    { length: CARDS },
    (_, at) => [`gpu_${String(at).padStart(180, "c")}_vram_mb`, 100],
  );
  await pool.setResources({ slot: 2, ...Object.fromEntries(cards) });
  const held = await pool.acquire({ vram_mb: 100 });
  const small = await pool.acquire({ slot: 1 });
  for (let n = 0; n < ON_CARDS; n++) {
    await scene.queue({ vram_mb_each: 1, num_gpus: CARDS }, 1);
  }

  const error = await scene.fill();
  assert(error instanceof StateAccessError, error.stack);
  assert(error.message.includes(`${FULL_STATE_BYTES} are the limit`));
  assert(scene.length <= FULL_STATE_BYTES);
  const { queue, leases } = await pool.status({ explain: false });
  assertEquals([leases.length, queue.length], [2, scene.granted.length]);
  await assertRejects(
    () => small.update({ actualResources: long(1024, "used") }),
    StateAccessError,
  );
  // Grants that follow from a release take more room than the requests had.
  await held.release();
  const first = await Promise.all(scene.granted.slice(0, ON_CARDS));
  assertEquals(first[0].gpuUuids.length, CARDS);
  assert(scene.length > FULL_STATE_BYTES);
  await small.release();
  await first[0].release();
  await other.close();
  const after = await pool.status();
  assertEquals([after.leases, after.queue], [[], []]);
  // What is added fits again.
  await (await pool.acquire({ slot: 1 })).release();
  assert(scene.length < FULL_STATE_BYTES);
});

Deno.test("a pool takes no more than 1024 resources of one caller", async () => {
  await using scene = new Scene();
  const { pool } = scene;
  await pool.setResources({ slot: 1 });
  await assertRejects(
    () => pool.acquire(long(1025, "n"), { waitForCapacity: true }),
    RangeError,
    "1024 are the limit",
  );
  await assertRejects(
    () => pool.setResources(long(1024, "n")),
    RangeError,
    "Cannot register 1025 resources",
  );
  await pool.setResources(long(1023, "n"));
  // What is there may be changed.
  await pool.setResources({ slot: 2 });
  const lease = await pool.acquire({ slot: 1 });
  await assertRejects(
    () => lease.update({ actualResources: long(1025, "n") }),
    RangeError,
    "1024 are the limit",
  );
  await assertRejects(
    () => lease.update({ pids: new Array(1025).fill(2) }),
    RangeError,
    "1024 is the most",
  );
  await lease.update({ pids: new Array(1024).fill(2) });
});
