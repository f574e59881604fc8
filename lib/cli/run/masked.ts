/**
 * Keeps a request to the cards that the environment does not hide: any other would be
 * of no use to the command.
 *
 * @module
 */
import {
  detectGpus,
  type GpuInfo,
  type ResourcePool,
  type ResourceRequest,
} from "../../../mod.ts";
import { type Environment, isMasked, leftByMasks } from "./visible.ts";

/**
 * The cards of the pool that will do; `undefined` if all do, or none is known here.
 *
 * @throws {ExitError} if the environment hides all of them
 */
export async function cardsWithinMasks(
  pool: ResourcePool,
  request: ResourceRequest,
  inherited: Environment,
): Promise<readonly string[] | undefined> {
  const asksForCards = request.vram_mb !== undefined ||
    request.vram_mb_each !== undefined;
  if (!asksForCards || !isMasked(inherited)) return undefined;
  const { resources } = await pool.status({ explain: false });
  // A plain quantity is on no card that could be hidden.
  if ("vram_mb" in resources) return undefined;
  const gpus = (await detectGpus()).filter(({ uuid }: GpuInfo) =>
    `gpu_${uuid}_vram_mb` in resources
  );
  if (gpus.length === 0) return undefined;
  const left = leftByMasks(gpus, inherited);
  return left.length === gpus.length ? undefined : left;
}
