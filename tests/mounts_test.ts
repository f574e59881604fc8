import { assertEquals, assertRejects } from "@std/assert";
import { ImpossibleRequestError } from "../lib/core/errors.ts";
import { parseRequest } from "../lib/core/request.ts";
import { type Disks, onMounts } from "../lib/mounts.ts";

/** Two disks: one at /data, one at /. */
const DISKS: Disks = {
  space: (mount) => Promise.resolve({ mount, totalMb: 1000, freeMb: 100 }),
  mount: (path) => Promise.resolve(path.startsWith("/data") ? "/data" : "/"),
};

async function resolved(request: Record<string, number>): Promise<unknown> {
  const { counters } = await onMounts(parseRequest(request), DISKS);
  return Object.fromEntries(counters);
}

Deno.test("onMounts() counts what is asked for on one disk together", async () => {
  assertEquals(await resolved({ "disk_mb@/data/a": 3, ram_mb: 5 }), {
    "disk_mb@/data": 3,
    ram_mb: 5,
  });
  assertEquals(
    await resolved({
      "disk_mb@/data/a": 300,
      "disk_mb@/home": 7,
      "disk_mb@/data": 700,
    }),
    { "disk_mb@/data": 1000, "disk_mb@/": 7 },
  );
});

Deno.test("onMounts() refuses more than the disk has, and names it", async () => {
  const error = await assertRejects(
    () => resolved({ "disk_mb@/data/a": 300, "disk_mb@/data/b": 701 }),
    ImpossibleRequestError,
    'Cannot acquire 1001 MB on the disk at "/data" as it has 1000 MB',
  );
  assertEquals(
    [error.resource, error.requested, error.capacity],
    ["disk_mb@/data", 1001, 1000],
  );
});
