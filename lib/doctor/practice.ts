/**
 * What `doctor.ts` loads: all of it together.
 *
 * @module
 */
export { diagnosePool } from "./diagnosis.ts";
export { readDamaged, recoverDamaged } from "./recovery.ts";
