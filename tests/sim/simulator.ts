/**
 * A machine full of programs that share a pool, driven by one seed. The changes
 * of the pool are the production code's; programs, time, driver and disks are
 * simulated. Faults that happen:
 *
 * - programs crash, holding and waiting; whoever comes next removes their entries
 * - programs hang: they never confirm, poll, release or give back
 * - programs give up waiting, also when they have been granted meanwhile
 * - holders ignore that their lease is asked back
 * - foreign clients take what fits by rules of their own, and poll rarely
 * - strangers use GPU memory and disk space, or stop
 * - capacities vanish, come back, and sink below what is leased
 * - operators release leases and reset the pool
 * - programs start anew and know nothing; wall clocks jump
 *
 * After each transaction of ours the checkers hold the design's invariants
 * against the result.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ImpossibleRequestError } from "../../lib/core/errors.ts";
import { nativeId } from "../../lib/core/ids.ts";
import { type EntryRecord, gpuOfKey } from "../../lib/core/model.ts";
import { reset } from "../../lib/core/operations.ts";
import type { Demand } from "../../lib/core/placement.ts";
import { waiterOf } from "../../lib/core/state.ts";
import {
  assertPossible,
  release,
  shrink,
  withdraw,
} from "../../lib/core/transitions.ts";
import { entryRecord } from "../support/records.ts";
import { pollAsPython } from "./foreign.ts";
import { canEver, Table } from "./model.ts";
import {
  DISK,
  MACHINE,
  SimulatedPool,
  type Summary,
} from "./simulated_pool.ts";

const PROGRAMS_MAX = 10;
/** Longer queues and more leases to choose from make the book slow, and find no more. */
const WAITERS_MAX = 9;
const RECLAIMABLE_MAX = 5;
/** So often all programs end, one lease after the other. */
const STEPS_BETWEEN_DRAINS = 1000;

interface Program {
  /** The owner in its ids, or what a foreign one's ids begin with. */
  readonly name: string;
  readonly native: boolean;
  readonly ids: Set<string>;
  isHung: boolean;
  sequence: number;
}

export class Simulator {
  readonly #pool: SimulatedPool;
  readonly #programs = new Set<Program>();
  #named = 0;

  constructor(seed: number, options: { wallJumps: boolean }) {
    this.#pool = new SimulatedPool(seed, options);
  }

  get decisions(): readonly string[] {
    return this.#pool.decisions;
  }

  get wallMs(): number {
    return this.#pool.stamp().wallMs;
  }

  get summary(): Summary {
    return this.#pool.summary;
  }

  run(steps: number): void {
    for (let step = 1; step <= steps; step++) {
      try {
        this.#step();
        if (step % STEPS_BETWEEN_DRAINS === 0) this.#drain();
      } catch (error) {
        const last = this.decisions.slice(-12).join(", ");
        throw new Error(`Step ${step} failed after: ${last}`, { cause: error });
      }
    }
  }

