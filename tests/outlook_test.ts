import { assertEquals } from "@std/assert";
import { PoolState } from "../lib/core/state.ts";
import { diskFree } from "../lib/outlook.ts";
import { leaseRecord } from "./support/records.ts";

const MOUNTINFO = `22 1 8:1 / / rw - ext4 /dev/sda1 rw
23 22 8:2 / /data rw - ext4 /dev/sdb1 rw
`;

Deno.test("diskFree() takes what is leased under other names of a disk off it", () => {
  const state = new PoolState();
  const leased = {
    "disk_mb@/data": 1,
    "disk_mb@/data/sub": 20,
    "disk_mb@/data/sub/": 300,
    "disk_mb@/database": 4000,
    "disk_mb@here": 50_000,
    "ram_mb": 600_000,
  };
  for (const [name, amount] of Object.entries(leased)) {
    state.addLease(
      leaseRecord({ id: name, resources: new Map([[name, amount]]) }),
    );
  }
  const free = new Map([["disk_mb@/data", 1000], ["disk_mb@/", 5000]]);
  assertEquals(
    Object.fromEntries(diskFree(state, free, MOUNTINFO)),
    { "disk_mb@/data": 680, "disk_mb@/": 1000 },
  );
  // Where no mounts are told, a path is a name and nothing more.
  assertEquals(diskFree(state, free, ""), free);
});
