import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  findMount,
  mountOf,
  parseDiskMounts,
  readDiskSpace,
} from "../../lib/os/disk.ts";

Deno.test("parseDiskMounts() finds each disk once, by its shortest path", () => {
  const mountinfo = [
    "22 27 0:21 / /proc rw - proc proc rw",
    "27 1 254:0 / / rw shared:1 - ext4 /dev/vda1 rw",
    "40 27 8:1 / /data rw - xfs /dev/sdb rw",
    "41 27 8:1 /x /srv/long/bind rw - xfs /dev/sdb rw",
    "42 27 0:50 / /mnt/my\\040share rw - nfs4 server:/export rw",
    "43 27 0:51 / /mnt/windows rw - cifs //server/share rw",
    "44 27 0:52 / /tank rw - zfs tank rw",
    "45 27 7:1 / /snap/x/1 ro - squashfs /dev/loop1 ro",
    "46 27 0:22 / /tmp rw - tmpfs tmpfs rw",
    "",
  ].join("\n");
  assertEquals(parseDiskMounts(mountinfo), [
    "/",
    "/data",
    "/mnt/my share",
    "/mnt/windows",
    "/tank",
  ]);
});

Deno.test("parseDiskMounts() looks at the root where nothing is told", () => {
  assertEquals(parseDiskMounts(""), ["/"]);
  const container = "500 400 0:60 / / rw - overlay overlay rw,lowerdir=/x\n" +
    "510 500 8:1 /hosts /etc/hosts rw - ext4 /dev/sda1 rw\n";
  assertEquals(parseDiskMounts(container), ["/", "/etc/hosts"]);
});

Deno.test("readDiskSpace() agrees with df", async () => {
  const path = await Deno.makeTempDir();
  try {
    const space = await readDiskSpace(path);
    const { stdout } = await new Deno.Command("df", {
      args: ["-Pk", path],
      env: { LC_ALL: "C" },
    }).output();
    const [, total, , free] = new TextDecoder().decode(stdout).split("\n")[1]
      .trim().split(/\s+/);
    assertEquals(space.mount, path);
    assertEquals(space.totalMb, Math.floor(Number(total) / 1024));
    // Others write to the disk between the two.
    assert(Math.abs(space.freeMb - Number(free) / 1024) < 1024);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("readDiskSpace() names the path that does not exist", async () => {
  await assertRejects(
    () => readDiskSpace("/no/such/place"),
    Deno.errors.NotFound,
    'Cannot read the free space of "/no/such/place" as it does not exist',
  );
});

Deno.test({
  name: "readDiskSpace() says what is not allowed, without asking",
  permissions: { read: true, sys: false },
  fn: async () => {
    await assertRejects(
      () => readDiskSpace("/"),
      Deno.errors.NotCapable,
      "--allow-sys=statfs",
    );
  },
});

Deno.test({
  name: "readDiskSpace() says which path may not be read",
  permissions: { read: false },
  fn: async () => {
    await assertRejects(
      () => readDiskSpace("/data"),
      Deno.errors.NotCapable,
      "--allow-read=/data",
    );
  },
});

const MOUNTS = [
  "27 1 254:0 / / rw shared:1 - ext4 /dev/vda1 rw",
  "40 27 8:1 / /data rw - xfs /dev/sdb rw",
  "41 40 8:2 / /data/my\\040models rw - xfs /dev/sdc rw",
  "42 27 8:3 / /database rw - xfs /dev/sdd rw",
  "",
].join("\n");

Deno.test("mountOf() finds the innermost mount that has a path", () => {
  const cases = [
    ["/", "/"],
    ["/home/ann", "/"],
    ["/data", "/data"],
    ["/data/out/x", "/data"],
    ["/data/my models/llama", "/data/my models"],
    ["/data/my models2", "/data"],
    ["/database", "/database"],
    ["/datab", "/"],
  ];
  for (const [path, mount] of cases) assertEquals(mountOf(path, MOUNTS), mount);
  assertEquals(mountOf("/data/out", ""), "/data/out");
});

Deno.test("findMount() sees through links and agrees with df", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.symlink("/proc/self", `${folder}/link`);
    assertEquals(await findMount(`${folder}/link/`), "/proc");
    const { stdout } = await new Deno.Command("df", { args: ["-P", folder] })
      .output();
    const mount = new TextDecoder().decode(stdout).trim().split(/\s+/).at(-1);
    assertEquals(await findMount(`${folder}/.`), mount);
    const blind = { readable: false, read: () => undefined, list: () => [] };
    assertEquals(
      await findMount(`${folder}/`, blind),
      await Deno.realPath(folder),
    );
    await assertRejects(
      () => findMount(`${folder}/none`),
      Deno.errors.NotFound,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
