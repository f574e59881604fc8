/**
 * Goal: whichever call to the system fails, or is the last of a process, the next process
 * reads what was there before or what was to be there, never a third; the living keep
 * what they have; what failed can be done again; nothing stays open.
 *
 * Method: each deed is done once to count its calls, then once for each call and each way
 * to fail.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { decodeState } from "../../lib/core/codec.ts";
import { Image } from "../../lib/core/image.ts";
import { isAskedByHand } from "../../lib/core/marks.ts";
import { StateFile } from "../../lib/store/state_file.ts";
import { sweepLeftovers } from "../../lib/session/sweep.ts";
import { ResourcePool, StateAccessError } from "../../mod.ts";
import {
  type Fault,
  FAULT_TEXT,
  FaultySystem,
} from "../support/faulty_system.ts";
import { openFilesOf } from "../support/open_files.ts";
import { Folder, until } from "../support/processes.ts";
import type { Deed } from "./scene.ts";

const FAULTS: readonly Fault[] = ["error", "kill"];
/** Of writes alone. */
const WRITE_FAULTS: readonly Fault[] = ["short write", "kill in a write"];
/** Of looks at the clock. */
const CLOCK_FAULTS: readonly Fault[] = ["set back", "set forward"];

/** What no file says, and one of an empty pool. */
const NOTHING = "capacities ";

/** The file as whoever looks now would read it; that of an empty pool if there is none. */
function bytesOf(path: string): Uint8Array {
  using file = new StateFile(path);
  const holder = {};
  try {
    assert(file.tryLock(false, holder), "Somebody has left the file locked");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return Image.empty();
    throw error;
  }
  return file.read(false);
}

/** What it says, by the labels. */
function meaning(path: string): string {
  const { resources, leases, entries } = decodeState(
    new TextDecoder().decode(bytesOf(path)),
    path,
  );
  const amounts = (map: ReadonlyMap<string, number>) =>
    [...map].map(([name, amount]) => `${name}=${amount}`).sort().join();
  return [
    `capacities ${amounts(resources)}`,
    ...leases.map((lease) =>
      `lease ${lease.label} ${amounts(lease.resources)} ${lease.pids} ` +
      `${lease.priority} ${lease.reclaim_requested} ${isAskedByHand(lease)}`
    ).sort(),
    ...entries.map((entry) =>
      `entry ${entry.label} ${amounts(entry.resources)} ${entry.priority} ` +
      `${entry.lease_id !== null}`
    ).sort(),
  ].join("\n");
}

/** One deed on one pool, with what came of it. */
export class Trial implements AsyncDisposable {
  readonly folder = new Folder();
  readonly system = new FaultySystem();
  readonly other: ResourcePool;
  readonly victim: ResourcePool;

  constructor() {
    const path = this.folder.state;
    const options = { path, onWarning: () => {} };
    this.other = new ResourcePool(options);
    this.victim = this.system.run(() => new ResourcePool(options));
  }

  readonly outside = <T>(work: () => T): T => this.system.outside(work);

  get meaning(): string {
    return meaning(this.folder.state);
  }

  get isUnlocked(): boolean {
    using file = new StateFile(this.folder.state);
    try {
      return file.tryLock(false, {});
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return true;
      throw error;
    }
  }

  prepare(deed: Deed): Promise<() => Promise<unknown>> {
    return this.system.run(() => deed.prepare(this));
  }

  /** Does it; the error, or nothing, or that the process is no more. */
  async act(deed: () => Promise<unknown>): Promise<Error | "done" | "killed"> {
    return await Promise.race([
      this.system.run(() =>
        deed().then(
          () => "done" as const,
          (error: Error) => this.system.isKilled ? "killed" as const : error,
        )
      ),
      this.system.killed.then(() => "killed" as const),
    ]);
  }

  /** Closes what is open, and fails if that is not all. */
  async end(): Promise<void> {
    this.system.disarm();
    await this.system.run(() => this.victim.close()).catch((error) => {
      if (!this.system.isKilled) throw error;
    });
    await this.other.close();
    // A call under way in another thread keeps one open a moment longer.
    await until(
      "nothing of the pool is open",
      () => openFilesOf(this.folder.state).length === 0,
    );
    await this.#assertSwept();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.system.disarm();
    await this.system.run(() => this.victim.close()).catch(() => {});
    await this.other.close().catch(() => {});
    this.system[Symbol.dispose]();
    this.folder[Symbol.dispose]();
  }

  /** A minute later nothing is left of anybody. */
  async #assertSwept(): Promise<void> {
    const path = this.folder.state;
    {
      // What the dead hold goes first.
      await using pool = new ResourcePool({ path, onWarning: () => {} });
      await pool.status();
    }
    const { state } = new Image(bytesOf(path), path);
    await sweepLeftovers(
      path,
      { view: (read) => Promise.resolve(read(state)) },
      Date.now() + 120_000,
    );
    for (const side of ["owners", "bells"]) {
      assertEquals(this.folder.names(`state.json.${side}`), [], side);
    }
    const drafts = this.folder.names("").filter((name) => name.endsWith("new"));
    assertEquals(drafts, []);
  }
}

