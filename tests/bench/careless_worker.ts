/** A worker that grants everything to everybody. */
import { serve } from "../../bench/contenders/worker.ts";

await serve(() => ({
  acquire: () => Promise.resolve({ release: () => {} }),
  [Symbol.asyncDispose]: () => Promise.resolve(),
}));
