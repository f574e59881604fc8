/**
 * The pool of a command, opened for as long as it works.
 *
 * @module
 */
import { type AmountsByName, ResourcePool, salvage } from "../../mod.ts";
import type { GlobalOptions, Io } from "./context.ts";
import { visible } from "./text.ts";

/** Says something beside the data. What cannot be said stops nobody. */
export function say(io: Io, message: string): void {
  try {
    io.writeError(`reslock: ${visible(message)}\n`);
  } catch {
    // Standard error is closed: whoever closed it does not want to know.
  }
}

/** Opens the pool that is meant and closes it when the work is done. */
export async function withPool<T>(
  { state, quiet, driverCheck }: GlobalOptions & {
    readonly quiet?: boolean;
    readonly driverCheck?: boolean;
  },
  work: (pool: ResourcePool) => Promise<T>,
): Promise<T> {
  await using pool = new ResourcePool({
    path: state,
    driverCheck,
    history: Deno.env.get("RESLOCK_HISTORY") !== "off",
    ...(quiet && { onWarning: () => {} }),
  });
  return await work(pool);
}

/**
 * The capacities of a pool whose state file is gone or was emptied, as the copy beside it
 * has them; none where all is well.
 */
export async function capacitiesLeft(path: string): Promise<AmountsByName> {
  const left = await salvage({ path });
  return left?.capacitiesFrom === "copy" ? left.pool.resources : {};
}
