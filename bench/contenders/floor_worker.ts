/**
 * Workers that do less than any tool with a queue has to, as a measure for those that
 * do it all.
 *
 * @module
 */
import { type Held, type Lock, serve, type WorkerOptions } from "./worker.ts";

/** Blocks in the kernel, and with it this whole program, until the file is free. */
function openFile({ path }: WorkerOptions): Lock {
  const file = Deno.openSync(path, { read: true, write: true });
  return {
    acquire(_wish, onQueued): Promise<Held> {
      if (!file.tryLockSync(true)) {
        onQueued();
        file.lockSync(true);
      }
      return Promise.resolve({ release: () => file.unlockSync() });
    },
    [Symbol.asyncDispose]() {
      file.close();
      return Promise.resolve();
    },
  };
}

await serve(openFile);
