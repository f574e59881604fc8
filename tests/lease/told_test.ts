/**
 * What a holder is told, `reclaim` and `lost`, and what it does there at once: its own
 * code runs when the tables of its pool say what the file says.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { ResourcePool } from "../../mod.ts";
import { denoRunArgs, plainEnv, ROOT } from "../support/deno.ts";
import { Folder } from "../support/processes.ts";

/** Has another process use the pool, in one turn of this one. */
function elsewhere(folder: Folder, body: string): void {
  const file = `${folder.path}/elsewhere.ts`;
  Deno.writeTextFileSync(
    file,
    `import { ResourcePool } from "${ROOT}mod.ts";
    await using pool = new ResourcePool({ path: "${folder.state}" });
    ${body}`,
  );
  const { success, stderr } = new Deno.Command(Deno.execPath(), {
    args: denoRunArgs(["-A", file]),
    env: plainEnv(),
    clearEnv: true,
  }).outputSync();
  assert(success, new TextDecoder().decode(stderr));
}

/** More than the file has room for, so that all of it is read anew. */
const MANY_NAMES = Object.fromEntries(
  Array.from({ length: 60 }, (_, i) => [`${"x".repeat(60)}${i}`, 1]),
);

Deno.test("A holder that is asked back, and at once releases after some work, keeps what its program was granted meanwhile", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await using other = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1, job: 1 });
  const job = await other.acquire({ job: 1 });
  const lease = await pool.acquire({ slot: 1 }, { reclaimable: true });
  const queued = Promise.withResolvers<void>();
  const waiting = pool.acquire({ job: 1 }, {
    onQueued: () => queued.resolve(),
  });
  await queued.promise;
  lease.reclaim.addEventListener("abort", () => {
    elsewhere(
      folder,
      `await pool.setResources(${JSON.stringify(MANY_NAMES)});
      await pool.release(${JSON.stringify(job.id)});`,
    );
    void lease.release();
  });
  const urgent = await other.acquire({ slot: 1 }, { priority: 1 });
  const granted = await waiting;
  const held = async () => (await other.status()).leases.map(({ id }) => id);
  assertEquals(granted.lost.aborted, false);
  assertEquals((await held()).sort(), [granted.id, urgent.id].sort());
  await granted.release();
  assertEquals(granted.lost.aborted, false);
  assertEquals(await held(), [urgent.id]);
});
