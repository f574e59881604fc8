/**
 * What a process has open, as the kernel lists it.
 *
 * @module
 */
import { until, watchesOf } from "./processes.ts";

/** Files of a pool that a process has open, each once for each descriptor. */
export function openFilesOf(state: string, pid = Deno.pid): string[] {
  const found: string[] = [];
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
    try {
      const path = Deno.readLinkSync(`/proc/${pid}/fd/${name}`);
      if (path.startsWith(state)) found.push(path);
    } catch {
      // The descriptor with which the folder is read is gone by now.
    }
  }
  return found.sort();
}

/** Fails if this process has a file of the pool open, or watches anything. */
export async function assertNothingOpen(state: string): Promise<void> {
  const open = openFilesOf(state);
  if (open.length > 0) throw new Error(`Left open: ${open.join(", ")}`);
  // Another thread takes the watches down.
  await until("nothing is watched", () => watchesOf(Deno.pid) === 0);
}