  /** What happens, with how often in a thousand steps; else time passes. */
  readonly #actions: readonly [number, () => void][] = [
    [260, () => this.#arrive()],
    [150, () => this.#release()],
    [110, () => this.#confirm()],
    [150, () => this.#poll()],
    [60, () => this.#giveBack()],
    [40, () => this.#giveUp()],
    [25, () => this.#shrink()],
    [40, () => this.#work()],
    [30, () => this.#useOutside()],
    [15, () => this.#crash()],
    [20, () => this.#hangOrResume()],
    [10, () => this.#pool.forget()],
    [12, () => this.#changeCapacities()],
    [4, () => this.#operate()],
  ];

  #step(): void {
    const { random } = this.#pool;
    this.#pool.pass(random(40));
    let dice = random(1000);
    for (const [weight, action] of this.#actions) {
      if (dice < weight) return action();
      dice -= weight;
    }
    this.#pool.pass(random(9000));
  }

  // --------------------------------------------------------------- programs

  #program(): Program {
    const { random } = this.#pool;
    const able = [...this.#programs].filter(({ isHung }) => !isHung);
    if (this.#programs.size >= PROGRAMS_MAX || random(3) > 0) {
      const known = this.#pool.pick(able);
      if (known !== undefined) return known;
    }
    const number = String(this.#named++);
    const native = random(10) < 7;
    const program = {
      name: native ? number.padStart(10, "p") : number.padStart(6, "0"),
      native,
      ids: new Set<string>(),
      isHung: false,
      sequence: 0,
    };
    this.#programs.add(program);
    return program;
  }

  #newId(
    program: Program,
    flags: { confirms?: boolean; yields?: boolean } = {},
  ): string {
    const sequence = program.sequence++;
    const id = program.native
      ? nativeId(program.name, sequence, flags)
      : `${program.name}${sequence.toString(16).padStart(6, "0")}`;
    program.ids.add(id);
    return id;
  }

  /** One of the things that programs have which can act, with its program. */
  #pickOwn(
    ids: Iterable<string>,
    which: (id: string, program: Program) => boolean = () => true,
  ): { id: string; program: Program } | undefined {
    const own: { id: string; program: Program }[] = [];
    for (const id of ids) {
      const program = this.#owner(id);
      if (!program.isHung && which(id, program)) own.push({ id, program });
    }
    return this.#pool.pick(own);
  }

  #owner(id: string): Program {
    return [...this.#programs].find(({ ids }) => ids.has(id))!;
  }

  /** Writes as one of ours, with a plan, or as a foreign client, without. */
  #write({ native }: Program, change: () => void): void {
    if (native) this.#pool.transact(change);
    else this.#pool.foreignWrite(change);
  }

  // ----------------------------------------------------------------- waiting

  #arrive(): void {
    const pool = this.#pool;
    if (pool.waiting.size >= WAITERS_MAX) return;
    const program = this.#program();
    const entry = this.#request(program);
    const isPossible = this.#canEver(waiterOf(entry));
    if (program.native) {
      const check = () => assertPossible(pool.state, waiterOf(entry));
      if (isPossible) check();
      else assertThrows(check, ImpossibleRequestError);
    }
    // Some wait for capacities that are to come.
    if (!isPossible && pool.random(4) > 0) return;
    const add = () => {
      pool.state.addEntry(entry);
      pool.waiting.add(entry.id);
    };
    if (!program.native) pool.foreignWrite(add);
    else pool.transact(add, waiterOf(entry).confirms ? entry.id : undefined);
  }

  #request(program: Program): EntryRecord {
    const { random, state } = this.#pool;
    const resources = new Map<string, number>();
    let vram_mb: number[] | null = null;
    const kind = random(10);
    // Mostly small, sometimes more than there is.
    const amount = (most: number) => 1 + random(random(4) === 0 ? most : 4);
    if (kind < 5) resources.set("ram", amount(18));
    if (kind > 2 && kind < 6) resources.set("cpu", amount(9));
    if (kind === 6) resources.set(DISK, amount(20));
    if (kind > 6 || kind === 0) {
      vram_mb = Array.from({ length: 1 + random(3) }, () => amount(18));
    }
    const looksOutside = vram_mb !== null && random(3) > 0;
    const id = this.#newId(program, {
      confirms: looksOutside || resources.has(DISK),
      yields: random(10) === 0,
    });
    const isReclaimable = state.reclaimable.size < RECLAIMABLE_MAX &&
      random(2) === 0;
    return entryRecord({
      id,
      resources,
      vram_mb,
      priority: isReclaimable ? random(2) : random(4),
      reclaimable_intent: isReclaimable,
      estimated_seconds: random(4) === 0 ? 60 : null,
      queued_at: this.#pool.stamp().isoTime,
    });
  }

  /** A waiter looks outside and tries. */
  #confirm(): void {
    const { state, waiting } = this.#pool;
    const waiter = this.#pickOwn(
      waiting,
      (id, { native }) => native && waiterOf(state.entry(id)!).confirms,
    );
    if (waiter !== undefined) this.#pool.transact(() => {}, waiter.id);
  }

  #poll(): void {
    const pool = this.#pool;
    const waiter = this.#pickOwn(pool.waiting, (_, { native }) => !native);
    if (waiter === undefined) return;
    const { id, program } = waiter;
    const entry = pool.state.entry(id)!;
    const with_ = { id: this.#newId(program), stamp: pool.stamp() };
    const lease = pool.foreignWrite(() =>
      pollAsPython(pool.state, entry, pool.outside(), with_)
    );
    if (lease === undefined) return;
    pool.waiting.delete(id);
    pool.noteForeignGrant(lease);
  }

  /** Ends a wait; the grant may have been faster. */
  #giveUp(): void {
    const { state, waiting, leases } = this.#pool;
    const ids = [...waiting, ...leases.keys()];
    const one = this.#pickOwn(ids, (_, { native }) => native);
    if (one === undefined) return;
    const wanted = waiting.has(one.id) ? "queued" : "granted";
    this.#pool.transact(() => {
      assertEquals(withdraw(state, one.id), wanted);
      if (wanted === "granted") this.#drop(one.id);
      waiting.delete(one.id);
      assertEquals(withdraw(state, one.id), "gone");
    });
  }

  // ----------------------------------------------------------------- holding

  /** Removes a lease, and from the books all that goes with it. */
  #drop(leaseId: string): void {
    const { state, leases, work } = this.#pool;
    assert(release(state, leaseId));
    leases.delete(leaseId);
    for (const [id, on] of work) if (on === leaseId) work.delete(id);
  }

