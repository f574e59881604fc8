/**
 * A program that takes and gives back leases in every way there is, in several lanes at
 * once, until a file is there that says so, and tells the witness. It ends by itself,
 * with 0 if nothing was out of order and nothing of the pool is left open.
 *
 * @module
 */
import { AcquireTimeoutError, type Lease, ResourcePool } from "../../mod.ts";
import { seededRandom } from "./random.ts";
import { type Amounts, WitnessWriter } from "./witness.ts";

/** What a worker is told, as its one argument in JSON. */
export interface WorkerOrders {
  readonly path: string;
  /** Where the witness reads. */
  readonly record: string;
  readonly name: string;
  readonly capacities: Amounts;
  readonly lanes: number;
  readonly seed: number;
  /** The file that ends it. */
  readonly end: string;
  /** Longest pause between two requests, and twice the longest time of holding. */
  readonly paceMs: number;
}

const orders: WorkerOrders = JSON.parse(Deno.args[0]);
const { name, paceMs } = orders;
const random = seededRandom(orders.seed);
using witness = new WitnessWriter(orders.record);
// Disks stall and others are stopped: who gives up too early is no matter here.
const pool = new ResourcePool({ path: orders.path, lockTimeoutMs: 60_000 });

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Some of one resource or of several. */
function someAmounts(): Amounts {
  const amounts: Record<string, number> = {};
  const names = Object.keys(orders.capacities);
  const first = random(names.length);
  for (let i = 0; i < names.length; i++) {
    const resource = names[(first + i) % names.length];
    // Mostly little, so that many hold something at once.
    amounts[resource] = 1 + random(1 + random(orders.capacities[resource]));
    if (random(2) === 0) break;
  }
  return amounts;
}

async function ask(request: Amounts): Promise<Lease | null> {
  const options = {
    priority: random(4),
    label: name,
    reclaimable: random(4) === 0,
    ...(random(8) === 0 && { estimatedSeconds: 1 }),
  };
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
  const holdMs = random(4 + paceMs / 2);
  if (random(2) === 0) {
    const until = performance.now() + Math.min(holdMs, 4);
    while (performance.now() < until);
    return;
  }
  const timer = setTimeout(resolve, random(4) === 0 ? 40 + paceMs : holdMs);
  lease.reclaim.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
}

/** What else one does with a lease, seldom. */
async function use(lease: Lease): Promise<void> {
  switch (random(20)) {
    case 0: {
      await using work = await lease.startWork({
        label: "x".repeat(1 + random(99)),
      });
      await work.update({ progress: 0.5 });
      return;
    }
    case 1: {
      const [resource, amount] = Object.entries(lease.resources)[0];
      const rest = random(amount + 1);
      witness.keeps(name, lease.id, { ...lease.resources, [resource]: rest });
      return lease.update({ resources: { [resource]: rest } });
    }
    case 2: {
      // It may outlive this program by that much.
      const [command, ...args] = await lease.guard(["sleep", "0.05"]);
      await new Deno.Command(command, { args }).spawn().status;
    }
  }
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
    if (paceMs > 0) await pause(random(paceMs));
    last = exists(orders.end);
    const amounts = someAmounts();
    // The last one is waited for: nobody may be left unserved.
    const lease = last ? await pool.acquire(amounts) : await ask(amounts);
    if (lease === null) continue;
    witness.took(name, lease.id, amounts);
    await hold(lease);
    await use(lease);
    if (lease.lost.aborted) throw new Error(`The lease ${lease.id} was lost`);
    witness.givesBack(name, lease.id);
    await lease.release();
  }
}

await Promise.all(Array.from({ length: orders.lanes }, work));
await pool.close();
// Only now, as it takes a while to load.
const { assertNothingOpen } = await import("./open_files.ts");
await assertNothingOpen(orders.path);
