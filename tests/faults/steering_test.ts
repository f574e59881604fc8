import { STEERING_DEEDS } from "./steering_deeds.ts";
import { tryAllFaults } from "./trial.ts";

for (const deed of STEERING_DEEDS) {
  Deno.test(`${deed.name} fails at any call without harm`, () =>
    tryAllFaults(deed));
}
