import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { readDiskSpace } from "../lib/os/disk.ts";
import {
  AcquireCancelledError,
  AcquireTimeoutError,
  ImpossibleRequestError,
  LeaseLostError,
  ResourcePool,
  StateAccessError,
} from "../mod.ts";
import { until } from "./support/processes.ts";

/** Runs a test with the path of a state file that does not exist yet. */
async function withPath(test: (path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test(`${directory}/pool/state.json`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** The same with two pools, as two programs have them, and 8 of "slot". */
function withPools(
  test: (one: ResourcePool, two: ResourcePool) => Promise<void>,
): Promise<void> {
  return withPath(async (path) => {
    // Cards here have names that no driver knows.
    const options = { path, driverCheck: false };
    await using one = new ResourcePool(options);
    await using two = new ResourcePool(options);
    await one.setResources({ slot: 8 });
    await test(one, two);
  });
}

async function names(path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(path)) found.push(name);
  return found;
}

Deno.test("ResourcePool.acquire() grants at once what is free, and release() gives it back", () =>
  withPools(async (pool) => {
    const lease = await pool.acquire({ slot: 3 }, { label: "x", priority: 2 });
    assertEquals({ ...lease.resources }, { slot: 3 });
    assertEquals([lease.label, lease.priority, lease.waitSec], [
      "x",
      2,
      lease.waitSec,
    ]);
    assertEquals((await pool.status()).available.slot, 5);
    await lease.release();
    await lease.release();
    await lease[Symbol.asyncDispose]();
    const status = await pool.status();
    assertEquals(status.available.slot, 8);
    assertEquals(status.leases, []);
  }));

Deno.test("ResourcePool.acquire() serves priority first, then arrival", () =>
  withPools(async (one, two) => {
    const held = await one.acquire({ slot: 8 });
    const order: string[] = [];
    const waits: Promise<void>[] = [];
    for (const [label, priority] of [["a", 0], ["b", 0], ["c", 5]] as const) {
      const queued = Promise.withResolvers<void>();
      const wait = two.acquire({ slot: 8 }, {
        priority,
        onQueued: () => queued.resolve(),
      });
      waits.push(wait.then(async (lease) => {
        order.push(label);
        await lease.release();
      }));
      // One after the other, so that the order of arrival is known.
      await queued.promise;
    }
    await held.release();
    await Promise.all(waits);
    assertEquals(order, ["c", "a", "b"]);
  }));

Deno.test("ResourcePool.acquire() keeps what a large request waits for from small ones behind it", () =>
  withPools(async (one, two) => {
    const held = await one.acquire({ slot: 5 });
    const queued = Promise.withResolvers<void>();
    const large = two.acquire({ slot: 8 }, {
      onQueued: () => queued.resolve(),
    });
    await queued.promise;
    assertEquals(await one.tryAcquire({ slot: 1 }), null);
    await held.release();
    await (await large).release();
  }));

Deno.test("ResourcePool.acquire() with hold: false lets others pass", () =>
  withPools(async (one, two) => {
    const held = await one.acquire({ slot: 5 });
    const queued = Promise.withResolvers<void>();
    const large = two.acquire({ slot: 8 }, {
      hold: false,
      onQueued: () => queued.resolve(),
    });
    await queued.promise;
    const small = await one.tryAcquire({ slot: 1 });
    assert(small !== null);
    await small.release();
    await held.release();
    await (await large).release();
  }));

Deno.test("ResourcePool.acquire() with a time limit leaves nothing in the queue", () =>
  withPools(async (one, two) => {
    await one.acquire({ slot: 8 });
    for (const timeoutMs of [0, 30]) {
      const error = await assertRejects(
        () => two.acquire({ slot: 1 }, { timeoutMs }),
        AcquireTimeoutError,
        "slot=1",
      );
      assertEquals(error.request, { slot: 1 });
      assertEquals((await one.status()).queue, []);
    }
  }));

Deno.test("ResourcePool.acquire() throws the signal's reason and leaves nothing", () =>
  withPools(async (one, two) => {
    await one.acquire({ slot: 8 });
    const reason = new Error("changed my mind");
    const controller = new AbortController();
    const waiting = two.acquire({ slot: 1 }, {
      signal: controller.signal,
      onQueued: () => controller.abort(reason),
    });
    assertEquals(await waiting.catch((error) => error), reason);
    assertEquals((await one.status()).queue, []);
    assertEquals(
      await two.acquire({ slot: 1 }, { signal: controller.signal })
        .catch((error) => error),
      reason,
    );
  }));

Deno.test("ResourcePool.acquire() refuses what can never be granted, at once", () =>
  withPools(async (pool) => {
    await pool.acquire({ slot: 8 });
    const large = await assertRejects(
      () => pool.acquire({ slot: 9 }),
      ImpossibleRequestError,
    );
    assertEquals([large.resource, large.requested, large.capacity], [
      "slot",
      9,
      8,
    ]);
    await assertRejects(
      () => pool.tryAcquire({ slots: 1 }),
      ImpossibleRequestError,
      "no capacity is registered",
    );
    assertEquals((await pool.status()).queue, []);
  }));

Deno.test("ResourcePool.acquire() with waitForCapacity is granted by setResources()", () =>
  withPools(async (one, two) => {
    const queued = Promise.withResolvers<void>();
    const waiting = two.acquire({ later: 2 }, {
      waitForCapacity: true,
      onQueued: () => queued.resolve(),
    });
    await queued.promise;
    await one.setResources({ later: 2 });
    await (await waiting).release();
  }));

Deno.test("ResourcePool.acquire() binds GPU memory to cards, and the lease names them", () =>
  withPools(async (pool) => {
    await pool.setResources({ gpu_a_vram_mb: 10, gpu_b_vram_mb: 20 });
    const large = await pool.acquire({ vram_mb: 15 });
    assertEquals(large.gpuUuids, ["b"]);
    const both = await pool.acquire({ vram_mb_each: 5, num_gpus: 2 });
    assertEquals({ ...both.resources }, { gpu_a_vram_mb: 5, gpu_b_vram_mb: 5 });
    await assertRejects(
      () => pool.acquire({ vram_mb: 21 }),
      ImpossibleRequestError,
      "20 MB",
    );
  }));

Deno.test("ResourcePool.acquire() admits disk space by what is free", () =>
  withPools(async (pool) => {
    await using lease = await pool.acquire({ "disk_mb@/": 1 });
    assertEquals({ ...lease.resources }, { "disk_mb@/": 1 });
    const { totalMb } = await readDiskSpace("/");
    assertEquals(await pool.tryAcquire({ "disk_mb@/": totalMb }), null);
    for (const acquire of ["acquire", "tryAcquire"] as const) {
      await assertRejects(
        () => pool[acquire]({ "disk_mb@/": totalMb + 1 }),
        ImpossibleRequestError,
        'on the disk at "/"',
      );
    }
    await assertRejects(
      () => pool.acquire({ "disk_mb@/no/such/place": 1 }),
      Deno.errors.NotFound,
    );
    assertEquals((await pool.status()).queue, []);
  }));

Deno.test("Lease.reclaim aborts for a request of higher priority, and for no other", () =>
  withPools(async (one, two) => {
    const lease = await one.acquire({ slot: 8 }, {
      reclaimable: true,
      priority: 3,
    });
    await assertRejects(
      () => two.acquire({ slot: 1 }, { priority: 3, timeoutMs: 30 }),
      AcquireTimeoutError,
    );
    assertEquals(lease.reclaimRequested, false);
    const asked = Promise.withResolvers<void>();
    lease.reclaim.addEventListener("abort", () => asked.resolve());
    const urgent = two.acquire({ slot: 1 }, { priority: 4 });
    await asked.promise;
    assert(lease.reclaimRequested);
    assertEquals((await two.status()).leases[0].reclaimRequested, true);
    await lease.release();
    await (await urgent).release();
  }));

Deno.test("Lease.reclaim tells a listener that is added when it has aborted already", () =>
  withPools(async (one, two) => {
    const lease = await one.acquire({ slot: 8 }, { reclaimable: true });
    const urgent = two.acquire({ slot: 1 }, { priority: 1 });
    await until("it is asked back", () => lease.reclaimRequested);
    const asked = Promise.withResolvers<void>();
    assert(lease.reclaim.aborted);
    lease.reclaim.addEventListener("abort", () => asked.resolve());
    await asked.promise;
    await lease.release();
    await (await urgent).release();
  }));

Deno.test("Lease.startWork() keeps a lease from being asked back until complete()", () =>
  withPools(async (one, two) => {
    const lease = await one.acquire({ slot: 8 }, { reclaimable: true });
    const work = await lease.startWork({ estimatedSeconds: 60, label: "w" });
    await work.update({ progress: 0.5 });
    const [entry] = (await two.status()).queue;
    assertEquals(
      [entry.leaseId, entry.progress, entry.estimatedSeconds, entry.label],
      [lease.id, 0.5, 60, "w"],
    );
    const queued = Promise.withResolvers<void>();
    const urgent = two.acquire({ slot: 1 }, {
      priority: 1,
      onQueued: () => queued.resolve(),
    });
    await queued.promise;
    assertEquals((await two.status()).leases[0].reclaimRequested, false);
    const asked = Promise.withResolvers<void>();
    lease.reclaim.addEventListener("abort", () => asked.resolve());
    await work.complete();
    await asked.promise;
    await lease.release();
    await (await urgent).release();
  }));

Deno.test("ResourcePool.acquire() with estimatedSeconds starts work that ends with the lease", () =>
  withPools(async (pool) => {
    const lease = await pool.acquire({ slot: 1 }, { estimatedSeconds: 9 });
    const { queue, leases } = await pool.status();
    assertEquals([queue[0].leaseId, leases[0].busy], [lease.id, true]);
    assert(lease.work !== null);
    await lease.work.update({ progress: 1 });
    await lease.release();
    assertEquals((await pool.status()).queue, []);
  }));

Deno.test("Lease.shrink() and update() give back parts, wake others, and never take more", () =>
  withPools(async (one, two) => {
    const lease = await one.acquire({ slot: 8 });
    const waiting = two.acquire({ slot: 3 });
    await lease.shrink({ slot: 3 });
    await (await waiting).release();
    assertEquals({ ...lease.resources }, { slot: 5 });
    await assertRejects(() => lease.shrink({ slot: 6 }), RangeError);
    await assertRejects(
      () => lease.update({ resources: { slot: 6 } }),
      RangeError,
    );
    await assertRejects(
      () => lease.update({ resources: { other: 1 } }),
      RangeError,
    );
    await lease.update({ resources: { slot: 2 }, pids: [Deno.pid] });
    const [seen] = (await two.status()).leases;
    assertEquals([{ ...seen.resources }, seen.pids], [{ slot: 2 }, [Deno.pid]]);
  }));

Deno.test("ResourcePool.release() takes a lease away, and its holder learns of it", () =>
  withPools(async (one, two) => {
    const lease = await one.acquire({ slot: 8 }, { label: "mine" });
    const lost = Promise.withResolvers<void>();
    lease.lost.addEventListener("abort", () => lost.resolve());
    await assertRejects(() => two.release("nobody-4"), RangeError, "nobody-4");
    await assertRejects(() => two.release(""), RangeError);
    const taken = await two.release(lease.id.slice(0, 8));
    assertEquals(taken.label, "mine");
    // Who only holds keeps no program alive: this test has to do so itself.
    const alive = setInterval(() => {}, 1000);
    await lost.promise.finally(() => clearInterval(alive));
    await assertRejects(() => lease.shrink({ slot: 1 }), LeaseLostError);
    await lease.release();
    assertEquals(await two.releaseLabel("mine"), []);
  }));

Deno.test("ResourcePool.reset() drops everything, also what the pool itself waits for", () =>
  withPools(async (one, two) => {
    const lease = await one.acquire({ slot: 8 });
    const lost = Promise.withResolvers<void>();
    lease.lost.addEventListener("abort", () => lost.resolve());
    const ends: Promise<unknown>[] = [];
    for (const pool of [one, two]) {
      const queued = Promise.withResolvers<void>();
      const wait = pool.acquire({ slot: 8 }, {
        onQueued: () => queued.resolve(),
      });
      ends.push(assertRejects(() => wait, AcquireCancelledError, "reset"));
      await queued.promise;
    }
    await two.reset();
    await Promise.all([lost.promise, ...ends]);
    const { resources, leases, queue } = await two.status();
    assertEquals([{ ...resources }, leases, queue], [{}, [], []]);
    await two.setResources({ slot: 8 });
    assert(await two.tryAcquire({ slot: 8 }) !== null);
  }));

Deno.test("ResourcePool.setResources() keeps what is set where told so, and says what changed", () =>
  withPools(async (pool) => {
    assertEquals(
      await pool.setResources({ slot: 1, ram_mb: 5 }, { keepExisting: true }),
      ["ram_mb"],
    );
    assertEquals(await pool.setResources({ slot: 8, ram_mb: 6 }), ["ram_mb"]);
    assertEquals(await pool.unsetResources(["ram_mb", "none"]), ["ram_mb"]);
    for (const amount of [-1, 1.5, NaN, 2 ** 53]) {
      await assertRejects(
        () => pool.setResources({ slot: amount }),
        RangeError,
        `${amount}`,
      );
    }
    assertEquals({ ...(await pool.status()).resources }, { slot: 8 });
  }));

Deno.test("ResourcePool.setResources() refuses what would count for nothing", () =>
  withPools(async (pool) => {
    const refused = (capacities: Record<string, number>, reason: string) =>
      assertRejects(() => pool.setResources(capacities), RangeError, reason);
    for (const name of ["disk_mb@/data", "num_gpus", "vram_mb_each"]) {
      await refused({ [name]: 3 }, `"${name}"`);
    }
    const card = { gpu_a_vram_mb: 10 };
    await refused({ ...card, vram_mb: 10 }, '"vram_mb" beside cards');
    await pool.setResources({ vram_mb: 10 });
    await refused(card, '"gpu_a_vram_mb" while GPU memory is one quantity');
    const keepExisting = true;
    assertEquals(await pool.setResources(card, { keepExisting }), []);
    await pool.unsetResources(["vram_mb"]);
    await pool.setResources(card);
    await refused({ vram_mb: 10 }, '"vram_mb" beside cards');
    assertEquals(
      await pool.setResources({ vram_mb: 10, other: 1 }, { keepExisting }),
      ["other"],
    );
    assertEquals({ ...(await pool.status()).resources }, {
      ...{ slot: 8, other: 1 },
      ...card,
    });
  }));

for (
  const [options, problem] of [
    [{ priority: 0.5 }, '"priority"'],
    [{ timeoutMs: -1 }, '"timeoutMs"'],
    [{ timeoutMs: NaN }, '"timeoutMs"'],
    [{ estimatedSeconds: 1.5 }, '"estimatedSeconds"'],
    [{ label: "" }, "label"],
  ] as const
) {
  Deno.test(`ResourcePool.acquire() refuses ${JSON.stringify(options)} (${problem})`, () =>
    withPools(async (pool) => {
      const error = await assertRejects(
        () => pool.acquire({ slot: 1 }, options),
        RangeError,
      );
      assertStringIncludes(error.message, problem);
      assertEquals((await pool.status()).leases, []);
    }));
}

Deno.test("ResourcePool refuses a lockTimeoutMs that is no number from 0", () => {
  for (const lockTimeoutMs of [NaN, -5, null as never, "5" as never]) {
    assertThrows(
      () => new ResourcePool({ path: "state.json", lockTimeoutMs }),
      RangeError,
      '"lockTimeoutMs" as it must be a number from 0: current value is ',
    );
  }
});

for (
  const [request, options, problem] of [
    [{ vram_mb: null }, {}, '"vram_mb"'],
    [{ vram_mb: {} }, {}, "current value is an object"],
    // deno-lint-ignore no-sparse-arrays
    [{ vram_mb: [1, , 1] }, {}, "current value is undefined"],
    [{ slot: "1" }, {}, 'current value is "1"'],
    [null, {}, "Cannot acquire null"],
    [{ vram_mb: 1 }, { cards: "0" }, '"cards"'],
    [{ vram_mb: 1 }, { cards: [0] }, '"cards"'],
    [{ slot: 1 }, { reclaimable: "yes" }, '"reclaimable"'],
    [{ slot: 1 }, { hold: 0 }, '"hold"'],
    [{ slot: 1 }, { label: 5 }, "label"],
  ] as const
) {
  Deno.test(`ResourcePool.acquire() refuses ${Deno.inspect([request, options])}, which a type would not allow`, () =>
    withPools(async (pool) => {
      const error = await assertRejects(
        () => pool.acquire(request as never, options as never),
        TypeError,
      );
      assertStringIncludes(error.message, problem);
      assertEquals((await pool.status()).leases, []);
    }));
}

Deno.test("ResourcePool writes what was said when it was called, whatever comes of it", () =>
  withPools(async (pool) => {
    const held = await pool.acquire({ slot: 1 });
    const capacities = { slot: 4 };
    const options = { label: "first", priority: 1 };
    const work = { label: "work" };
    // While another program has the file, all of them wait.
    using file = Deno.openSync(pool.path);
    file.lockSync();
    const registered = pool.setResources(capacities);
    const acquired = pool.acquire({ slot: 1 }, options);
    const started = held.startWork(work);
    Object.assign(capacities, { slot: NaN });
    Object.assign(options, { label: "second", priority: NaN });
    Object.assign(work, { label: 5 });
    file.unlockSync();
    await Promise.all([registered, started]);
    const { label, priority } = await acquired;
    const { resources, queue } = await pool.status();
    assertEquals(
      [resources.slot, label, priority, queue[0].label],
      [4, "first", 1, "work"],
    );
  }));

Deno.test("Lease.update() refuses what others could not read, and the pool stays whole", () =>
  withPools(async (one, two) => {
    const lease = await one.acquire({ slot: 1 });
    const refused = async (update: unknown, type: typeof Error) => {
      await assertRejects(() => lease.update(update as never), type, "Cannot");
      await two.status();
    };
    await refused({ actualResources: { "\ud800": 1 } }, SyntaxError);
    await refused({ actualResources: { __proto__: null, "": 1 } }, RangeError);
    await refused({ actualResources: [1] }, TypeError);
    // deno-lint-ignore no-sparse-arrays
    await refused({ pids: [1, , 2] }, RangeError);
    await refused({ pids: "1" }, TypeError);
    await refused({ cpuSeconds: "1" }, RangeError);
    const work = await lease.startWork();
    await assertRejects(
      () => work.update({ progress: "0.5" as never }),
      RangeError,
    );
    await two.status();
  }));

Deno.test("ResourcePool.close() releases, withdraws, and removes its files", () =>
  withPath(async (path) => {
    const pool = new ResourcePool({ path });
    await pool.setResources({ slot: 1 });
    await pool.acquire({ slot: 1 });
    const queued = Promise.withResolvers<void>();
    const waiting = pool.acquire({ slot: 1 }, {
      onQueued: () => queued.resolve(),
    });
    const failed = assertRejects(() => waiting, DOMException, "closed");
    await queued.promise;
    await pool.close();
    await pool.close();
    await failed;
    assertEquals(await names(`${path}.owners`), []);
    assertEquals(await names(`${path}.bells`), []);
    await assertRejects(
      () => pool.acquire({ slot: 1 }),
      DOMException,
      "closed",
    );
    await using other = new ResourcePool({ path });
    const { leases, queue } = await other.status();
    assertEquals([leases, queue], [[], []]);
  }));

Deno.test("ResourcePool.status() of a place that does not exist makes nothing", () =>
  withPath(async (path) => {
    await using pool = new ResourcePool({ path });
    const { resources, leases } = await pool.status();
    assertEquals([{ ...resources }, leases], [{}, []]);
    await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
  }));

Deno.test("ResourcePool refuses a directory in the file's place and names it", () =>
  withPath(async (path) => {
    await Deno.mkdir(path, { recursive: true });
    await using pool = new ResourcePool({ path });
    await assertRejects(() => pool.status(), StateAccessError, path);
    await assertRejects(
      () => pool.setResources({ a: 1 }),
      StateAccessError,
      path,
    );
  }));

Deno.test("ResourcePool lets timers have their turn in a loop that never waits", () =>
  withPools(async (pool) => {
    let rang = false;
    const timer = setTimeout(() => rang = true, 1);
    const until = performance.now() + 5000;
    while (!rang && performance.now() < until) {
      await (await pool.acquire({ slot: 1 })).release();
    }
    clearTimeout(timer);
    assert(rang);
  }));
