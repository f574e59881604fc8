import { assertEquals } from "@std/assert";
import { adviceOf } from "../../lib/cli/advice.ts";
import { overviewOf } from "../../lib/cli/overview.ts";
import type { EntryStatus, LeaseStatus, Obstacle } from "../../mod.ts";
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

Deno.test("adviceOf() sets the capacity that is waited for, or else cancels", () => {
  const cancel = "reslock cancel p0o9i8";
  const cases: [Obstacle, string[]][] = [
    [
      { resource: "newres", requested: 1, capacity: undefined },
      ["reslock set newres 1", cancel],
    ],
    [
      { resource: "slots", requested: 4, capacity: 2 },
      ["reslock set slots 4", cancel],
    ],
    [
      { resource: "ram_mb", requested: 8192, capacity: 1024 },
      ["reslock set ram_mb 8G", cancel],
    ],
    [
      { resource: "scratch_mb", requested: 1000, capacity: undefined },
      ["reslock set scratch_mb 1000M", cancel],
    ],
    [
      { resource: "cpu_cores", requested: 4, capacity: undefined },
      ["reslock init", cancel],
    ],
    [
      { resource: "vram_mb", requested: 4, capacity: undefined, slot: 1 },
      ["reslock init", cancel],
    ],
    [{ resource: "vram_mb", requested: 9, capacity: 4, slot: 0 }, [cancel]],
    // Nobody is told to paste what others wrote.
    [
      { resource: "$(reboot)", requested: 1, capacity: undefined },
      [cancel],
    ],
    [{ resource: "-a", requested: 1, capacity: undefined }, [cancel]],
  ];
  for (const [obstacle, wanted] of cases) {
    const why = {
      ...SAMPLE_POOL.queue[0].why!,
      verdict: "impossible" as const,
      obstacle,
    };
    assertEquals(advice({}, { why }), wanted);
    assertEquals(
      advice({}, { why, native: false }),
      wanted.filter((command) => command !== cancel),
    );
  }
  assertEquals(advice({}, { why: null }), []);
});
