import { assertEquals, assertRejects } from "@std/assert";
import { applyFix } from "../../lib/doctor/fix.ts";
import { Session } from "../../lib/session/session.ts";
import { StateAccessError } from "../../mod.ts";
import { Folder, runTool } from "../support/processes.ts";

const MODE = 0o666;

async function setMode(folder: Folder, path: string): Promise<string> {
  const session = new Session(folder.state, {
    lockTimeoutMs: 1000,
    onWarning: () => {},
    driverCheck: false,
    rule: "path",
  });
  try {
    return await applyFix({ kind: "mode", path, mode: MODE }, path, session);
  } finally {
    await session.close();
  }
}

function modeOf(path: string): number {
  return Deno.statSync(path).mode! & 0o7777;
}

Deno.test("applyFix() sets the mode of a file, and of a directory", async () => {
  using folder = new Folder();
  for (const name of ["file", "directory"]) {
    const path = `${folder.path}/${name}`;
    if (name === "file") Deno.writeTextFileSync(path, "");
    else Deno.mkdirSync(path);
    Deno.chmodSync(path, 0o600);
    assertEquals(
      await setMode(folder, path),
      `Set the mode of "${path}" to 666`,
    );
    assertEquals(modeOf(path), MODE);
  }
});

Deno.test("applyFix() sets no mode of what a link leads to, or that has another name", async () => {
  using folder = new Folder();
  const victim = `${folder.path}/victim`;
  Deno.writeTextFileSync(victim, "");
  Deno.chmodSync(victim, 0o600);
  const link = `${folder.path}/link`;
  Deno.symlinkSync(victim, link);
  await assertRejects(() => setMode(folder, link), StateAccessError, link);
  assertEquals(modeOf(victim), 0o600);
  const other = `${folder.path}/other`;
  Deno.linkSync(victim, other);
  await assertRejects(
    () => setMode(folder, other),
    StateAccessError,
    "it is a link or a special file",
  );
  assertEquals(modeOf(victim), 0o600);
});

// One that waits for the other end of it would never come back.
Deno.test("applyFix() neither waits for a FIFO nor opens it to all", async () => {
  using folder = new Folder();
  const fifo = `${folder.path}/fifo`;
  await runTool("mkfifo", "-m", "600", fifo);
  await assertRejects(
    () => setMode(folder, fifo),
    StateAccessError,
    "it is a link or a special file",
  );
  assertEquals(modeOf(fifo), 0o600);
});
