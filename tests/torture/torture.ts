/**
 * Goal: whenever programs of both packages are killed or stopped, more is never held than
 * there is, nobody alive loses anything, what the dead had comes back, and at the end
 * nothing is left of anybody.
 *
 * Method: programs that take and give back as they like, some killed and some stopped at
 * random moments or just when they have the file locked, for as long as wanted. They
 * tell a witness outside the pool what they hold.
 *
 * Two things are put down to the Python package. It empties the file before it writes it,
 * so that killed in between it leaves an empty one: its programs are killed while they
 * do not have the file locked. And it cannot complete a write of ours that a kill cut
 * off: one that meets such a file before any of ours ends, and another takes its place.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { findLockHolder } from "../../lib/os/lock_holder.ts";
import { ResourcePool } from "../../mod.ts";
import { assertSwept } from "../support/leftovers.ts";
import { openFilesOf } from "../support/open_files.ts";
import { Folder, runTool, until, within } from "../support/processes.ts";
import { seededRandom } from "../support/random.ts";
import { type Amounts, Witness, WitnessWriter } from "../support/witness.ts";
import {
  type CommonOrders,
  NativeStarter,
  PythonStarter,
  type Worker,
} from "./crew.ts";

/** What a run is to be like. */
export interface TortureOptions {
  readonly seed: number;
  /** The interpreter that has the Python package; without it all are ours. */
  readonly python?: string;
  readonly workers: number;
  /** Ends after so many kills ... */
  readonly kills: number;
  /** ... or so long, whichever comes first. */
  readonly minutes: number;
  /** Longest pause between two deeds. */
  readonly pauseMs: number;
  /** Longest pause of a worker between two requests. */
  readonly paceMs: number;
}

/** What a run has come to. */
export interface Report {
  readonly kills: number;
  /** Of those, with the file locked. */
  readonly killsInLock: number;
  /** Writes that a kill has cut off and the next process has completed. */
  readonly cutWrites: number;
  readonly stops: number;
  readonly stopsInLock: number;
  readonly grants: number;
  /** Leases of the killed that were taken off them. */
  readonly recoveries: number;
  /** How often a Python client gave up the lock after five seconds. */
  readonly lockedOut: number;
  /** How often one ended as it could not read what a kill had cut off. */
  readonly cutReads: number;
}

const CAPACITIES: Amounts = { slot: 12, ram_mb: 20_000, tokens: 60 };
const LANES = 3;
/** Tries to meet somebody who has the file locked. */
const AIMS = 100;
/** Far less than what others wait for the lock. */
const STOP_IN_LOCK_MS = 600;
const STOP_MS = 3000;
const END_MS = 120_000;
/** So long a failure may take until it is heard of. */
const FAILURE_MS = 10_000;

interface Stop {
  readonly since: number;
  readonly ms: number;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A crew on one pool, and who kills and stops it. */
export class Torture implements AsyncDisposable {
  readonly #options: TortureOptions;
  readonly #random: (below: number) => number;
  readonly #stack = new AsyncDisposableStack();
  readonly #folder: Folder;
  readonly #pool: ResourcePool;
  readonly #orders: CommonOrders;
  readonly #writer: WitnessWriter;
  readonly #witness: Witness;
  readonly #natives: NativeStarter;
  readonly #pythons: PythonStarter | undefined;
  readonly #workers = new Map<number, Worker>();
  readonly #stopped = new Map<number, Stop>();
  readonly #failures: string[] = [];
  #count = 0;
  #kills = 0;
  #killsInLock = 0;
  #cutWrites = 0;
  #stops = 0;
  #stopsInLock = 0;

  constructor(options: TortureOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#folder = this.#stack.use(new Folder());
    const { path, state } = this.#folder;
    this.#pool = this.#stack.use(new ResourcePool({ path: state }));
    this.#orders = {
      path: state,
      record: `${path}/witness`,
      end: `${path}/end`,
      capacities: CAPACITIES,
      lanes: LANES,
      paceMs: options.paceMs,
    };
    this.#writer = this.#stack.use(new WitnessWriter(this.#orders.record));
    this.#witness = this.#stack.use(new Witness(this.#orders.record));
    this.#natives = this.#stack.use(new NativeStarter(this.#orders));
    this.#pythons = options.python === undefined
      ? undefined
      : this.#stack.use(new PythonStarter(options.python, this.#orders));
  }

