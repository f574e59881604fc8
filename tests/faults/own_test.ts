import { assert, assertNotEquals } from "@std/assert";
import { StateAccessError } from "../../mod.ts";
import { until } from "../support/processes.ts";
import { OWN_DEEDS } from "./own_deeds.ts";
import { rehearse, Trial, tryAllFaults } from "./trial.ts";

for (const deed of OWN_DEEDS) {
  Deno.test(`${deed.name} fails at any call without harm`, () =>
    tryAllFaults(deed));
}

Deno.test("acquire() whose write was reported as failed leaves nothing, without another call", async () => {
  const deed = OWN_DEEDS.find(({ name }) => name === "tryAcquire() granted")!;
  const { calls } = await rehearse(deed);
  await using trial = new Trial();
  const act = await trial.prepare(deed);
  const { meaning } = trial;
  // The write is the last call of all.
  trial.system.arm(calls, "short write");
  assert(await trial.act(act) instanceof StateAccessError);
  assertNotEquals(trial.meaning, meaning);
  trial.system.disarm();
  await until("it has looked again", () => trial.meaning === meaning);
  await trial.end();
});
