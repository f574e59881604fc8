/**
 * All that asks the machine about itself: cards and their processes, disks, and what
 * leases really use.
 *
 * A door: whoever needs one of these loads them together, and with a literal name, so
 * that Deno knows them beforehand. Each door more would cost every program that has
 * none of them open.
 *
 * @module
 */
export { onMounts } from "./mounts.ts";
export { detectResources } from "./os/detection.ts";
export { detectGpus, gpuSources, surveyProcesses } from "./os/gpu.ts";
export { openDriver, readDiskFree, seenCards, sightOf } from "./outlook.ts";
export { factsOf, measureOwn, measureUsage, usageIn } from "./usage.ts";
