import { assertEquals, assertRejects } from "@std/assert";
import { ExitError } from "../../../lib/cli/failure.ts";
import { runChild } from "../../../lib/cli/run/child.ts";
import { planRun } from "../../../lib/cli/run/options.ts";
import { Signals } from "../../../lib/cli/run/signals.ts";
import { type Lease, LeaseLostError } from "../../../mod.ts";
import { Folder } from "../../support/processes.ts";

/** Runs a command under a lease that is good for no more than that; what it said. */
async function runUnder(
  lease: Partial<Lease>,
  command: readonly string[],
): Promise<{ readonly code: number; readonly told: readonly string[] }> {
  using signals = new Signals();
  const told: string[] = [];
  const code = await runChild(
    {
      id: "k3v9x2m1qa-4",
      resources: {},
      gpuUuids: [],
      lost: new AbortController().signal,
      reclaim: new AbortController().signal,
      guard: (words: readonly string[]) => Promise.resolve(words),
      update: () => Promise.resolve(),
      ...lease,
    } as unknown as Lease,
    {
      plan: planRun({ resource: ["slots=1"] }, command),
      signals,
      statePath: "/pool/state.json",
      registered: () => Promise.resolve([]),
      gpusHere: () => Promise.resolve(undefined),
      tell: (message: string) => void told.push(message),
    },
  );
  return { code, told };
}

Deno.test("runChild() tells once that a lease is lost, and what else cannot be recorded", async () => {
  const update = (error: Error) => ({ update: () => Promise.reject(error) });
  const lost = new LeaseLostError("gone", { leaseId: "k3v9x2m1qa-4" });
  const command = ["sh", "-c", "exit 3"];
  // The watch of the lease tells of that.
  assertEquals(await runUnder(update(lost), command), { code: 3, told: [] });
  assertEquals(await runUnder(update(new Error("no space")), command), {
    code: 3,
    told: ["no space"],
  });
});

Deno.test("runChild() ends with 127 where the command has gone, with 126 where it may not run", async () => {
  using folder = new Folder();
  const file = `${folder.path}/file`;
  const codeOf = async () =>
    (await assertRejects(() => runUnder({}, [file]), ExitError)).exitCode;
  assertEquals(await codeOf(), 127);
  Deno.writeTextFileSync(file, "");
  assertEquals(await codeOf(), 126);
});
