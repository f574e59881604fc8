import { assertEquals } from "@std/assert";
import type { KernelFiles } from "../../lib/os/kernel_file.ts";
import { findLockHolder } from "../../lib/os/lock_holder.ts";

function kernel(files: Readonly<Record<string, string>>): KernelFiles {
  return {
    readable: true,
    read: (path) => files[path],
    list: () => [],
  };
}

const LOCKS = `\
1: POSIX  ADVISORY  WRITE 11 fe:00:77 0 EOF
2: FLOCK  ADVISORY  WRITE 12 fe:01:77 0 EOF
3: FLOCK  ADVISORY  WRITE 13 fe:00:78 0 EOF
3: -> FLOCK  ADVISORY  WRITE 14 fe:00:77 0 EOF
4: FLOCK  ADVISORY  READ  15 fe:00:77 0 EOF
5: FLOCK  ADVISORY  READ  16 fe:00:77 0 EOF
`;
const DEV = 0xfe * 2 ** 8;

Deno.test("findLockHolder() names the first who has the lock, not who waits for it", () => {
  const files = {
    "/proc/locks": LOCKS,
    "/proc/15/cmdline": "python\0train.py\0",
    "/proc/15/status": "Name:\tpython\nState:\tT (stopped)\n",
  };
  assertEquals(findLockHolder({ dev: DEV, ino: 77 }, kernel(files)), {
    pid: 15,
    command: '"python train.py"',
    isStopped: true,
  });
});

Deno.test("findLockHolder() shows a command that would steer the terminal", () => {
  const files = {
    "/proc/locks": LOCKS,
    "/proc/13/cmdline": `sh\0\x1b[2J${"x".repeat(90)}\0`,
    "/proc/13/status": "State:\tS (sleeping)\n",
  };
  const holder = findLockHolder({ dev: DEV, ino: 78 }, kernel(files));
  assertEquals(holder?.isStopped, false);
  assertEquals(holder?.command, `"sh \\u001b[2J${"x".repeat(53)}…"`);
});

Deno.test("findLockHolder() says nothing where the kernel does not", () => {
  assertEquals(findLockHolder({ dev: DEV, ino: 79 }, kernel({})), undefined);
  const noProcess = kernel({ "/proc/locks": LOCKS });
  assertEquals(findLockHolder({ dev: DEV, ino: 79 }, noProcess), undefined);
  assertEquals(findLockHolder({ dev: DEV, ino: 78 }, noProcess), {
    pid: 13,
    command: undefined,
    isStopped: false,
  });
});

for (
  const [what, dev, numbers] of [
    ["a usual device", 0xfe00, "fe:00"],
    ["a large minor number", 0x12000567, "5:12067"],
    ["the largest numbers", 0x500000000107, "5001:07"],
  ] as const
) {
  Deno.test(`findLockHolder() takes ${what} apart as the kernel does`, () => {
    const files = {
      "/proc/locks": `1: FLOCK  ADVISORY  WRITE 9 ${numbers}:5 0 EOF\n`,
    };
    assertEquals(findLockHolder({ dev, ino: 5 }, kernel(files))?.pid, 9);
  });
}
