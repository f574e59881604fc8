import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { PoolState } from "../../lib/core/state.ts";
import { Pauses } from "../../lib/store/pauses.ts";

function begin() {
  const time = new FakeTime(1000);
  const clock = { wallMs: () => 0, monotonicMs: () => time.now };
  return { time, pauses: new Pauses(clock) };
}

Deno.test("a loop lets the program breathe now and then", () => {
  const { time, pauses } = begin();
  using _ = time;
  assert(!pauses.mustBreathe(), "the first call comes from the program");
  time.tick(19);
  assert(!pauses.mustBreathe());
  time.tick(1);
  assert(pauses.mustBreathe());
  assert(!pauses.mustBreathe(), "it has");
  time.tick(20);
  pauses.noteTurn();
  assert(!pauses.mustBreathe(), "it comes from the event loop");
});

Deno.test("the file rests for Python clients alone, twice as long as it was held", async () => {
  const { time, pauses } = begin();
  using _ = time;
  const state = new PoolState();
  const hold = (ms: number, foreign: boolean) => {
    pauses.noteRead(foreign);
    time.tick(ms);
    pauses.planRest(state);
  };
  hold(5, false);
  assert(!pauses.mayRest);
  hold(5, true);
  assert(pauses.mayRest);
  const restsFor = async () => {
    const since = time.now;
    let restedMs = -1;
    const rested = pauses.rest().then(() => restedMs = time.now - since);
    while (restedMs < 0 && time.now - since < 100) await time.tickAsync(1);
    await rested;
    return restedMs;
  };
  assertEquals(await restsFor(), 10);
  hold(5000, true);
  assertEquals(
    await restsFor(),
    20,
    "who was put off the processor rests shorter",
  );
  time.tick(60_001);
  hold(5, false);
  const since = time.now;
  await pauses.rest();
  assertEquals(time.now, since, "they have been gone for long");
});
