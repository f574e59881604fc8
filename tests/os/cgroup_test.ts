import { assertEquals } from "@std/assert";
import {
  cgroupDirectories,
  parseCgroupMounts,
  parseCgroupPaths,
  readCgroupLimits,
} from "../../lib/os/cgroup.ts";
import { kernelFiles } from "./made_up_host.ts";

const V2_MOUNT =
  "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const GIB = 2 ** 30;

/** The limits on a machine with one tree of groups, this process in `path`. */
function v2(path: string, files: Readonly<Record<string, string>>) {
  return readCgroupLimits(kernelFiles({
    "/proc/self/cgroup": `0::${path}\n`,
    "/proc/self/mountinfo": V2_MOUNT,
    ...Object.fromEntries(
      Object.entries(files).map(([name, text]) => [
        `/sys/fs/cgroup${name}`,
        `${text}\n`,
      ]),
    ),
  }));
}

Deno.test("readCgroupLimits() finds the smallest limit of all groups around", () => {
  assertEquals(
    v2("/user.slice/user-1000.slice/app.scope", {
      "/user.slice/memory.max": "max",
      "/user.slice/user-1000.slice/memory.max": String(8 * GIB),
      "/user.slice/user-1000.slice/app.scope/memory.max": "max",
      "/user.slice/cpu.max": "250000 100000",
      "/user.slice/user-1000.slice/app.scope/cpu.max": "400000 100000",
    }),
    { memoryMb: 8192, cpus: 2.5 },
  );
});

Deno.test("readCgroupLimits() finds none where all say max or nothing", () => {
  assertEquals(v2("/", {}), { memoryMb: null, cpus: null });
  assertEquals(
    v2("/a", { "/a/memory.max": "max", "/a/cpu.max": "max 100000" }),
    { memoryMb: null, cpus: null },
  );
});

Deno.test("readCgroupLimits() finds a container's limits in its own namespace", () => {
  assertEquals(
    v2("/", { "/memory.max": String(GIB / 2), "/cpu.max": "50000 100000" }),
    { memoryMb: 512, cpus: 0.5 },
  );
});

Deno.test("readCgroupLimits() finds a container's limits in the host's namespace", () => {
  const limits = readCgroupLimits(kernelFiles({
    "/proc/self/cgroup": "0::/system.slice/docker-abc.scope\n",
    "/proc/self/mountinfo": V2_MOUNT.replace(
      "0:26 / ",
      "0:26 /system.slice/docker-abc.scope ",
    ),
    "/sys/fs/cgroup/memory.max": String(GIB),
  }));
  assertEquals(limits.memoryMb, 1024);
});

Deno.test("readCgroupLimits() looks at what is mounted when its group is elsewhere", () => {
  for (const path of ["/../other", "/docker/abc"]) {
    const limits = readCgroupLimits(kernelFiles({
      "/proc/self/cgroup": `0::${path}\n`,
      "/proc/self/mountinfo": V2_MOUNT.replace("0:26 / ", "0:26 /pod/x "),
      "/sys/fs/cgroup/memory.max": String(GIB),
      "/sys/fs/cgroup/docker/abc/memory.max": "1048576",
    }));
    assertEquals(limits.memoryMb, 1024, path);
  }
});

Deno.test("readCgroupLimits() reads version 1, where no limit is a huge number", () => {
  const files = {
    "/proc/self/cgroup":
      "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n1:name=systemd:/x\n0::/\n",
    "/proc/self/mountinfo":
      "33 32 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n" +
      "34 32 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" +
      "35 32 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    "/sys/fs/cgroup/memory/docker/memory.limit_in_bytes": `${2 * GIB}\n`,
    "/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes":
      "9223372036854771712\n",
    "/sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_quota_us": "-1\n",
    "/sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_period_us": "100000\n",
    "/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us": "150000\n",
    "/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us": "100000\n",
  };
  assertEquals(readCgroupLimits(kernelFiles(files)), {
    memoryMb: 2048,
    cpus: 1.5,
  });
});

Deno.test("readCgroupLimits() finds none where nothing may be read or it is garbage", () => {
  const none = { memoryMb: null, cpus: null };
  assertEquals(readCgroupLimits(kernelFiles({})), none);
  for (const text of ["", "-5", "0", "1e999", "many", "NaN"]) {
    assertEquals(
      v2("/a", { "/a/memory.max": text, "/a/cpu.max": `${text} 100000` }),
      none,
      text,
    );
  }
  assertEquals(v2("/a", { "/a/cpu.max": "50000" }), none);
});

Deno.test("parseCgroupPaths() keeps colons in a path and skips other lines", () => {
  assertEquals(
    [...parseCgroupPaths("0::/a:b\n5:cpu,cpuacct:/c\nnonsense\n")],
    [["", "/a:b"], ["cpu", "/c"], ["cpuacct", "/c"]],
  );
});

Deno.test("parseCgroupMounts() undoes escapes and skips other file systems", () => {
  assertEquals(
    parseCgroupMounts(
      "22 27 0:21 / /proc rw - proc proc rw\n" +
        "30 24 0:26 /a\\040b /mnt/c\\134d rw - cgroup2 none rw\n" +
        "half a li",
    ),
    [{ root: "/a b", point: "/mnt/c\\d", controllers: [] }],
  );
});

Deno.test("cgroupDirectories() goes from the own group to the top", () => {
  const mount = { root: "/", point: "/c", controllers: [] };
  assertEquals(cgroupDirectories("/a/b", mount), ["/c/a/b", "/c/a", "/c"]);
  assertEquals(cgroupDirectories("/", mount), ["/c"]);
  const part = { root: "/a", point: "/c", controllers: [] };
  assertEquals(cgroupDirectories("/a/b", part), ["/c/b", "/c"]);
  assertEquals(cgroupDirectories("/ab", part), ["/c"]);
});
