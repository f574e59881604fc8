import { assert, assertRejects } from "@std/assert";
import {
  assertSteadyClock,
  nowMs,
  TimeoutError,
  unlessLate,
  within,
} from "../../../bench/harness/clock.ts";
import { call } from "../../../bench/harness/command.ts";

Deno.test("nowMs() is what another process reads", async () => {
  const before = nowMs();
  const nanoseconds = await call("date", ["+%s%N"]);
  const after = nowMs();
  const there = Number(nanoseconds) / 1e6;
  // Each was read between the other two, but for their own resolution.
  assert(before - 0.1 < there && there < after + 0.1, `${there - before}`);
  assertSteadyClock();
});

Deno.test("within() names what took too long", async () => {
  const { promise } = Promise.withResolvers<void>();
  await assertRejects(
    () => within(1, "The grant", promise),
    TimeoutError,
    "The grant took over 1 ms",
  );
});

Deno.test("unlessLate() gives the value, the error, or nothing", async () => {
  const { promise } = Promise.withResolvers<number>();
  assert(await unlessLate(1, promise) === undefined);
  assert(await unlessLate(1000, Promise.resolve(7)) === 7);
  const failure = () => unlessLate(1000, Promise.reject(new Error("broken")));
  await assertRejects(failure, Error, "broken");
});
