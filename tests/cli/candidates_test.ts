import { assertEquals } from "@std/assert";
import { candidatesFor } from "../../lib/cli/candidates.ts";
import { SAMPLE_POOL } from "./sample_pool.ts";

const LEASES = SAMPLE_POOL.leases.map(({ id }) => id);
const WAITERS = SAMPLE_POOL.queue.filter(({ leaseId }) => leaseId === null)
  .map(({ id }) => id);

/** What may stand behind these words in the pool of the samples. */
function behind(...words: readonly string[]): Promise<string[]> {
  return candidatesFor([...words, ""], {
    optionsOf: () => Promise.resolve([]),
    status: () => Promise.resolve(SAMPLE_POOL),
  });
}

Deno.test("candidatesFor() offers to each command the ids that it can take", async () => {
  for (const command of ["release", "reclaim"]) {
    assertEquals(await behind(command), LEASES.toSorted(), command);
  }
  assertEquals(await behind("cancel"), WAITERS.toSorted());
  for (const command of ["priority", "wait"]) {
    const both = [...LEASES, ...WAITERS].sort();
    assertEquals(await behind(command), both, command);
  }
  assertEquals(await behind("status"), []);
});

Deno.test("candidatesFor() offers the labels of those who hold, and who wait", async () => {
  const labels = [...SAMPLE_POOL.leases, ...SAMPLE_POOL.queue]
    .flatMap(({ label }) => label ?? []);
  assertEquals(labels.includes("whisper"), true);
  for (const option of ["--label", "-l"]) {
    assertEquals(await behind("release", option), labels.toSorted());
  }
});

Deno.test("candidatesFor() leaves a file to the shell", async () => {
  for (const option of ["--state", "-s"]) {
    assertEquals(await behind(option), []);
    assertEquals(await behind("cancel", option), []);
  }
});
