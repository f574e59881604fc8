/**
 * Files that another user exchanges for FIFOs between the look at them and the opening.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { openRegular, openSharedFile } from "../../lib/os/file.ts";
import { probeLock } from "../../lib/os/owner_lock.ts";
import { ROOT } from "../support/deno.ts";
import { Folder, Program, within } from "../support/processes.ts";

/** Of nobody here, and not root's. */
const STRANGER = 61_009;
const PROMPT_MS = 5000;

/** Makes the files of a test seem to be a stranger's until the end of its scope. */
function ofStranger(): Disposable {
  const real = Deno.lstatSync;
  Deno.lstatSync = (path) => ({ ...real(path), uid: STRANGER });
  return { [Symbol.dispose]: () => void (Deno.lstatSync = real) };
}

Deno.test("openRegular() opens the very file of another user, and its lock tells who lives", () => {
  using folder = new Folder();
  const path = `${folder.path}/file`;
  Deno.writeTextFileSync(path, "theirs");
  using _stranger = ofStranger();
  using file = openRegular(path, { read: true });
  const bytes = new Uint8Array(10);
  assertEquals(file?.readSync(bytes), 6);
  using holder = Deno.openSync(path);
  assert(holder.tryLockSync(true));
  assertEquals(probeLock(path), "held");
  holder.unlockSync();
  assertEquals(probeLock(path), "free");
});

Deno.test("openSharedFile() opens the file of another user to read it", () => {
  using folder = new Folder();
  Deno.writeTextFileSync(folder.state, "{}");
  using _stranger = ofStranger();
  using file = openSharedFile(folder.state, { write: false });
  assertEquals(file.read(new Uint8Array(10)), 2);
  assert(file.isNamed());
});

/** What is opened, and how it ends where a FIFO is there by then. */
const OPENINGS = {
  "openRegular(path, { read: true })": "undefined",
  "openRegular(path, { read: true, write: true })": "undefined",
  "openRegular(path, { read: true, append: true })": "undefined",
  "openSharedFile(path)": "StateAccessError",
  "openSharedFile(path, { write: false })": "StateAccessError",
} as const;

for (const [opening, expected] of Object.entries(OPENINGS)) {
  Deno.test(`${opening} waits for no FIFO that has come since its look`, async () => {
    using folder = new Folder();
    const path = `${folder.path}/file`;
    const program = `${folder.path}/program.ts`;
    // A program of its own: one that waits there cannot be called off.
    Deno.writeTextFileSync(
      program,
      `import { openRegular, openSharedFile } from "${ROOT}lib/os/file.ts";
      const path = ${JSON.stringify(path)};
      Deno.writeTextFileSync(path, "");
      const real = Deno.lstatSync;
      Deno.lstatSync = (looked) => {
        Deno.lstatSync = real;
        const facts = real(looked);
        Deno.removeSync(path);
        new Deno.Command("mkfifo", { args: [path] }).outputSync();
        return { ...facts, uid: ${STRANGER} };
      };
      try {
        console.log(String(${opening}));
      } catch (error) {
        console.log(error.name);
      }`,
    );
    await using running = Program.start(program);
    const answer = await within("an answer", PROMPT_MS, running.expectLine());
    assertEquals(answer, expected);
  });
}
