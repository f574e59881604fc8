import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  fileSystemOfMagic,
  fileSystemOfMounts,
  fileSystemOfType,
  fileSystemTrouble,
  readFileSystem,
} from "../../lib/os/file_system.ts";

Deno.test("fileSystemOfType() tells what is no good for a pool from what is", () => {
  const kinds = {
    sound: [
      "ext4",
      "xfs",
      "btrfs",
      "zfs",
      "tmpfs",
      "ramfs",
      "f2fs",
      "bcachefs",
    ],
    network: ["nfs", "nfs4", "cifs", "smb3", "ceph", "lustre", "fuse.sshfs"],
    foreign: ["9p", "drvfs", "virtiofs", "vboxsf", "fuse.vmhgfs-fuse"],
    fuse: ["fuse", "fuseblk", "fuse.ntfs-3g", "fuse.mergerfs"],
    layered: ["overlay", "aufs", "fuse.fuse-overlayfs"],
  };
  for (const [kind, types] of Object.entries(kinds)) {
    for (const type of types) {
      assertEquals(fileSystemOfType(type).kind, kind, type);
    }
  }
});

Deno.test("fileSystemOfMagic() knows the numbers of statfs, also below 0", () => {
  assertEquals(fileSystemOfMagic(0x6969)?.type, "nfs");
  assertEquals(fileSystemOfMagic(0xff534d42)?.type, "cifs");
  assertEquals(fileSystemOfMagic(0xff534d42 | 0)?.type, "cifs");
  assertEquals(fileSystemOfMagic(0x65735546)?.kind, "fuse");
  assertEquals(fileSystemOfMagic(0x794c7630)?.kind, "layered");
  assertEquals(fileSystemOfMagic(0x01021997)?.kind, "foreign");
  // ext4
  assertEquals(fileSystemOfMagic(0xef53), undefined);
});

Deno.test("fileSystemOfMounts() takes the innermost mount, and the last of one place", () => {
  const mounts = [
    "27 1 254:0 / / rw shared:1 - ext4 /dev/vda1 rw",
    "40 27 0:50 / /home rw shared:2 master:1 - nfs4 server:/home rw",
    "41 27 0:51 / /mnt/my\\040share rw - cifs //server/share rw",
    "42 40 0:52 / /home/ann rw - tmpfs tmpfs rw",
    "43 42 0:53 / /home/ann rw - overlay overlay rw",
    "44 27 0:54 / /ro rw - ext4 /dev/vdb1 ro,errors=remount-ro",
    "45 27 254:0 / /bound ro,nosuid - ext4 /dev/vda1 rw",
    "",
  ].join("\n");
  const typeOf = (path: string) => fileSystemOfMounts(mounts, path)?.type;
  assertEquals(typeOf("/var/lib/reslock"), "ext4");
  assertEquals(typeOf("/home/bob/.reslock"), "nfs4");
  assertEquals(typeOf("/homes"), "ext4");
  assertEquals(typeOf("/mnt/my share"), "cifs");
  assertEquals(typeOf("/home/ann/.reslock"), "overlay");
  assertEquals(fileSystemOfMounts("", "/"), undefined);
  const readOnly = (path: string) => fileSystemOfMounts(mounts, path)?.readOnly;
  assertEquals([readOnly("/etc"), readOnly("/ro"), readOnly("/bound")], [
    false,
    true,
    true,
  ]);
});

Deno.test("fileSystemTrouble() names the directory, the type and the way out", () => {
  for (const type of ["nfs4", "9p", "fuseblk", "overlay"]) {
    const trouble = fileSystemTrouble(
      fileSystemOfType(type),
      "/home/ann/.reslock",
    )!;
    assertStringIncludes(trouble.what, '"/home/ann/.reslock"');
    assertStringIncludes(trouble.what, type);
    assertStringIncludes(trouble.advice, "RESLOCK_DIR");
  }
  assertEquals(fileSystemTrouble(fileSystemOfType("ext4"), "/x"), undefined);
});

Deno.test("readFileSystem() finds that of this machine's memory", async () => {
  if (
    fileSystemOfMounts(
      Deno.readTextFileSync("/proc/self/mountinfo"),
      "/dev/shm",
    )?.type !== "tmpfs"
  ) return;
  assertEquals((await readFileSystem("/dev/shm"))?.kind, "sound");
});

Deno.test({
  name: "readFileSystem() tells nothing without permission, and asks nobody",
  permissions: "none",
  fn: async () => assertEquals(await readFileSystem("/dev/shm"), undefined),
});
