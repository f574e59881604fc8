import { assert, assertEquals } from "@std/assert";
import {
  KernelProcessTable,
  lineageOf,
  parseStat,
} from "../../lib/os/process_table.ts";
import { kernelFiles } from "./made_up_host.ts";

function stat(pid: number, name: string, parent: number): string {
  return `${pid} (${name}) S ${parent} 1 1 0 -1 4194560 5 0 0 0 ` +
    "150 50 30 20 20 0 1 0 100 1000000 200";
}

Deno.test("parseStat() reads a process whatever its name is", () => {
  for (const name of ["python", "a b", ") S 9 (", "", "x)\n(y"]) {
    assertEquals(parseStat(stat(42, name, 7)), {
      pid: 42,
      parent: 7,
      cpuSeconds: 2.5,
    });
  }
  for (const text of ["", "42", "42 (x) S", "x (y) S 1", stat(1, "x", NaN)]) {
    assertEquals(parseStat(text), undefined);
  }
});

Deno.test("lineageOf() goes up to the first process, and in no circle for ever", () => {
  const parents = new Map([[42, 7], [7, 1], [1, 0], [8, 9], [9, 8]]);
  const of = (pid: number) => [...lineageOf(pid, (one) => parents.get(one))];
  assertEquals(of(42), [42, 7, 1]);
  assertEquals(of(5), [5]);
  assertEquals(new Set(of(8)), new Set([8, 9]));
});

Deno.test("KernelProcessTable reads what the kernel tells", () => {
  const table = new KernelProcessTable(
    kernelFiles({
      "/proc/self/mountinfo": "",
      "/proc/42/stat": stat(42, "python", 7),
      "/proc/42/environ": "A=1\0RESLOCK_LEASE_ID=k3v9x0q7ta-4\0B=\0",
      "/proc/42/smaps_rollup":
        "1-2 ---p [rollup]\nRss: 4096 kB\nPss: 2048 kB\n",
      "/proc/42/status": "Name:\tpython\nVmRSS:\t    4096 kB\n",
      "/proc/7/stat": stat(7, "sh", 1),
      "/proc/7/environ": "XRESLOCK_LEASE_ID=k3v9x0q7ta-4\0",
      "/proc/7/status": "Name:\tsh\nVmRSS:\t    1024 kB\n",
      "/proc/meminfo": "",
    }),
    () => "host",
  );
  assert(table.isWhole);
  assertEquals(table.list().map(({ pid }) => pid), [42, 7]);
  assertEquals(table.parentOf(42), 7);
  assertEquals(table.leaseOf(42), "k3v9x0q7ta-4");
  assertEquals(table.leaseOf(7), undefined);
  // The share where it is told, else all that is there.
  assertEquals([table.ramMb(42), table.ramMb(7)], [2, 1]);
  assertEquals([table.ramMb(9), table.parentOf(9)], [undefined, undefined]);
});

Deno.test("KernelProcessTable is whole on the host alone", () => {
  const files = kernelFiles({ "/proc/self/mountinfo": "" });
  for (const namespace of ["private", "unknown"] as const) {
    assert(!new KernelProcessTable(files, () => namespace).isWhole);
  }
  const blind = { readable: false, read: () => undefined, list: () => [] };
  assert(!new KernelProcessTable(blind, () => "host").isWhole);
});

Deno.test("KernelProcessTable finds this process", () => {
  const table = new KernelProcessTable();
  const own = table.list().find(({ pid }) => pid === Deno.pid);
  assertEquals(own?.parent, Deno.ppid);
  assert(table.ramMb(Deno.pid)! > 1);
});
