import { assertEquals, assertMatch } from "@std/assert";
import type { PoolEvent } from "../../mod.ts";
import { renderEvent } from "../../lib/cli/render_events.ts";
import { SAMPLE_POOL } from "./sample_pool.ts";

const [lease, , hostile] = SAMPLE_POOL.leases;
const [entry] = SAMPLE_POOL.queue;

/** The line of an event, without its time. */
function line(event: Record<string, unknown>): string {
  const text = renderEvent(
    { at: "2026-11-23T21:15:21.000Z", ...event } as PoolEvent,
  );
  assertEquals([...text.matchAll(/\n/g)].length, 1);
  return text.trimEnd().replace(/^\d\d:\d\d:\d\d {2}/, "");
}

Deno.test("renderEvent() has a line for each event", () => {
  assertEquals(
    [
      line({ type: "state", status: SAMPLE_POOL }),
      line({ type: "queued", entry }),
      line({ type: "cancelled", entry }),
      line({ type: "granted", lease: { ...lease, waitSec: 83 } }),
      line({ type: "released", lease }),
      line({ type: "died", lease }),
      line({ type: "reclaim-requested", lease }),
      line({ type: "reclaim-withdrawn", lease }),
      line({
        type: "priority-changed",
        kind: "lease",
        id: "abc-4",
        label: null,
        before: 0,
        priority: -5,
      }),
      line({
        type: "capacity-changed",
        name: "ram_mb",
        before: null,
        capacity: 2048,
      }),
    ],
    [
      "watching /home/ada/.reslock/state.json: 4 leases, 3 waiting",
      "waits: p0o9i8u7y6-8 (whisper), vram 2 x 20 GB, ram_mb 8 GB",
      "left the queue: p0o9i8u7y6-8 (whisper), vram 2 x 20 GB, ram_mb 8 GB",
      "granted: k3v9x2m1qa-4 (llama-70b), gpu 1a2b3c4d 23.4 GB, ram_mb 16 GB, " +
      "after 1m23s",
      "released: k3v9x2m1qa-4 (llama-70b), gpu 1a2b3c4d 23.4 GB, ram_mb 16 GB",
      "holder died: k3v9x2m1qa-4 (llama-70b), gpu 1a2b3c4d 23.4 GB, ram_mb " +
      "16 GB",
      "asked back: k3v9x2m1qa-4 (llama-70b), gpu 1a2b3c4d 23.4 GB, ram_mb 16 GB",
      "no longer asked back: k3v9x2m1qa-4 (llama-70b), gpu 1a2b3c4d 23.4 GB, " +
      "ram_mb 16 GB",
      "priority: abc-4, 0 -> -5",
      "capacity: ram_mb, none -> 2 GB",
    ],
  );
});

Deno.test("renderEvent() says cards by the numbers that they had at the start", () => {
  const at = "2026-11-23T21:15:21.000Z";
  const text = renderEvent({ at, type: "released", lease }, SAMPLE_POOL);
  assertMatch(text, / released: .*, gpu 0 23\.4 GB, ram_mb 16 GB\n$/);
});

Deno.test("renderEvent() obeys nothing that others wrote", () => {
  const text = line({ type: "granted", lease: hostile });
  assertEquals(text.includes("\x1b"), false);
});
