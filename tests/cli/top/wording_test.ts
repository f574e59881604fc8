import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { overviewOf } from "../../../lib/cli/overview.ts";
import type { Action, Row } from "../../../lib/cli/top/model.ts";
import { question, report } from "../../../lib/cli/top/wording.ts";
import { SAMPLE_POOL, SAMPLE_REGISTRY } from "../sample_pool.ts";

const OVERVIEW = overviewOf(SAMPLE_POOL, { registry: SAMPLE_REGISTRY });
const [LLAMA] = SAMPLE_POOL.leases;
const UNNAMED = SAMPLE_POOL.queue.find(({ id }) => id === "cccccccccc-4")!;

function words(action: Action, row: Row): readonly string[] {
  return [question(action, row, OVERVIEW), report(action, row, OVERVIEW)];
}

Deno.test("question() and report() name what the list shows", () => {
  const { id } = LLAMA;
  const held = "llama-70b's gpu 0 23.4 GB, ram_mb 16 GB (k3v9x2)";
  assertEquals(words({ kind: "release", id }, LLAMA), [
    `Take ${held} away from pid 12345?`,
    "Released llama-70b (k3v9x2)",
  ]);
  assertEquals(words({ kind: "reclaim", id }, LLAMA), [
    `Ask pid 12345 to give back ${held}?`,
    "Asked back llama-70b (k3v9x2)",
  ]);
  assertEquals(words({ kind: "priority", id, priority: 11 }, LLAMA), [
    "Change the priority of llama-70b (k3v9x2) from 10 to 11?",
    "The priority of llama-70b (k3v9x2) is 11 now",
  ]);
});

Deno.test("question() and report() do without a label", () => {
  const { id } = UNNAMED;
  assertEquals(words({ kind: "cancel", id }, UNNAMED), [
    "Take the request for gpu_slots 1 (cccccc) out of the queue?",
    "Cancelled cccccc",
  ]);
});

Deno.test("question() names no process that is not proven to be the holder", () => {
  const action = { kind: "release" as const, id: LLAMA.id };
  assertEquals(
    question(action, LLAMA, overviewOf(SAMPLE_POOL)),
    "Take llama-70b's gpu 0 23.4 GB, ram_mb 16 GB (k3v9x2) away from its holder?",
  );
});

Deno.test("question() keeps its end, however much is held", () => {
  const resources = Object.fromEntries(
    Array.from({ length: 100 }, (_, i) => [`scratch_of_somebody_${i}`, 1]),
  );
  const row = { ...LLAMA, label: "x".repeat(200), resources };
  const text = question({ kind: "release", id: row.id }, row, OVERVIEW);
  assert(text.length < 320, text);
  assertStringIncludes(text, "(k3v9x2) away from pid");
});
