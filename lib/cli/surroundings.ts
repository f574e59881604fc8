/**
 * What the views of a pool show beside its state.
 *
 * @module
 */
import type { PoolStatus } from "../../mod.ts";
import type { Surroundings } from "./overview.ts";
import { capacitiesLeft } from "./pool.ts";
import { registryOf } from "./who.ts";

/** Looks for it, each time anew. */
export async function surroundingsOf(
  { path, resources }: Pick<PoolStatus, "path" | "resources">,
): Promise<Required<Surroundings>> {
  const isEmpty = Object.keys(resources).length === 0;
  // Of whatever is wrong with the file by now, the next look tells.
  const left = isEmpty ? await capacitiesLeft(path).catch(() => ({})) : {};
  return {
    registry: registryOf(path),
    isMissing: isMissing(path),
    leftCount: Object.keys(left).length,
  };
}

function isMissing(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return false;
  } catch (error) {
    // Of whatever else is wrong with it, who opens it is told.
    return error instanceof Deno.errors.NotFound;
  }
}
