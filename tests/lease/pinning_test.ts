import { assert, assertEquals, assertRejects } from "@std/assert";
import { allowedCores, claimCores } from "../../lib/lease/pinning.ts";
import { LockTimeoutError } from "../../mod.ts";
import { kernelFiles } from "../os/made_up_host.ts";
import { HeldFile } from "../support/held_file.ts";
import { Folder } from "../support/processes.ts";

const ALLOWED = [0, 1, 2, 3];

/** A file of pins, with the leases that there are. */
class Pins implements Disposable {
  readonly #folder = new Folder();
  readonly path = `${this.#folder.path}/state.json.cores`;
  readonly leases = new Set<string>();

  async claim(leaseId: string, count: number): Promise<readonly number[]> {
    this.leases.add(leaseId);
    const leases = () => Promise.resolve(this.leases);
    const claim = { leaseId, count, leases };
    return (await claimCores(this.path, claim, ALLOWED)).cores;
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

Deno.test("claimCores() gives each lease others, however many ask at once", async () => {
  using pins = new Pins();
  const claims = await Promise.all(
    ["a", "b", "c", "d"].map((id) => pins.claim(id, 1)),
  );
  assertEquals(claims.flat().sort(), ALLOWED);
  assertEquals(Deno.statSync(pins.path).mode! & 0o777, 0o666);
});

Deno.test("claimCores() counts no lease that is gone, nor its own last choice", async () => {
  using pins = new Pins();
  assertEquals(await pins.claim("first", 2), [0, 1]);
  assertEquals(await pins.claim("second", 2), [2, 3]);
  pins.leases.delete("first");
  assertEquals(await pins.claim("third", 1), [0]);
  assertEquals(await pins.claim("third", 2), [0, 1]);
  const text = Deno.readTextFileSync(pins.path).trim();
  assertEquals(text, "second 2,3\nthird 0,1");
});

Deno.test("claimCores() leaves nothing of a longer text that was there before", async () => {
  using pins = new Pins();
  await pins.claim("a", 2);
  await pins.claim("b", 2);
  pins.leases.delete("a");
  // Else the old line of "b" would stand behind its new one.
  assertEquals(await pins.claim("b", 1), [0]);
  assertEquals(Deno.readTextFileSync(pins.path).trim(), "b 0");
  assertEquals(await pins.claim("c", 3), [1, 2, 3]);
});

Deno.test("claimCores() gives up a file that a stopped process has locked", async () => {
  using pins = new Pins();
  await pins.claim("first", 1);
  using _stopped = new HeldFile(pins.path);
  const real = performance.now;
  let now = 0;
  performance.now = () => now += 4000;
  try {
    const error = await assertRejects(
      () => pins.claim("second", 1),
      LockTimeoutError,
      "more than 5000 ms",
    );
    assertEquals([error.path, error.waitedMs], [pins.path, 8000]);
  } finally {
    performance.now = real;
  }
});

Deno.test("claimCores() survives whatever stands in the file", async () => {
  using pins = new Pins();
  pins.leases.add("other");
  for (const text of ["\0\0\0", "other 0,1\noth", "{}", "other x\n"]) {
    Deno.writeTextFileSync(pins.path, text);
    const [core] = await pins.claim("own", 1);
    assertEquals(core, text.startsWith("other 0") ? 2 : 0);
  }
});

Deno.test("allowedCores() reads the affinity of this process", () => {
  const files = kernelFiles({
    "/proc/self/status":
      "Name:\tdeno\nCpus_allowed:\tff\nCpus_allowed_list:\t0-1,6\n",
  });
  assertEquals(allowedCores(files), [0, 1, 6]);
  assertEquals(allowedCores(kernelFiles({})), undefined);
  assert(allowedCores()!.length > 0);
});
