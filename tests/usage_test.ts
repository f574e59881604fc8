import { assertEquals } from "@std/assert";
import { type LeaseFacts, overuseOf } from "../lib/core/overuse.ts";
import type { GpuProcess } from "../lib/os/gpu/source.ts";
import type { ProcessTable } from "../lib/os/process_table.ts";
import { attributeUsage, measureOwn, usageIn } from "../lib/usage.ts";

/** Pids with their parents; each has 100 MiB and a second of time. */
function tableOf(
  parents: Readonly<Record<number, number>>,
  leases: Readonly<Record<number, string>> = {},
): ProcessTable {
  return {
    isWhole: true,
    list: () =>
      Object.entries(parents).map(([pid, parent]) => ({
        pid: Number(pid),
        parent,
        cpuSeconds: 1,
      })),
    parentOf: (pid) => parents[pid],
    leaseOf: (pid) => leases[pid],
    ramMb: (pid) => pid in parents ? 100 : undefined,
  };
}

function lease(id: string, fields: Partial<LeaseFacts>): LeaseFacts {
  return {
    id,
    pid: 10,
    hostPid: null,
    pids: [],
    resources: {},
    actualResources: {},
    ...fields,
  };
}

function on(uuid: string, pid: number, usedMb: number | null): GpuProcess {
  return { uuid, pid, usedMb, name: "python" };
}

const A = "gpu_A_vram_mb";
const B = "gpu_B_vram_mb";

Deno.test("attributeUsage() gives a process to the nearest holder above it", () => {
  const holders = [
    lease("outer", { pid: 10, resources: { [A]: 500 } }),
    lease("inner", { pid: 20, pids: [30], resources: { [A]: 500 } }),
  ];
  const table = tableOf({ 10: 1, 11: 10, 20: 11, 30: 20, 31: 30, 99: 1 });
  const { leases, orphans } = attributeUsage(
    holders,
    [on("A", 11, 5), on("A", 31, 70), on("A", 30, 7), on("A", 99, 3)],
    table,
  );
  assertEquals(leases.get("outer"), {
    pids: [11],
    resources: { [A]: 5 },
    cpuSeconds: null,
  });
  assertEquals(leases.get("inner")?.resources, { [A]: 77 });
  assertEquals(leases.get("inner")?.pids, [30, 31]);
  assertEquals(orphans, [
    { pid: 99, name: "python", gpus: { A: 3 }, maybeOf: [] },
  ]);
});

Deno.test("attributeUsage() knows a process that left its parents by its environment", () => {
  const holders = [lease("one", { resources: { [A]: 500 } })];
  const table = tableOf({ 50: 1, 60: 1 }, { 50: "one", 60: "gone" });
  const { leases, orphans } = attributeUsage(
    holders,
    [on("A", 50, 5), on("A", 60, 6)],
    table,
  );
  assertEquals(leases.get("one")?.resources, { [A]: 5 });
  assertEquals(orphans?.map(({ pid }) => pid), [60]);
});

Deno.test("attributeUsage() shares what one process uses among its leases", () => {
  const holders = [
    lease("one", { resources: { [A]: 100 } }),
    lease("two", { resources: { [A]: 50 } }),
    lease("other card", { resources: { [B]: 50 } }),
  ];
  const share = (usedMb: number) => {
    const { leases } = attributeUsage(
      holders,
      [on("A", 10, usedMb)],
      tableOf({ 10: 1 }),
    );
    return holders.map(({ id }) => leases.get(id)?.resources[A]);
  };
  assertEquals(share(150), [100, 50, undefined]);
  assertEquals(share(80), [80, 0, undefined]);
  assertEquals(share(160), [100, 60, undefined]);
});

Deno.test("attributeUsage() lends nobody what another lease uses too much", () => {
  const holders = [
    lease("one", { resources: { [A]: 100 } }),
    lease("two", { resources: { [A]: 50 } }),
  ];
  // The first process says whose it is; the second may be of both.
  const { leases } = attributeUsage(
    holders,
    [on("A", 20, 130), on("A", 10, 50)],
    tableOf({ 10: 1, 20: 1 }, { 20: "one" }),
  );
  const used = holders.map(({ id }) => leases.get(id)?.resources[A]);
  assertEquals(used, [130, 50]);
});