  #release(): void {
    const lease = this.#pickOwn(this.#pool.leases.keys());
    if (lease === undefined) return;
    this.#write(lease.program, () => this.#drop(lease.id));
  }

  /** A holder does as it is asked. */
  #giveBack(): void {
    const { state, leases } = this.#pool;
    const lease = this.#pickOwn(
      leases.keys(),
      (id) => state.lease(id)!.reclaim_requested,
    );
    if (lease === undefined) return;
    this.#write(lease.program, () => this.#drop(lease.id));
  }

  #shrink(): void {
    const { state, leases, random } = this.#pool;
    const lease = this.#pickOwn(
      leases.keys(),
      (id, { native }) => native && leases.get(id)!.size > 0,
    );
    if (lease === undefined) return;
    const [name, amount] = this.#pool.pick(leases.get(lease.id)!)!;
    const smaller = new Map([[name, random(amount + 1)]]);
    this.#pool.transact(() => {
      const changed = shrink(state, state.lease(lease.id)!, smaller);
      leases.set(lease.id, changed.resources);
    });
  }

  /** Work on a lease begins or ends. */
  #work(): void {
    const { state, leases, work } = this.#pool;
    const done = this.#pickOwn(work.keys());
    if (done !== undefined && this.#pool.random(2) === 0) {
      this.#write(done.program, () => {
        state.removeEntry(state.entry(done.id)!);
        work.delete(done.id);
      });
      return;
    }
    const lease = this.#pickOwn(leases.keys());
    if (lease === undefined) return;
    const id = this.#newId(lease.program);
    this.#write(lease.program, () => {
      state.addEntry(entryRecord({ id, lease_id: lease.id }));
      work.set(id, lease.id);
    });
  }

  // ------------------------------------------------------------------ faults

  #useOutside(): void {
    const { random, strangers } = this.#pool;
    const name = ["gpu_A_vram_mb", "gpu_B_vram_mb", DISK][random(3)];
    strangers.set(name, random(3) === 0 ? random(16) : 0);
  }

  /** A program dies; one of ours finds that out and removes what it left. */
  #crash(): void {
    const program = this.#pool.pick(this.#programs);
    if (program === undefined) return;
    this.#pool.transact(() => this.#bury(program));
    this.#pool.summary.crashed++;
  }

  #bury(program: Program): void {
    const { state, waiting, leases, work } = this.#pool;
    for (const id of program.ids) {
      if (waiting.delete(id)) state.removeEntry(state.entry(id)!);
      if (work.delete(id)) state.removeEntry(state.entry(id)!);
      if (leases.has(id)) this.#drop(id);
    }
    this.#programs.delete(program);
  }

  #hangOrResume(): void {
    const program = this.#pool.pick(this.#programs);
    if (program === undefined) return;
    program.isHung = !program.isHung && this.#pool.random(2) === 0;
  }

  #changeCapacities(): void {
    const { state, random } = this.#pool;
    const what = random(6);
    const change = () => {
      for (const [name, amount] of MACHINE) {
        if (what === 0) state.unsetResource(name);
        else if (what === 1 && random(3) === 0) {
          state.setResource(name, random(amount + 1));
        } else state.setResource(name, amount);
      }
    };
    if (random(2) === 0) this.#pool.transact(change);
    else this.#pool.foreignWrite(change);
  }

  /** An operator takes a lease away, or all of them with the queue. */
  #operate(): void {
    const { state, leases, waiting, work, random } = this.#pool;
    if (random(4) > 0) {
      const id = this.#pool.pick(leases.keys());
      if (id !== undefined) this.#pool.transact(() => this.#drop(id));
      return;
    }
    this.#pool.transact(() => {
      reset(state, this.#pool.stamp());
      // Their programs give back what tells them that they were cancelled.
      for (const { id } of [...state.leases]) release(state, id);
      leases.clear();
      waiting.clear();
      work.clear();
    });
  }

  // ------------------------------------------------------------------- drain

  /**
   * All capacities are there, strangers and foreign clients are gone, nobody
   * comes any more, and one holder after the other leaves: then every waiter is
   * served that can be.
   */
  #drain(): void {
    const pool = this.#pool;
    const { state, leases, waiting } = pool;
    pool.strangers.clear();
    for (const program of [...this.#programs]) {
      program.isHung = false;
      if (!program.native) pool.transact(() => this.#bury(program));
    }
    pool.transact(() => {
      for (const [name, amount] of MACHINE) state.setResource(name, amount);
    });
    let releases = leases.size + waiting.size;
    while (true) {
      for (const { id, confirms } of [...state.waiters]) {
        if (confirms && waiting.has(id)) pool.transact(() => {}, id);
      }
      const lease = pool.pick(leases.keys());
      if (lease === undefined) break;
      assert(releases-- > 0, "More releases than leases and waiters");
      pool.transact(() => this.#drop(lease));
    }
    for (const waiter of state.waiters) {
      assert(!this.#canEver(waiter), `3: ${waiter.id} is never served`);
    }
    pool.summary.drained++;
  }

  /** Whether the capacities could serve a request. */
  #canEver(demand: Demand): boolean {
    const { resources } = this.#pool.state;
    const cards = [...resources.keys()].filter((name) => gpuOfKey(name));
    return canEver(demand, new Table(resources), cards);
  }
}
