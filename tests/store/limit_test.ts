import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Limit } from "../../lib/store/limit.ts";

const tooLate = (waitedMs: number) => new Error(`too late: ${waitedMs}`);
const never = new Promise<void>(() => {});

Deno.test("Limit.over resolves in time, and check() throws from then on", async () => {
  using limit = new Limit({ timeoutMs: 5, tooLate });
  limit.check();
  await limit.over;
  const error = assertThrows(() => limit.check(), Error, "too late: ");
  assert(Number(error.message.split(": ")[1]) >= 4);
});

Deno.test("Limit.over resolves when it is called off, before or after it is asked for", async () => {
  for (const isBefore of [true, false]) {
    const off = new AbortController();
    using limit = new Limit({ signal: off.signal, tooLate });
    if (!isBefore) void limit.over;
    off.abort(new Error("off"));
    await limit.over;
    assertThrows(() => limit.check(), Error, "off");
  }
});

Deno.test("Limit.end() ends it", async () => {
  using limit = new Limit({ tooLate });
  const { over } = limit;
  limit.end();
  await over;
  assertThrows(() => limit.check(), Error, "too late");
});

Deno.test("Limit.during() passes on what comes in time, and throws what comes first", async () => {
  using endless = new Limit({ tooLate });
  assertEquals(await endless.during(Promise.resolve(1)), 1);
  const failed = Promise.reject(new Error("failed"));
  using limit = new Limit({ timeoutMs: 5, tooLate });
  assertEquals(await limit.during(Promise.resolve(1)), 1);
  await assertRejects(() => limit.during(failed), Error, "failed");
  await assertRejects(() => limit.during(never), Error, "too late");
});
