import { assert, assertEquals } from "@std/assert";
import { systemKernelFiles } from "../../lib/os/kernel_file.ts";

Deno.test({
  name: "systemKernelFiles reads and lists what the kernel tells",
  ignore: Deno.build.os !== "linux",
  fn: () => {
    assertEquals(systemKernelFiles.readable, true);
    assert(systemKernelFiles.read("/proc/self/status")?.includes("Pid:"));
    assert(systemKernelFiles.list("/sys/class/net").includes("lo"));
  },
});

Deno.test("systemKernelFiles takes what is not there or fails for not told", () => {
  assertEquals(systemKernelFiles.read("/proc/no/such/file"), undefined);
  assertEquals(systemKernelFiles.read("/proc"), undefined);
  assertEquals(systemKernelFiles.list("/proc/no/such/directory"), []);
});

Deno.test({
  name: "systemKernelFiles reads nothing without permission, and asks nobody",
  permissions: "none",
  fn: () => {
    assertEquals(systemKernelFiles.read("/proc/self/status"), undefined);
    assertEquals(systemKernelFiles.list("/sys/class/net"), []);
  },
});
