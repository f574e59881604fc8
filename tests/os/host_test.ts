import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  countCpuList,
  detectCpuCores,
  detectDisks,
  detectNetwork,
  detectRamMb,
  readCpuCores,
  readDisks,
  readNetwork,
  readRam,
} from "../../lib/os/host.ts";
import { systemKernelFiles } from "../../lib/os/kernel_file.ts";
import { host, kernelFiles } from "./made_up_host.ts";

const NO_LIMITS = { memoryMb: null, cpus: null };

Deno.test("countCpuList() counts single cores and ranges", () => {
  const lists: readonly (readonly [string, number | null])[] = [
    ["0", 1],
    ["0-7\n", 8],
    ["0-3,8,10-11", 7],
    ["", null],
    ["0-", null],
    ["all", null],
    ["3-1", null],
    ["0-9999999", null],
  ];
  for (const [list, count] of lists) {
    assertEquals(countCpuList(list), count, list);
  }
});

Deno.test("readCpuCores() takes the smallest of affinity, quota and what Deno sees", () => {
  const files = kernelFiles({
    "/proc/self/status":
      "Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t0-5\n",
    "/sys/devices/system/cpu/online": "0-15\n",
  });
  const cores = (concurrency: number, cpus: number | null) =>
    readCpuCores(host({ files, concurrency }), { memoryMb: null, cpus });
  assertEquals(cores(16, null), { usable: 6, total: 16 });
  assertEquals(cores(4, null), { usable: 4, total: 16 });
  assertEquals(cores(16, 2), { usable: 2, total: 16 });
});

Deno.test("readCpuCores() rounds a quota down, but to no less than one core", () => {
  const usable = (cpus: number) =>
    readCpuCores(host(), { memoryMb: null, cpus }).usable;
  assertEquals(usable(2.99), 2);
  assertEquals(usable(1), 1);
  assertEquals(usable(0.1), 1);
  assertEquals(usable(100), 8);
});

Deno.test("readCpuCores() knows what Deno sees where nothing may be read", () => {
  assertEquals(readCpuCores(host()), { usable: 8, total: null });
});

Deno.test("readRam() keeps the host's total and the own limit apart", () => {
  assertEquals(readRam(host(), {}, NO_LIMITS), {
    totalMb: 65_536,
    limitMb: null,
    capacityMb: 65_536,
  });
  assertEquals(readRam(host(), {}, { memoryMb: 4096, cpus: null }), {
    totalMb: 65_536,
    limitMb: 4096,
    capacityMb: 65_536,
  });
  assertEquals(
    readRam(host(), {}, { memoryMb: 65_536, cpus: null }).limitMb,
    null,
  );
});

Deno.test("readRam() takes the reserve off the capacity alone", () => {
  assertEquals(readRam(host(), { reserveMb: 8192 }, NO_LIMITS), {
    totalMb: 65_536,
    limitMb: null,
    capacityMb: 57_344,
  });
});

Deno.test("readRam() refuses a reserve that is no size or leaves nothing", () => {
  for (const reserveMb of [-1, 0.5, NaN, Infinity]) {
    assertThrows(
      () => readRam(host(), { reserveMb }),
      RangeError,
      "whole number",
    );
  }
  assertThrows(
    () => readRam(host(), { reserveMb: 65_536 }),
    RangeError,
    "Cannot keep 64 GB of RAM in reserve as the machine has 64 GB: reserve less",
  );
});

Deno.test("readRam() tells nothing where it may not ask", () => {
  const unknown = host({ ramBytes: () => undefined });
  assertEquals(readRam(unknown, { reserveMb: 1 }, { memoryMb: 1, cpus: 1 }), {
    totalMb: null,
    limitMb: null,
    capacityMb: null,
  });
});

Deno.test("readDisks() leaves out disks that do not answer, and says why", async () => {
  const machine = host({
    disk: (mount) =>
      mount === "/gone"
        ? Promise.reject(new Error("no answer"))
        : Promise.resolve({ mount, totalMb: 2, freeMb: 1 }),
  });
  assertEquals(await readDisks(machine, { paths: ["/", "/gone"] }), {
    disks: [{ mount: "/", totalMb: 2, freeMb: 1 }],
    failures: ["no answer"],
  });
});

Deno.test("readNetwork() finds cards that are up and tell a speed", () => {
  const card = (name: string, state: string, speed?: string) => ({
    [`/sys/class/net/${name}/device/vendor`]: "0x8086\n",
    [`/sys/class/net/${name}/operstate`]: `${state}\n`,
    ...(speed === undefined
      ? {}
      : { [`/sys/class/net/${name}/speed`]: `${speed}\n` }),
  });
  const files = kernelFiles({
    ...card("eth0", "up", "10000"),
    ...card("eth1", "down", "1000"),
    ...card("eth2", "up", "-1"),
    ...card("wlan0", "up"),
    "/sys/class/net/docker0/operstate": "up\n",
    "/sys/class/net/docker0/speed": "10000\n",
    "/sys/class/net/lo/operstate": "unknown\n",
  });
  assertEquals(readNetwork(host({ files })), [
    { name: "eth0", speedMbps: 10_000 },
  ]);
});

Deno.test("detectCpuCores() agrees with nproc", async () => {
  const { stdout } = await new Deno.Command("nproc", {
    // These would change its answer.
    env: { OMP_NUM_THREADS: "", OMP_THREAD_LIMIT: "" },
  }).output();
  const { usable, total } = detectCpuCores();
  assertEquals(usable, Number(new TextDecoder().decode(stdout)));
  assert(total === null || total >= usable);
});

Deno.test("detectRamMb(), detectDisks() and detectNetwork() answer on this machine", async () => {
  const { totalMb, capacityMb } = detectRamMb({ reserveMb: 16 });
  assert(totalMb !== null && totalMb > 64);
  assertEquals(capacityMb, totalMb - 16);
  const [disk] = await detectDisks({ paths: ["/"] });
  assert(disk.totalMb > 0 && disk.freeMb <= disk.totalMb);
  // Many machines have none: what is read of one is tested above.
  assertEquals(
    detectNetwork(),
    readNetwork(host({ files: systemKernelFiles })),
  );
});

Deno.test({
  name: "Host functions degrade without any permission, and ask nobody",
  permissions: "none",
  fn: async () => {
    assert(detectCpuCores().usable >= 1);
    assertEquals(detectRamMb().totalMb, null);
    assertEquals(await detectDisks(), []);
    assertEquals(detectNetwork(), []);
  },
});
