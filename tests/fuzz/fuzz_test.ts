/**
 * Goal: no bytes in the place of a state file crash, fool or fill anybody, or reach a
 * terminal. `main.ts` does the same for as long as wanted.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { CorruptStateError, ResourcePool } from "../../mod.ts";
import { call } from "../cli/support.ts";
import { ROOT } from "../support/deno.ts";
import { Folder } from "../support/processes.ts";
import { randomSeed, seededRandom } from "../support/random.ts";
import { badStates, Fuzzer } from "./fuzzer.ts";
import { assertUnpolluted } from "./promises.ts";

const INPUTS = 20_000;
/** Half of the least that 40 seeds have shown. */
const OUTCOMES = 90;

const ODD_STATES = `${ROOT}tests/fuzz/data/odd_states`;
/** Controls, and marks that hide or turn text; line ends excepted. */
const STEERS = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u;

const seed = randomSeed();
Deno.test(`${INPUTS} made-up state files break no promise (RESLOCK_SEED=${seed})`, () => {
  const fuzzer = new Fuzzer(seededRandom(seed));
  while (fuzzer.tally.inputs < INPUTS) fuzzer.step();
  const { outcomes } = fuzzer.tally;
  assert(outcomes >= OUTCOMES, `only ${outcomes} outcomes`);
});

for (const [name, bytes] of badStates()) {
  Deno.test(`reslock refuses the state file ${name} with exit code 3, and leaves it`, async () => {
    using folder = new Folder();
    Deno.writeFileSync(folder.state, bytes);
    for (
      const words of [["status"], ["set", "slot", "1"], ["list", "--json"]]
    ) {
      const { code, out, err } = await call([
        "--state",
        folder.state,
        ...words,
      ]);
      assertEquals([code, out], [3, ""], err);
      assert(err.length < 1000, `${err.length} characters`);
      assertEquals(STEERS.exec(err), null);
      assertMatch(err, /^reslock: Cannot .*\n$/);
    }
    assertEquals(Deno.readFileSync(folder.state), bytes);
    assertUnpolluted();
  });
}

for (const { name } of Deno.readDirSync(ODD_STATES)) {
  Deno.test(`reslock shows the odd state file ${name}, and goes on with it`, async () => {
    using folder = new Folder();
    Deno.copyFileSync(`${ODD_STATES}/${name}`, folder.state);
    const state = ["--state", folder.state];
    for (
      const words of [
        ["status"],
        ["status", "--json"],
        ["list"],
        ["set", "slot", "1"],
        ["run", "--no-wait", "--resource", "slot=1", "--", "true"],
        ["status"],
      ]
    ) {
      const { code, out, err } = await call([...state, ...words]);
      assertEquals([code, err], [0, ""], words.join(" "));
      assertEquals(STEERS.exec(out), null, words.join(" "));
    }
    assertUnpolluted();
  });
}

const LIMIT_BYTES = 16 * 1024 * 1024;

for (
  const [what, text] of [
    ["brackets", "["],
    ["objects in objects", '{"a":'],
    ["one string", '"'],
    ["digits", "1"],
    ["line ends", "\n"],
    ["beginnings of leases", '{"version":5,"leases":[{'],
  ]
) {
  Deno.test(`ResourcePool refuses 16 MiB of ${what} in bounded time`, async () => {
    using folder = new Folder();
    const count = Math.floor(LIMIT_BYTES / text.length);
    Deno.writeTextFileSync(folder.state, text.repeat(count));
    await using pool = new ResourcePool({ path: folder.state });
    const error = await pool.status().then(() => undefined, (error) => error);
    assert(error instanceof CorruptStateError, String(error));
    assert(error.message.length < 1000, `${error.message.length} characters`);
  });
}

Deno.test("ResourcePool refuses a file of 100 MB without reading it", async () => {
  using folder = new Folder();
  using file = Deno.openSync(folder.state, { write: true, create: true });
  file.truncateSync(100_000_000);
  const journal = `${folder.state}.journal`;
  await using pool = new ResourcePool({ path: folder.state });
  const before = Deno.memoryUsage().rss;
  for (const use of [() => pool.status(), () => pool.setResources({ a: 1 })]) {
    const error = await use().then(() => undefined, (error) => error);
    assert(error instanceof CorruptStateError, String(error));
  }
  // A mark beside a journal as large.
  Deno.writeTextFileSync(folder.state, '!"version":5}');
  Deno.writeTextFileSync(journal, "reslock1");
  Deno.truncateSync(journal, 100_000_000);
  const error = await pool.status().then(() => undefined, (error) => error);
  assert(error instanceof CorruptStateError, String(error));
  const grown = Deno.memoryUsage().rss - before;
  assert(grown < 50_000_000, `${grown} bytes were taken`);
});
