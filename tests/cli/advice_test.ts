import { assertEquals } from "@std/assert";
import { adviceOf } from "../../lib/cli/advice.ts";
import { overviewOf } from "../../lib/cli/overview.ts";
import type { EntryStatus, LeaseStatus } from "../../mod.ts";
import { SAMPLE_POOL } from "./sample_pool.ts";

/** What would help the sample with another first lease and last waiter. */
function advice(
  lease: Partial<LeaseStatus>,
  waiter: Partial<EntryStatus>,
): string[] {
  const [first, , ...others] = SAMPLE_POOL.leases;
  const [whisper] = SAMPLE_POOL.queue;
  const status = {
    ...SAMPLE_POOL,
    leases: [{ ...first, ...lease }, ...others],
    queue: [{ ...whisper, ...waiter }],
  };
  return adviceOf(overviewOf(status)).map(({ command }) => command);
}

Deno.test("adviceOf() raises a priority where that has a lease asked back", () => {
  const idle = { reclaimRequested: false, priority: 20 };
  assertEquals(advice(idle, {}), ["reslock priority p0o9i8 21"]);
  assertEquals(advice({ ...idle, busy: true }, {}), []);
  assertEquals(advice({ ...idle, reclaimable: false }, {}), []);
  // It is asked back without anybody's help.
  assertEquals(advice({ ...idle, priority: 19 }, {}), []);
  assertEquals(advice({ ...idle, reclaimRequested: true }, {}), []);
});

Deno.test("adviceOf() releases what nobody may have any more", () => {
  assertEquals(advice({ owner: "unknown" }, {}), ["reslock release k3v9x2"]);
});

Deno.test("adviceOf() cancels what can never start", () => {
  const why = {
    ...SAMPLE_POOL.queue[0].why!,
    verdict: "impossible" as const,
  };
  assertEquals(advice({}, { why }), ["reslock cancel p0o9i8"]);
  assertEquals(advice({}, { why: null }), []);
});
