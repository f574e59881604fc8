/**
 * `reslock` alone: the pool in short, and how to go on.
 *
 * @module
 */
import { type Context, type GlobalOptions, viewOf } from "./context.ts";
import { withPool } from "./pool.ts";
import { renderSummary } from "./render_pool.ts";

/** Shows it. */
export async function showSummary(
  options: GlobalOptions,
  { io }: Context,
): Promise<void> {
  const status = await withPool(
    options,
    (pool) => pool.status({ explain: false }),
  );
  io.writeOut(renderSummary(status, viewOf(io)));
}
