/**
 * A program that runs out of descriptors while it holds, waits and gives back: what it
 * then can do, and that it all comes right once it has some again. It prints a report.
 *
 * @module
 */
import { ResourcePool } from "../../mod.ts";
import { openFilesOf } from "./open_files.ts";
import { settle } from "./settled.ts";

/** How something went: `done`, or the error's name and message. */
export interface ExhaustedReport {
  /** What it tried without a descriptor to be had. */
  readonly short: Readonly<Record<string, string>>;
  /** What it tried so once it had done the same before. */
  readonly again: Readonly<Record<string, string>>;
  /** What it tried after it had some again. */
  readonly after: Readonly<Record<string, string>>;
  readonly leftOpen: readonly string[];
}

settle();
const [path] = Deno.args;
const pool = new ResourcePool({ path, onWarning: () => {} });
const first = await pool.acquire({ slot: 1 }, { label: "first" });
const second = await pool.acquire({ slot: 1 }, { label: "second" });

async function outcome(work: () => Promise<unknown>): Promise<string> {
  try {
    const value = await work();
    return value === null ? "null" : "done";
  } catch (error) {
    const { name, message } = error as Error;
    return `${name}: ${message}`;
  }
}

/** Opens files until the system refuses. */
function exhaust(): Disposable {
  const stack = new DisposableStack();
  for (;;) {
    try {
      stack.use(Deno.openSync("/dev/null"));
    } catch {
      return stack;
    }
  }
}

const short: Record<string, string> = {};
{
  using _files = exhaust();
  short.release = await outcome(() => first.release());
  short.another = await outcome(() =>
    new ResourcePool({ path, onWarning: () => {} }).status()
  );
  short.tryAcquire = await outcome(() => pool.tryAcquire({ slot: 9 }));
  short.acquire = await outcome(() =>
    pool.acquire({ slot: 9 }, { timeoutMs: 50 })
  );
  short.status = await outcome(() => pool.status());
}
await pool.status();
const again: Record<string, string> = {};
{
  using _files = exhaust();
  again.status = await outcome(() => pool.status());
}
const after: Record<string, string> = {
  acquire: await outcome(() => pool.acquire({ slot: 9 }, { timeoutMs: 50 })),
  tryAcquire: await outcome(() => pool.tryAcquire({ slot: 8 })),
  release: await outcome(() => second.release()),
  lost: await outcome(() => Promise.resolve(second.lost.throwIfAborted())),
  close: await outcome(() => pool.close()),
};
const report: ExhaustedReport = {
  short,
  again,
  after,
  leftOpen: openFilesOf(path),
};
console.log(JSON.stringify(report));
