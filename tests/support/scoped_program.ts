/**
 * A program that does everything with pools in `RESLOCK_DIR`, step by step, and says
 * in one line of JSON how each step went: "done", or the error.
 *
 * @module
 */
import { detectResources, ResourcePool } from "../../mod.ts";

const path = Deno.args.at(0);
const options = path === undefined ? {} : { path };
const report: Record<string, string> = {};

async function step(
  name: string,
  action: () => Promise<unknown>,
): Promise<void> {
  try {
    await action();
    report[name] = "done";
  } catch (error) {
    const { name: kind, message } = error as Error;
    report[name] = `${kind}: ${message}`;
  }
}

await step("open", () => new ResourcePool(options).close());
await step("status", async () => {
  await using pool = new ResourcePool(options);
  await pool.status();
});
await step("register", async () => {
  await using pool = new ResourcePool(options);
  await pool.setResources({ slot: 1 });
});
await step("take over", async () => {
  await using pool = new ResourcePool(options);
  await using _lease = await pool.acquire({ python: 1 }, { timeoutMs: 0 });
});
await step("hand over", async () => {
  await using pool = new ResourcePool(options);
  await using other = new ResourcePool(options);
  const lease = await pool.acquire({ slot: 1 }, { reclaimable: true });
  const queued = Promise.withResolvers<void>();
  const waiting = other.acquire({ slot: 1 }, {
    priority: 1,
    onQueued: () => queued.resolve(),
  });
  // Without a wait this is where the error comes from.
  await Promise.race([queued.promise, waiting]);
  lease.reclaim.addEventListener("abort", () => void lease.release());
  await waiting;
  if (await pool.tryAcquire({ slot: 1 }) !== null) throw new Error("Twice");
});
await step("guard", async () => {
  await using pool = new ResourcePool(options);
  await using lease = await pool.acquire({ slot: 1 });
  for (let time = 1; time <= 2; time++) {
    const words = await lease.guard(["true"]);
    if (words.length !== 1) throw new Error("A guard without flock");
  }
});
await step("detect", () => detectResources());
console.log(JSON.stringify(report));
