/**
 * A program with many pools on one file. All wait for what one of them holds, and pass it
 * on as soon as they have it. It prints in which order they had it.
 *
 * @module
 */
import { ResourcePool } from "../../mod.ts";

const [path, count] = Deno.args;

await using first = new ResourcePool({ path });
await first.setResources({ slot: 1 });
const lease = await first.acquire({ slot: 1 });
await using stack = new AsyncDisposableStack();
const order: number[] = [];
const ends: Promise<void>[] = [];
for (let number = 0; number < Number(count); number++) {
  const pool = stack.use(new ResourcePool({ path }));
  const queued = Promise.withResolvers<void>();
  const asked = pool.acquire({ slot: 1 }, { onQueued: () => queued.resolve() });
  ends.push(asked.then((lease) => {
    order.push(number);
    return lease.release();
  }));
  await queued.promise;
}
await lease.release();
await Promise.all(ends);
console.log(JSON.stringify(order));
