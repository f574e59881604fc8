/**
 * Many processes on a narrow pool, some killed at any moment: never more is held than
 * there is, nobody is forgotten, and nothing is left.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { ResourcePool } from "../../mod.ts";
import { assertSwept } from "../support/leftovers.ts";
import { Folder, Program, until, within } from "../support/processes.ts";
import { randomSeed, seededRandom } from "../support/random.ts";
import { hearWitness, WitnessWriter } from "../support/witness.ts";

const WORKERS = 16;
/** At least so long, and until so many were killed while they held something. */
const WORK_MS = 5000;
const KILLED_HOLDERS = 3;
/** Whoever has killed none of them by then never will. */
const WORK_MAX_MS = 120_000;
/** Longest pause between two kills. */
const KILL_PAUSE_MS = 400;
/** For the last acquire of each, and for what the killed held. */
const END_MS = 60_000;

interface Worker {
  readonly name: string;
  readonly program: Program;
}

/** Workers that are started, killed and started again. */
class Crew implements AsyncDisposable {
  readonly #start: (name: string) => Program;
  readonly #stack = new AsyncDisposableStack();
  readonly working: Worker[] = [];
  #count = 0;

  constructor(start: (name: string) => Program) {
    this.#start = start;
  }

  hire(): void {
    const name = `worker${this.#count++}`;
    const program = this.#stack.use(this.#start(name));
    this.working.push({ name, program });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

for (const [capacity, lanes] of [[1, 1], [5, 3]]) {
  const seed = randomSeed();
  Deno.test(`ResourcePool keeps to a capacity of ${capacity} among ${WORKERS} processes that ask ${lanes} at a time, and kills (RESLOCK_SEED=${seed})`, async () => {
    using folder = new Folder();
    const record = `${folder.path}/witness`;
    const random = seededRandom(seed);
    await using pool = new ResourcePool({ path: folder.state });
    await pool.setResources({ slot: capacity });
    using witness = new WitnessWriter(record);
    const end = `${folder.path}/end`;
    await using crew = new Crew((name) => {
      return Program.start("pool_worker.ts", [JSON.stringify({
        path: folder.state,
        ...{ record, name, end, lanes, seed: random(2 ** 32) },
        capacities: { slot: capacity },
        paceMs: 0,
      })]);
    });
    for (let i = 0; i < WORKERS; i++) crew.hire();
    await until(
      "all were served once",
      () => hearWitness(record).served.size === WORKERS,
    );
    const since = performance.now();
    const workedMs = () => performance.now() - since;
    const killedHolders = () => hearWitness(record).killedHolders;
    while (workedMs() < WORK_MS || killedHolders() < KILLED_HOLDERS) {
      assert(
        workedMs() < WORK_MAX_MS,
        `only ${killedHolders()} held something`,
      );
      await pause(random(KILL_PAUSE_MS));
      const { holders } = hearWitness(record);
      const found = crew.working.findIndex(({ name }) => holders.has(name));
      const at = found < 0 ? random(WORKERS) : found;
      const [{ name, program }] = crew.working.splice(at, 1);
      witness.killing(name);
      await program.kill();
      crew.hire();
    }
    Deno.writeTextFileSync(end, "");
    for (const { name, program } of crew.working) {
      const { code } = await within(
        `the end of ${name}`,
        END_MS,
        program.exited,
      );
      assertEquals(code, 0, await program.stderr());
    }
    const { peaks, served, holders } = hearWitness(record);
    assertEquals(peaks.get("slot"), capacity);
    assertEquals([...holders], []);
    const unserved = crew.working.filter(({ name }) => !served.has(name));
    assertEquals(unserved.map(({ name }) => name), []);
    // Whoever was killed as it started a command keeps its lease for two seconds more.
    await until("all leases and requests are gone", async () => {
      const { leases, queue } = await pool.status();
      return leases.length + queue.length === 0;
    });
    const { available } = await pool.status();
    assertEquals(available.slot, capacity);
    await assertSwept(folder, pool);
  });
}
