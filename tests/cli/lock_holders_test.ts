import { assertEquals } from "@std/assert";
import {
  deviceText,
  LockHolders,
  parseLocks,
} from "../../lib/cli/lock_holders.ts";
import { Folder, lockerOf, works } from "../support/processes.ts";

Deno.test("parseLocks() finds who has the lock of a whole file", () => {
  const locks = parseLocks(
    "1: POSIX  ADVISORY  READ 17 fe:00:100 128 128\n" +
      "2: FLOCK  ADVISORY  WRITE 26336 fe:00:10077243 0 EOF\n" +
      "2: -> FLOCK  ADVISORY  WRITE 26337 fe:00:10077243 0 EOF\n" +
      "3: FLOCK  ADVISORY  WRITE 0 00:1d:55 0 EOF\n" +
      "lock:\t4: FLOCK  ADVISORY  READ  9 00:1d:56 0 EOF\n",
  );
  assertEquals(
    locks.map(({ kind, pid, device, inode }) => [kind, pid, device, inode]),
    [["WRITE", 26336, "fe:00", "10077243"], ["READ", 9, "00:1d", "56"]],
  );
});

Deno.test("deviceText() writes the device of a file as a list of locks does", () => {
  assertEquals(deviceText(0xfe00), "fe:00");
  assertEquals(deviceText(0x1d), "00:1d");
  assertEquals(deviceText(0x10301), "103:01");
  assertEquals(deviceText(0x100802), "08:102");
});

Deno.test({
  name:
    "LockHolders.find() tells who has a file locked in this way, and nobody else",
  ignore: !await works("flock", "--version"),
  async fn() {
    using folder = new Folder();
    const path = `${folder.path}/file`;
    Deno.writeTextFileSync(path, "");
    const find = (...likely: number[]) =>
      new LockHolders().find(path, "WRITE", likely);
    assertEquals(find(Deno.pid), undefined);
    await using locker = await lockerOf(path);
    assertEquals(find(), locker.pid);
    assertEquals(find(locker.pid), locker.pid);
    assertEquals(find(Deno.pid), locker.pid);
    // As somebody who only looks whether it is locked.
    assertEquals(new LockHolders().find(path, "READ", []), undefined);
    assertEquals(
      new LockHolders().find(`${path}.c`, "WRITE", [Deno.pid]),
      undefined,
    );
  },
});
