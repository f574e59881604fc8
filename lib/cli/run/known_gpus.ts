/**
 * The cards of this machine, for a request and then for its command.
 *
 * @module
 */
import { detectGpus, GpuDetectionError, type GpuInfo } from "../../../mod.ts";

/** The cards as the tools of the drivers tell; undefined where none tells of any. */
export type KnownGpus = () => Promise<readonly GpuInfo[] | undefined>;

/**
 * Asks the tools whenever they are needed, until they fail: a slow driver need not be
 * waited for twice, and what a request was made by has to hold for its command.
 */
export function gpusKnownHere(): KnownGpus {
  let areTold = true;
  return async () => {
    const gpus = areTold ? await detectedGpus() : [];
    areTold = gpus.length > 0;
    return areTold ? gpus : undefined;
  };
}

/** The cards of this machine; none where a driver is broken, which stops nobody. */
export async function detectedGpus(): Promise<readonly GpuInfo[]> {
  try {
    return await detectGpus();
  } catch (error) {
    if (!(error instanceof GpuDetectionError)) throw error;
    return [];
  }
}