/** What the deed is made of when nothing fails. */
export interface Rehearsal {
  readonly calls: number;
  /** Which of them are writes. */
  readonly writes: ReadonlySet<number>;
  /** How often it looks at the wall clock. */
  readonly looks: number;
  readonly before: string;
  readonly after: string;
  /** What was there between two transactions, and at the ends. */
  readonly states: ReadonlySet<string>;
}

/** Does it once, with nothing that fails. */
export async function rehearse(deed: Deed): Promise<Rehearsal> {
  await using trial = new Trial();
  const act = await trial.prepare(deed);
  const before = trial.meaning;
  const states = new Set([before]);
  const { system } = trial;
  system.onUnlock = () => system.outside(() => states.add(trial.meaning));
  system.arm();
  assertEquals(await trial.act(act), "done");
  const { calls, looks } = system;
  const writes = new Set(system.writes);
  const after = trial.meaning;
  await trial.end();
  return { before, after, calls, writes, looks, states: states.add(after) };
}

/** What the victim has. */
function linesOfOwn(meaning: string): string[] {
  return meaning.match(/^\w+ (?:own|work).*$/mg) ?? [];
}

async function tryFault(
  deed: Deed,
  call: number,
  fault: Fault,
  { before, after, states }: Rehearsal,
): Promise<void> {
  await using trial = new Trial();
  const act = await trial.prepare(deed);
  trial.system.arm(call, fault);
  const outcome = await trial.act(act);
  // A call under way in another thread keeps a file of the dead a moment longer.
  await until("the lock of the file is gone", () => trial.isUnlocked);
  const found = trial.meaning;
  const compared = deed.withOther
    ? (state: string) => linesOfOwn(state).join("\n")
    : (state: string) => state;
  assert(
    [...states].some((state) => compared(state) === compared(found)),
    `A third state:\n${found}`,
  );
  trial.system.disarm();
  const { victim, other, system } = trial;
  if (outcome === "killed") {
    await other.status();
    assertEquals(linesOfOwn(trial.meaning), []);
    // A Python client cannot read a write that was cut off.
    const text = found === NOTHING
      ? "{"
      : Deno.readTextFileSync(trial.folder.state);
    assertEquals(text[0], "{", "The write was not completed");
  } else if (outcome === "done") {
    // What failed behind its back is tried again a second later.
    await until(
      "the file says what it is to say",
      () => compared(trial.meaning) === compared(after),
    );
  } else {
    assert(outcome instanceof StateAccessError, String(outcome.stack));
    assert(outcome.message.includes(FAULT_TEXT), outcome.message);
    // Its next transaction takes back what it does not know of.
    await system.run(() => victim.unsetResources([])).catch(() => {});
    if (deed.onError === "can be repeated") {
      await system.run(act);
      assertEquals(trial.meaning, after);
    } else if (deed.onError === "leaves nothing") {
      assertEquals(linesOfOwn(trial.meaning), linesOfOwn(before));
    } else {
      const { meaning } = trial;
      assert(states.has(meaning), `A third state:\n${meaning}`);
    }
  }
  if (!deed.robs && before !== NOTHING) {
    const { leases } = await other.status();
    const kept = leases.filter(({ label }) => label === "other");
    assertEquals(kept.map(({ owner }) => owner), ["alive"]);
  }
  if (after.includes("lease waiter") && outcome === "killed") {
    await until(
      "the waiter is granted",
      () => trial.meaning.includes("lease waiter"),
    );
  }
  await trial.end();
}

/** Does a deed once for each call and each way to fail. */
export async function tryAllFaults(deed: Deed): Promise<void> {
  const rehearsal = await rehearse(deed);
  assert(rehearsal.calls >= 5, `only ${rehearsal.calls} calls`);
  const attempt = async (n: number, fault: Fault) => {
    try {
      await tryFault(deed, n, fault, rehearsal);
    } catch (cause) {
      const { calls, looks } = rehearsal;
      const where = `call ${n} of ${calls}, or look ${n} of ${looks}`;
      throw new Error(`Broken by ${where}: ${fault}`, { cause });
    }
  };
  for (let call = 1; call <= rehearsal.calls; call++) {
    const isWrite = rehearsal.writes.has(call);
    for (const fault of [...FAULTS, ...(isWrite ? WRITE_FAULTS : [])]) {
      await attempt(call, fault);
    }
  }
  for (let look = 1; look <= rehearsal.looks; look++) {
    for (const fault of CLOCK_FAULTS) await attempt(look, fault);
  }
}