Deno.test("usageIn() knows of no orphans where no driver was asked", () => {
  const holders = [lease("one", { resources: { ram_mb: 500 } })];
  const table = tableOf({ 10: 1 });
  const { leases, orphans } = usageIn(holders, undefined, table);
  assertEquals([leases.get("one")?.resources, orphans], [
    { ram_mb: 100 },
    null,
  ]);
  const reading = { cards: [], processes: [], traced: true };
  assertEquals(usageIn(holders, reading, table).orphans, []);
});

Deno.test("attributeUsage() counts memory of a card that the holder has no lease of", () => {
  const holders = [lease("one", { resources: { [A]: 100 } })];
  const { leases, orphans } = attributeUsage(
    holders,
    [on("B", 10, 30)],
    tableOf({ 10: 1 }),
  );
  const usage = leases.get("one");
  assertEquals(overuseOf(holders[0], usage), [
    { resource: B, leasedMb: 0, usedMb: 30 },
  ]);
  assertEquals(orphans, []);
});

Deno.test("attributeUsage() counts the RAM of the children that a holder has named", () => {
  const parents = { 10: 1, 11: 10, 12: 11, 20: 12, 21: 20 };
  const ram = { ram_mb: 150 };
  const measured = (holders: LeaseFacts[], self?: string) => {
    const { leases } = attributeUsage(holders, [], tableOf(parents), self);
    return holders.map(({ id }) => {
      const usage = leases.get(id);
      return [usage?.resources.ram_mb, usage?.cpuSeconds];
    });
  };
  // `run` itself is no part of what its command was given.
  const child = lease("child", { pids: [11], resources: ram });
  assertEquals(measured([child]), [[400, 4]]);
  // The lease below has its own.
  const below = lease("below", { pid: 20, resources: ram });
  assertEquals(measured([child, below]), [[200, 2], [200, 2]]);
  // Whoever measures itself counts itself.
  assertEquals(measured([child, below], "child"), [[300, 3], [200, 2]]);
  assertEquals(measured([lease("own", { resources: ram })]), [[500, 5]]);
  assertEquals(measured([lease("none", {})]), [[undefined, undefined]]);
});

Deno.test("attributeUsage() names the leases of containers that an orphan may belong to", () => {
  const holders = [
    lease("hidden", { hostPid: 1, resources: { [A]: 500 } }),
    lease("elsewhere", { hostPid: 1, resources: { [B]: 500 } }),
    lease("known", { pid: 7, hostPid: 40, pids: [8], resources: { [A]: 1 } }),
  ];
  const { leases, orphans } = attributeUsage(
    holders,
    // 7 and 8 are its numbers in the container: here they are others.
    [on("A", 41, 5), on("A", 7, 6), on("A", 8, 60), on("B", 8, null)],
    tableOf({ 40: 1, 41: 40, 7: 1, 8: 1 }),
  );
  assertEquals(leases.get("known")?.resources, { [A]: 5 });
  assertEquals(orphans, [
    {
      pid: 8,
      name: "python",
      gpus: { A: 60, B: null },
      maybeOf: ["hidden", "elsewhere"],
    },
    { pid: 7, name: "python", gpus: { A: 6 }, maybeOf: ["hidden"] },
  ]);
});

Deno.test("attributeUsage() accuses nobody where ids mean nothing", () => {
  const table = { ...tableOf({ 10: 1 }), isWhole: false };
  assertEquals(attributeUsage([], [on("A", 10, 5)], table), {
    leases: new Map(),
    orphans: null,
  });
});

Deno.test("measureOwn() in a container counts the processes that it sees", async () => {
  const own = lease("own", { hostPid: 1 });
  const table = tableOf({ 1: 0, 10: 1, 11: 10 });
  assertEquals(await measureOwn("own", [own], { ...table, isWhole: false }), {
    pids: [10, 11],
    resources: { ram_mb: 200 },
    cpuSeconds: 2,
  });
});

Deno.test("measureOwn() without a look at processes tells the RAM of this one", async () => {
  const blind = { ...tableOf({}), isWhole: false };
  const { pids, resources } = await measureOwn("own", [], blind);
  assertEquals(pids, [Deno.pid]);
  assertEquals(Object.keys(resources), ["ram_mb"]);
});