  /** What has happened so far. */
  get report(): Report {
    const { grants, orphans } = this.#witness.hear();
    const text = Deno.readTextFileSync(this.#folder.state);
    // Of those killed last some are still there; in the end none.
    const standing = [...orphans].slice(-1000)
      .filter((lease) => text.includes(lease));
    return {
      kills: this.#kills,
      killsInLock: this.#killsInLock,
      cutWrites: this.#cutWrites,
      stops: this.#stops,
      stopsInLock: this.#stopsInLock,
      grants,
      recoveries: orphans.size - standing.length,
      lockedOut: this.#pythons?.lockedOut ?? 0,
      cutReads: this.#pythons?.cutReads ?? 0,
    };
  }

  /** Kills and stops; an error at the first promise that is broken. */
  async run(onProgress: (report: Report) => void = () => {}): Promise<void> {
    await this.#pool.setResources(CAPACITIES);
    while (this.#workers.size < this.#options.workers) await this.#hire();
    const { kills, minutes, pauseMs } = this.#options;
    const since = performance.now();
    let saidAt = since;
    while (
      this.#kills < kills && performance.now() - since < minutes * 60_000
    ) {
      await pause(this.#random(pauseMs));
      await this.#strike();
      while (this.#workers.size < this.#options.workers) await this.#hire();
      this.#continueSome();
      await this.#check();
      if (performance.now() - saidAt > 30_000) {
        saidAt = performance.now();
        onProgress(this.report);
      }
    }
  }

  /** Lets all come to their end, and looks for what is left of anybody. */
  async finish(): Promise<Report> {
    Deno.writeTextFileSync(this.#orders.end, "");
    for (const pid of [...this.#stopped.keys()]) this.#continue(pid);
    const last = [...this.#workers.values()];
    await within(
      "the end of all workers",
      END_MS,
      Promise.all(last.map(({ ended }) => ended)),
    );
    await this.#check();
    const complaints = await this.#pythons?.complaints() ?? "";
    assertEquals(complaints, "");
    await until("all leases and requests are gone", async () => {
      const { leases, queue } = await this.#pool.status();
      return leases.length + queue.length === 0;
    }, END_MS);
    const { available } = await this.#pool.status();
    assertEquals({ ...available }, CAPACITIES);
    const report = this.report;
    assertEquals(report.recoveries, this.#witness.orphans.size);
    assertEquals([...this.#witness.holders], []);
    await assertSwept(this.#folder, this.#pool);
    await this.#pool.close();
    assertEquals(openFilesOf(this.#folder.state), []);
    const text = Deno.readTextFileSync(this.#folder.state);
    assertEquals(JSON.parse(text).leases, []);
    return report;
  }

  /** Copies the pool and the witness's record to a place that outlives the run. */
  async keep(path: string): Promise<void> {
    await runTool("cp", "-r", "--", this.#folder.path, path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of [...this.#stopped.keys()]) this.#continue(pid);
    await this.#stack.disposeAsync();
  }

  async #hire(): Promise<void> {
    const number = this.#count++;
    const seed = this.#random(2 ** 32);
    const starter = number % 2 === 1 && this.#pythons || this.#natives;
    const worker = await starter.start(`worker${number}`, seed);
    this.#workers.set(worker.pid, worker);
    worker.ended.then((how) => {
      // Whoever was to be killed is no longer among them.
      if (!this.#workers.delete(worker.pid)) return;
      this.#stopped.delete(worker.pid);
      if (how === "0") return;
      this.#failures.push(`${worker.name} (${worker.kind}) ended with ${how}`);
    });
  }

  /** Nobody may have failed, and never more be held than there is. */
  async #check(): Promise<void> {
    assertEquals(this.#failures, []);
    const { peaks } = this.#witness.hear();
    for (const [resource, capacity] of Object.entries(CAPACITIES)) {
      const peak = peaks.get(resource) ?? 0;
      if (peak <= capacity) continue;
      // One that failed tells nobody that it holds nothing any more.
      await pause(FAILURE_MS);
      assertEquals(this.#failures, []);
      throw new Error(`${peak} of ${resource} were held, with ${capacity}`);
    }
  }

  // ----------------------------------------------------------------- deeds

  #strike(): Promise<void> {
    const dice = this.#random(100);
    if (dice < 60) return this.#kill(this.#pick());
    if (dice < 90) return this.#killInLock();
    if (dice < 98) return this.#stop(this.#pick(), this.#random(STOP_MS));
    return this.#stopInLock();
  }

  /** Anybody, or somebody who holds something. */
  #pick(): Worker {
    const all = [...this.#workers.values()];
    const { holders } = this.#witness.hear();
    const some = all.filter(({ name }) => holders.has(name));
    const from = some.length > 0 && this.#random(2) === 0 ? some : all;
    return from[this.#random(from.length)];
  }

  /** Somebody who has the file locked at this moment. */
  #lockHolder(): Worker | undefined {
    const { dev, ino } = Deno.statSync(this.#folder.state);
    const holder = findLockHolder({ dev, ino: ino! });
    return holder && this.#workers.get(holder.pid);
  }

  #aim(): Worker | undefined {
    for (let aim = 0; aim < AIMS; aim++) {
      const holder = this.#lockHolder();
      if (holder !== undefined) return holder;
    }
    return undefined;
  }

  async #killInLock(): Promise<void> {
    const holder = this.#aim();
    if (holder?.kind !== "native") return;
    // It would be gone by the time that it is killed.
    Deno.kill(holder.pid, "SIGSTOP");
    if (this.#lockHolder() === holder) this.#killsInLock++;
    await this.#kill(holder);
  }

  async #kill(worker: Worker): Promise<void> {
    using _lock = worker.kind === "python" ? await this.#lock() : undefined;
    if (!this.#workers.delete(worker.pid)) return;
    this.#writer.killing(worker.name);
    Deno.kill(worker.pid, "SIGKILL");
    this.#stopped.delete(worker.pid);
    this.#kills++;
    await within(`the end of ${worker.name}`, END_MS, worker.ended);
    if (worker.kind === "native") this.#noteCutWrite();
  }

  #noteCutWrite(): void {
    using file = Deno.openSync(this.#folder.state);
    const first = new Uint8Array(1);
    file.readSync(first);
    if (first[0] === "!".charCodeAt(0)) this.#cutWrites++;
  }

  /** The lock of the file, taken as any program would. */
  async #lock(): Promise<Disposable> {
    const file = Deno.openSync(this.#folder.state);
    await until("the file can be locked", () => {
      this.#continueSome();
      return file.tryLockSync(true);
    });
    return file;
  }

  #stop(worker: Worker, ms: number): Promise<void> {
    this.#stops++;
    Deno.kill(worker.pid, "SIGSTOP");
    this.#stopped.set(worker.pid, { since: performance.now(), ms });
    return Promise.resolve();
  }

  async #stopInLock(): Promise<void> {
    const holder = this.#aim();
    if (holder === undefined) return;
    await this.#stop(holder, this.#random(STOP_IN_LOCK_MS));
    if (this.#lockHolder() === holder) this.#stopsInLock++;
  }

  #continueSome(): void {
    if (this.#stopped.size === 0) return;
    const now = performance.now();
    const inLock = this.#lockHolder()?.pid;
    for (const [pid, { since, ms }] of this.#stopped) {
      // One that was met in the lock, by chance too, keeps all others out.
      const longest = pid === inLock ? STOP_IN_LOCK_MS : STOP_MS;
      if (now - since >= Math.min(ms, longest)) this.#continue(pid);
    }
  }

  #continue(pid: number): void {
    this.#stopped.delete(pid);
    if (this.#workers.has(pid)) Deno.kill(pid, "SIGCONT");
  }
}
