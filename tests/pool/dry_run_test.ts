import { assert, assertEquals, assertRejects } from "@std/assert";
import { ResourcePool } from "../../mod.ts";
import { Folder } from "../support/processes.ts";

Deno.test("ResourcePool.explain() tells what acquire() would do, and changes nothing", async () => {
  using folder = new Folder();
  await using one = new ResourcePool({ path: folder.state });
  await using two = new ResourcePool({ path: folder.state });
  await one.setResources({ slots: 2 });
  await using lease = await one.acquire({ slots: 1 }, { label: "llama" });
  const before = Deno.readTextFileSync(folder.state);

  assertEquals((await two.explain({ slots: 1 })).verdict, "grantable");
  const blocked = await two.explain({ slots: 2 });
  assertEquals(blocked.verdict, "waits");
  assertEquals(blocked.short[0].holders[0].id, lease.id);
  assertEquals(
    blocked.sentence,
    "needs 2 of slots; 1 free; held by llama",
  );
  assertEquals((await two.explain({ slots: 3 })).obstacle?.capacity, 2);
  assertEquals((await two.explain({ odd: 1 })).verdict, "impossible");
  assertEquals(Deno.readTextFileSync(folder.state), before);
  await assertRejects(() => two.explain({ slots: 0 }), RangeError);
});

Deno.test("ResourcePool.explain() supposes capacities where there is none", async () => {
  using folder = new Folder();
  const options = { path: folder.state, driverCheck: false };
  await using pool = new ResourcePool(options);
  await pool.setResources({ slots: 1 });
  const before = Deno.readTextFileSync(folder.state);
  const supposed = { capacities: { slots: 9, [`gpu_A_vram_mb`]: 8000 } };
  const verdicts = [
    await pool.explain({ vram_mb: 8000, slots: 1 }, supposed),
    await pool.explain({ vram_mb: 8000 }, { ...supposed, cards: ["A"] }),
    await pool.explain({ vram_mb: 9000 }, supposed),
    await pool.explain({ slots: 2 }, supposed),
    await pool.explain({ vram_mb: 8000 }),
  ].map(({ verdict, obstacle }) => [verdict, obstacle?.capacity]);
  assertEquals(verdicts, [
    ["grantable", undefined],
    ["grantable", undefined],
    ["impossible", 8000],
    ["impossible", 1],
    ["impossible", undefined],
  ]);
  assertEquals(Deno.readTextFileSync(folder.state), before);
  await assertRejects(
    () => pool.explain({ slots: 1 }, { capacities: { slots: -1 } }),
    RangeError,
  );
});

Deno.test("ResourcePool.explain() knows rank: who has to wait, and who need not", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slots: 2 });
  await using _lease = await pool.acquire({ slots: 1 });
  const stop = new AbortController();
  const queued = Promise.withResolvers<void>();
  const waiting = pool.acquire({ slots: 2 }, {
    signal: stop.signal,
    label: "big",
    onQueued: () => queued.resolve(),
  }).catch(() => {});
  await queued.promise;

  const equal = await pool.explain({ slots: 1 });
  assertEquals(
    equal.sentence,
    "needs 1 of slots; 1 free, but kept for those in front; behind big",
  );
  const { verdict } = await pool.explain({ slots: 1 }, { priority: 1 });
  assertEquals(verdict, "grantable");
  const [entry] = (await pool.status()).queue;
  assertEquals(
    entry.why?.sentence,
    "needs 2 of slots; 1 free; held by " +
      (await pool.status()).leases[0].id,
  );
  assertEquals((await pool.status({ explain: false })).queue[0].why, null);
  assertEquals((await pool.status({ explain: 1 })).queue[0].why, entry.why);
  stop.abort();
  await waiting;
});

Deno.test("ResourcePool.explain() looks at the disk that is asked for", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  const name = `disk_mb@${folder.path}`;
  assertEquals((await pool.explain({ [name]: 1 })).verdict, "grantable");
  const { verdict, obstacle } = await pool.explain({
    [name]: Number.MAX_SAFE_INTEGER,
  });
  assertEquals(verdict, "impossible");
  assert(obstacle?.capacity! > 0);
});

Deno.test("ResourcePool.explain() looks at no other cards than those that are named", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({
    path: folder.state,
    driverCheck: false,
  });
  await pool.setResources({ gpu_AAA_vram_mb: 8192, gpu_BBB_vram_mb: 4096 });
  const verdict = async (...cards: string[]) =>
    (await pool.explain({ vram_mb: 6000 }, { cards })).verdict;
  assertEquals(await verdict(), "grantable");
  assertEquals(await verdict("AAA"), "grantable");
  assertEquals(await verdict("BBB") === "grantable", false);
});
