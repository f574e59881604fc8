/**
 * Putting right what is harmless to put right.
 *
 * This may run as root in a directory that everybody may write to, so nothing is done
 * to a path that may be swapped between the look and the deed: modes are set on a file
 * that was opened without following links and found to be what it should be.
 *
 * @module
 */
import { keepCapacities } from "../capacities.ts";
import { quoted } from "../core/quoted.ts";
import { accessError } from "../os/paths.ts";
import type { Session } from "../session/session.ts";
import { deadOf } from "../session/undertaker.ts";
import { type Fix, modeText } from "./check.ts";

/** Does it; what was done, for people. */
export async function applyFix(
  fix: Fix,
  path: string,
  session: Session,
): Promise<string> {
  switch (fix.kind) {
    case "mode":
      await setMode(fix.path, fix.mode);
      return `Set the mode of ${quoted(fix.path)} to ${modeText(fix.mode)}`;
    case "directory":
      Deno.mkdirSync(fix.path);
      await setMode(fix.path, 0o1777);
      return `Made ${quoted(fix.path)}`;
    case "bury": {
      const dead = deadOf(await session.undertaker.examine({ patient: false }));
      if (!await session.undertaker.remove(dead)) {
        await session.undertaker.sweep();
      }
      return "Removed what dead processes have left";
    }
    case "copy":
      await keepCapacities(
        path,
        () => session.store.view(({ resources }) => new Map(resources)),
      );
      return "Wrote the copy of the capacities";
  }
}

async function setMode(path: string, mode: number): Promise<void> {
  const { openSync, closeSync, fstatSync, fchmodSync, constants } =
    await import("node:fs");
  let fd: number;
  try {
    fd = openSync(
      path,
      // Neither a link nor the other end of a FIFO may lead anywhere.
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
  } catch (error) {
    throw accessError("open", path, error);
  }
  try {
    const facts = fstatSync(fd);
    const isOne = facts.isDirectory() || (facts.isFile() && facts.nlink === 1);
    if (!isOne) throw new Error("it is a link or a special file");
    fchmodSync(fd, mode);
  } catch (error) {
    throw accessError("set the mode of", path, error);
  } finally {
    closeSync(fd);
  }
}
