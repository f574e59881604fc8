/**
 * What the kernel says about processes.
 *
 * @module
 */

/** A process and all that descend from it, the ones that are gone left out. */
export function processTree(pid: number): number[] {
  const children = threads(pid).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(" ").filter(Boolean)
  );
  return [pid, ...children.flatMap((child) => processTree(Number(child)))];
}

/**
 * CPU time that processes have used, in seconds.
 *
 * By the scheduler's own count: the one in `stat` has steps of 10 ms, which over a
 * hundred processes is more than is measured here.
 */
export function cpuSeconds(pids: readonly number[]): number {
  let nanoseconds = 0;
  for (const pid of pids) {
    for (const thread of threads(pid)) {
      const [used] = read(`/proc/${pid}/task/${thread}/schedstat`).split(" ");
      nanoseconds += Number(used);
    }
  }
  return nanoseconds / 1e9;
}

/** Memory of processes with their part of what they share, in MiB (PSS). */
export function memoryMiB(pids: readonly number[]): number {
  let kilobytes = 0;
  for (const pid of pids) {
    const rollup = read(`/proc/${pid}/smaps_rollup`);
    kilobytes += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
  }
  return kilobytes / 1024;
}

function threads(pid: number): string[] {
  try {
    return Array.from(
      Deno.readDirSync(`/proc/${pid}/task`),
      ({ name }) => name,
    );
  } catch {
    return []; // It has ended.
  }
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return ""; // It has ended.
  }
}

/** Kills what is still there of these. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    // 0 would be all of our own group, and 1 is nobody's to kill.
    if (!(pid > 1)) throw new RangeError(`Cannot kill the process ${pid}`);
    try {
      Deno.kill(pid, "SIGKILL");
    } catch {
      // It has ended.
    }
  }
}
