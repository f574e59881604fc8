/**
 * What a pool does beside leasing: looking, watching, and what operators do.
 *
 * A door, as `looks.ts` is one: it is loaded with the first call of any of these.
 *
 * @module
 */
export { keepCapacities } from "../capacities.ts";
export { explanationOf, statusOf } from "./looking.ts";
export {
  askBack,
  cancelRequest,
  changePriority,
  dropAll,
  releaseById,
  releaseByLabel,
} from "./steering.ts";
export { watchPool } from "./watching.ts";
