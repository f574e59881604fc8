/**
 * A program that takes and gives back leases in every way there is, in several lanes at
 * once, until a file is there that says so, and tells the witness. It ends by itself, with 0 if nothing was out of order.
 *
 * @module
 */
import { AcquireTimeoutError, type Lease, ResourcePool } from "../../mod.ts";
import { seededRandom } from "./random.ts";
import { WitnessWriter } from "./witness.ts";

const [path, record, name, capacity, lanes, seed, end] = Deno.args;
const random = seededRandom(Number(seed));
using witness = new WitnessWriter(record);
await using pool = new ResourcePool({ path });

async function ask(amount: number): Promise<Lease | null> {
  const options = {
    priority: random(4),
    label: name,
    reclaimable: random(4) === 0,
    ...(random(8) === 0 && { estimatedSeconds: 1 }),
  };
  const request = { slot: amount };
  switch (random(6)) {
    case 0:
    case 1:
      return pool.tryAcquire(request, options);
    case 2:
      try {
        return await pool.acquire(request, {
          ...options,
          timeoutMs: random(40),
        });
      } catch (error) {
        if (error instanceof AcquireTimeoutError) return null;
        throw error;
      }
    case 3: {
      const wait = new AbortController();
      const timer = setTimeout(() => wait.abort(name), random(40));
      try {
        return await pool.acquire(request, { ...options, signal: wait.signal });
      } catch (error) {
        if (error === name) return null;
        throw error;
      } finally {
        clearTimeout(timer);
      }
    }
    default:
      return pool.acquire(request, options);
  }
}

/** Holds it for up to 3 ms, thinking or sleeping, now and then longer if nobody asks. */
async function hold(lease: Lease): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const holdMs = random(4);
  if (random(2) === 0) {
    const until = performance.now() + holdMs;
    while (performance.now() < until);
    return;
  }
  const timer = setTimeout(resolve, random(4) === 0 ? 40 : holdMs);
  lease.reclaim.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

async function work(): Promise<void> {
  for (let last = false; !last;) {
    last = exists(end);
    const amount = 1 + random(Number(capacity));
    // The last one is waited for: nobody may be left unserved.
    const lease = last
      ? await pool.acquire({ slot: amount })
      : await ask(amount);
    if (lease === null) continue;
    witness.took(name, lease.id, amount);
    await hold(lease);
    if (lease.lost.aborted) throw new Error(`The lease ${lease.id} was lost`);
    witness.givesBack(name, lease.id);
    await lease.release();
  }
}

await Promise.all(Array.from({ length: Number(lanes) }, work));
