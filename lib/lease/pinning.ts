/**
 * Cores of its own for a lease: chosen, and noted in a file beside the state.
 *
 * Invariants:
 * (1) A note counts only while its lease is in the state: what the dead were pinned to
 *     is free when their leases are.
 * (2) Leases are looked up and cores are chosen under the lock of the file, so that no
 *     two choose at once.
 *
 * @module
 */
import { LockTimeoutError } from "../core/errors.ts";
import {
  chooseCores,
  formatPins,
  parseCpuList,
  parsePins,
  type Pin,
} from "../core/pins.ts";
import { quoted } from "../core/quoted.ts";
import { openSharedFile, type SharedFile } from "../os/file.ts";
import { type KernelFiles, systemKernelFiles } from "../os/kernel_file.ts";
import { createFile } from "../os/paths.ts";

/** The cores that a lease was given. */
export interface ClaimedCores {
  /** Their numbers; fewer than the lease holds where no more may be used here. */
  readonly cores: readonly number[];
  /** How many of them other leases are pinned to as well, for want of free ones. */
  readonly shared: number;
}

/** What is asked for. */
export interface CoreClaim {
  readonly leaseId: string;
  readonly count: number;
  /** The ids of all leases, read when it is called. */
  readonly leases: () => Promise<ReadonlySet<string>>;
}

const LOCK_TIMEOUT_MS = 5000;
const RETRY_MS = 5;
/** Many times what the leases of a large machine need. */
const MAX_BYTES = 262_144;

/** The cores that this process may use; `undefined` where that is not told. */
export function allowedCores(
  files: KernelFiles = systemKernelFiles,
): number[] | undefined {
  const status = files.read("/proc/self/status") ?? "";
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1];
  return list === undefined ? undefined : parseCpuList(list);
}

/**
 * Chooses cores for a lease, and notes them for others.
 *
 * @throws {LockTimeoutError} if a stopped process has the file locked
 * @throws {StateAccessError} if the file cannot be used
 */
export async function claimCores(
  path: string,
  { leaseId, count, leases }: CoreClaim,
  allowed: readonly number[],
): Promise<ClaimedCores> {
  using file = open(path);
  await lock(file, path);
  try {
    const bytes = new Uint8Array(Math.min(file.stat().length, MAX_BYTES));
    const length = file.read(bytes);
    const noted = parsePins(
      new TextDecoder().decode(bytes.subarray(0, length)),
    );
    const held = await leases();
    const others = noted.filter((pin) =>
      pin.leaseId !== leaseId && held.has(pin.leaseId)
    );
    const claimed = chooseCores(count, allowed, others);
    write(file, [...others, { leaseId, cores: claimed.cores }], length);
    return claimed;
  } finally {
    file.unlock();
  }
}

function open(path: string): SharedFile {
  try {
    return openSharedFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    createFile(path, new Uint8Array());
    return openSharedFile(path);
  }
}

async function lock(file: SharedFile, path: string): Promise<void> {
  const since = performance.now();
  while (!file.tryLock(true)) {
    const waitedMs = Math.round(performance.now() - since);
    if (waitedMs > LOCK_TIMEOUT_MS) {
      throw new LockTimeoutError(
        `Cannot lock ${
          quoted(path)
        } as another process holds it for more than ` +
          `${LOCK_TIMEOUT_MS} ms: see who with "fuser -v", and continue or end it`,
        { path, waitedMs },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** One write, over what was there: cut off, it leaves lines that are no pins. */
function write(
  file: SharedFile,
  pins: readonly Pin[],
  before: number,
): void {
  const text = formatPins(pins);
  file.write(new TextEncoder().encode(text.padEnd(before, "\n")), 0);
}
