import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  checkFileSystem,
  checkLocks,
  checkWatches,
} from "../../lib/doctor/ground.ts";
import { fileSystemOfType } from "../../lib/os/file_system.ts";
import { facts, folder, said, STATE, system } from "./made_up_system.ts";

Deno.test("checkFileSystem() judges the kind and the room", async () => {
  const levelOf = async (type: string) =>
    (await checkFileSystem(
      system({ fileSystem: () => Promise.resolve(fileSystemOfType(type)) }),
    )).level;
  assertEquals(await levelOf("ext4"), "ok");
  assertEquals(await levelOf("nfs4"), "problem");
  assertEquals(await levelOf("9p"), "problem");
  assertEquals(await levelOf("fuse.mergerfs"), "warning");
  assertEquals(await levelOf("overlay"), "warning");
  const untold = system({ fileSystem: () => Promise.resolve(undefined) });
  assertEquals((await checkFileSystem(untold)).level, "warning");
  const room = async (kib: number) => {
    const freeBytes = () => Promise.resolve(kib * 1024);
    return said(await checkFileSystem(system({ freeBytes })))[0];
  };
  assertStringIncludes(await room(0), "problem: The disk of");
  assertStringIncludes(await room(1012), "nearly full (1012 KB free)");
  assertEquals(await room(1024), "ok: It is local (ext4, 1 MB free)");
  const readOnly = { ...fileSystemOfType("ext4"), readOnly: true };
  const mounted = system({ fileSystem: () => Promise.resolve(readOnly) });
  assertStringIncludes((await checkFileSystem(mounted)).message, "read-only");
});

Deno.test("checkLocks() finds locks that keep nobody out", () => {
  assertEquals(checkLocks(system()).level, "ok");
  assertEquals(
    checkLocks(system({ tryLocks: () => "broken" })).level,
    "problem",
  );
  assertEquals(
    checkLocks(system({ tryLocks: () => "untried" })).level,
    "warning",
  );
  assertEquals(checkLocks(system({ files: {} })).level, "ok");
});

Deno.test("checkLocks() names the stopped process that all wait for", () => {
  const holder = { pid: 4242, command: '"python train.py"', isStopped: true };
  const { level, message, advice } = checkLocks(
    system({ lockHolder: () => holder }),
  );
  assertEquals(level, "problem");
  assertStringIncludes(message, 'Process 4242 ("python train.py")');
  assertStringIncludes(advice, "kill -CONT 4242");
  const running = { ...holder, isStopped: false };
  assertEquals(checkLocks(system({ lockHolder: () => running })).level, "ok");
});

/** A machine with a process of ours and one of another user, which watch. */
function watching(
  limit: string,
  result: "works" | "deaf" | "none" | "untried",
) {
  return system({
    files: {
      "/pool": folder(),
      [STATE]: facts(),
      "/proc/11": folder({ uid: 1000 }),
      "/proc/11/fd/3": facts(),
      "/proc/11/fd/4": facts(),
      "/proc/12": folder({ uid: 1001 }),
      "/proc/12/fd/3": facts(),
    },
    text: () => `${limit}\n`,
    linkOf: (path) => path.endsWith("/3") ? "anon_inode:inotify" : "/dev/null",
    tryWatch: () => Promise.resolve(result),
  });
}

Deno.test("checkWatches() counts those of this user, and says when few are left", async () => {
  const many = await checkWatches(watching("128", "works"));
  assertEquals(said(many), [
    "ok: A write is heard of at once (1 of 128 inotify instances of this user " +
    "are in use)",
  ]);
  const few = await checkWatches(watching("4", "works"));
  assertEquals(few.level, "warning");
  assertStringIncludes(few.advice, "max_user_instances");
});

Deno.test("checkWatches() says what comes of none, of deaf ones, and of none tried", async () => {
  for (const result of ["none", "deaf", "untried"] as const) {
    assertEquals(
      (await checkWatches(watching("128", result))).level,
      "warning",
    );
  }
});
