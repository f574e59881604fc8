/**
 * A copy of the capacities beside the state file.
 *
 * The state is not brought to the disk's platters, as leases do not outlive a power
 * failure; capacities do, and were typed by people. So they are kept in a file of
 * their own, after the change and outside of the lock. Only a recovery reads it.
 *
 * @module
 */
import { decodeAmounts, encodeAmounts } from "./core/codec.ts";
import type { Amounts } from "./core/model.ts";
import { sleep } from "./os/clock.ts";
import { openRegular, unlockAndClose } from "./os/file.ts";
import { accessError, capacitiesPath, createFile } from "./os/paths.ts";

const LOCK_EVERY_MS = 2;
const LOCK_FOR_MS = 1000;
const MAX_BYTES = 1024 * 1024;
const encoder = new TextEncoder();

/**
 * Brings the copy up to date.
 *
 * @param look reads the capacities as they are now
 * @throws {StateAccessError} if the copy cannot be written
 */
export async function keepCapacities(
  statePath: string,
  look: () => Promise<Amounts>,
): Promise<void> {
  const path = capacitiesPath(statePath);
  let file = openToWrite(path);
  if (file === undefined) {
    createFile(path, encode(await look(), 0));
    file = openToWrite(path);
  }
  if (file === undefined) {
    throw accessError("write", path, "it is not a file of its own");
  }
  try {
    // Of two who changed something at once, the later one must write the later state.
    await lock(file);
    const length = file.statSync().size;
    const bytes = encode(await look(), Math.min(length, MAX_BYTES));
    for (let done = 0; done < bytes.length;) {
      done += file.writeSync(bytes.subarray(done));
    }
    await file.syncData();
  } catch (error) {
    throw accessError("write", path, error);
  } finally {
    unlockAndClose(file);
  }
}

/** The copy, or undefined if there is none that can be read. */
export function readCapacities(statePath: string): Amounts | undefined {
  const file = openRegular(capacitiesPath(statePath), { read: true });
  if (file === undefined) return undefined;
  try {
    const bytes = new Uint8Array(Math.min(file.statSync().size, MAX_BYTES));
    let length = 0;
    for (;;) {
      const count = file.readSync(bytes.subarray(length));
      if (count === null || count === 0) break;
      length += count;
    }
    const text = new TextDecoder("utf-8", { fatal: true })
      .decode(bytes.subarray(0, length));
    return decodeAmounts(text, statePath);
  } catch {
    // Written halfway when the power failed, or by somebody else.
    return undefined;
  } finally {
    file.close();
  }
}

function openToWrite(path: string): Deno.FsFile | undefined {
  const file = openRegular(path, { read: true, write: true });
  if (file === undefined || file.statSync().nlink === 1) return file;
  // Another name of a file that must not be written to.
  file.close();
  return undefined;
}

async function lock(file: Deno.FsFile): Promise<void> {
  const since = performance.now();
  while (!file.tryLockSync(true)) {
    if (performance.now() - since > LOCK_FOR_MS) {
      throw new Error("others keep it locked");
    }
    await sleep(LOCK_EVERY_MS);
  }
}

/** One text of at least so many bytes, so that nothing of an older one stays behind. */
function encode(amounts: Amounts, length: number): Uint8Array {
  const text = encoder.encode(`${encodeAmounts(amounts)}\n`);
  if (text.length >= length) return text;
  const padded = new Uint8Array(length).fill(0x20);
  padded.set(text.subarray(0, -1));
  padded[length - 1] = 0x0a;
  return padded;
}
