/**
 * The pool of a simulated machine: the production code's state, what it must
 * hold by the simulator's own books, and the checks after every transaction.
 */
import { assert, assertEquals, fail } from "@std/assert";
import {
  type DriverReading,
  judgeCards,
  type SeenCard,
  type SeenProcess,
} from "../../lib/core/cards.ts";
import { checkChange, checkState } from "../../lib/core/invariants.ts";
import { gpuOfKey, type LeaseRecord } from "../../lib/core/model.ts";
import { PoolState } from "../../lib/core/state.ts";
import { settle, type Stamp } from "../../lib/core/transitions.ts";
import { seededRandom } from "../support/random.ts";
import {
  checkCapacities,
  checkHolders,
  checkNothingIdle,
  checkQueue,
  checkRank,
  checkReclaims,
  freeAmounts,
  StarvationCheck,
} from "./checkers.ts";
import { Table } from "./model.ts";
import { Observer } from "./observer.ts";

export const DISK = "disk_mb@/data";

/** What the machine really has; the pool may know less. */
export const MACHINE: ReadonlyMap<string, number> = new Map([
  ["ram", 16],
  ["cpu", 8],
  ["gpu_A_vram_mb", 16],
  ["gpu_B_vram_mb", 16],
  ["gpu_C_vram_mb", 8],
]);

const DISK_TOTAL_MB = 20;

/** A process id that no holder has. */
const STRANGER = 9_000_000;

/** What somebody saw who looked. */
interface Seen {
  readonly reading: DriverReading;
  readonly diskFreeMb: ReadonlyMap<string, number>;
}

/** How often what happened. */
export class Summary {
  granted = 0;
  grantedToLooker = 0;
  takenByForeign = 0;
  reclaimed = 0;
  /** Of these, as somebody had looked who fits by the accounting. */
  reclaimedBySight = 0;
  withdrawn = 0;
  stalled = 0;
  overdue = 0;
  servedInFront = 0;
  crashed = 0;
  drained = 0;
}

export class SimulatedPool {
  readonly state = new PoolState();
  readonly random: (below: number) => number;
  /** What is to be held: amounts by lease. */
  readonly leases = new Map<string, ReadonlyMap<string, number>>();
  /** Who is to wait. */
  readonly waiting = new Set<string>();
  /** What work is to be in progress, with the lease it is on. */
  readonly work = new Map<string, string>();
  /** Amounts that strangers use, by resource name. */
  readonly strangers = new Map<string, number>();
  /** All decisions, in order, without times. */
  readonly decisions: string[] = [];
  readonly summary = new Summary();
  nowMs = 0;
  readonly #observers = [new Observer(), new Observer()];
  readonly #starvation = new StarvationCheck();
  /** A source of its own, so that jumps change nothing else. */
  readonly #jump: ((below: number) => number) | undefined;
  #wallOffsetMs = Date.parse("2026-01-02T03:04:05Z");

  constructor(seed: number, options: { wallJumps: boolean }) {
    this.random = seededRandom(seed);
    if (options.wallJumps) this.#jump = seededRandom(~seed);
    for (const [name, amount] of MACHINE) this.state.setResource(name, amount);
    this.state.takeChanges();
  }

  pick<T>(items: Iterable<T>): T | undefined {
    const list = [...items];
    return list.length === 0 ? undefined : list[this.random(list.length)];
  }

  /** Lets time pass; the wall clock may jump meanwhile. */
  pass(ms: number): void {
    this.nowMs += ms;
    if (this.#jump === undefined || this.#jump(50) > 0) return;
    this.#wallOffsetMs += (this.#jump(2) * 2 - 1) * this.#jump(1e9);
  }

  stamp(): Stamp {
    const wallMs = this.nowMs + this.#wallOffsetMs;
    return { wallMs, isoTime: new Date(wallMs).toISOString() };
  }

  /** A program was started anew: it knows nothing yet. */
  forget(): void {
    this.pick(this.#observers)!.forget();
  }

  /**
   * A transaction of ours, by one of the observers, with all checks.
   *
   * @param looking the waiter whose owner looked outside before
   */
  transact(change: () => void, looking?: string): void {
    const { state, summary } = this;
    const observer = this.pick(this.#observers)!;
    const seen = looking === undefined ? undefined : this.#look();
    change();
    const context = {
      ...observer.context(this.nowMs),
      confirming: seen && {
        id: looking!,
        diskFreeMb: seen.diskFreeMb,
        cardFreeMb: new Map(
          judgeCards(state, seen.reading).map(({ uuid, roomMb }) => [
            uuid,
            roomMb,
          ]),
        ),
      },
    };
    const leased = new Table();
    for (const { resources } of state.leases) leased.add(resources, 1);
    const waiters = [...state.waiters];
    const free = freeAmounts(state);
    const settlement = settle(state, context, this.stamp());
    observer.note(this.nowMs, settlement, state);
    for (const lease of settlement.granted) this.#noteGrant(lease);
    for (const id of settlement.confirm) this.#decide("ring", id);
    for (const { id } of settlement.reclaimed) this.#decide("ask", id);
    for (const { id } of settlement.withdrawn) this.#decide("let", id);
    summary.reclaimed += settlement.reclaimed.length;
    if (looking !== undefined && settlement.fitting.includes(looking)) {
      summary.reclaimedBySight += settlement.reclaimed.length;
    }
    summary.withdrawn += settlement.withdrawn.length;
    summary.stalled += context.stalled.size;
    summary.overdue += context.overdue.size;

    const step = { state, context, settlement, waiters, free };
    checkCapacities(step);
    checkRank(step);
    this.#starvation.check(step);
    summary.servedInFront = this.#starvation.served;
    checkNothingIdle(step);
    checkReclaims(step);
    checkHolders(state, this);
    checkQueue(state, this);
    const looker = settlement.granted.find(({ id }) => id === looking);
    if (looker !== undefined) this.#checkSeen(looker, seen!, leased);
    assertEquals(checkChange(state, state.takeChanges()), []);
    const broken = checkState(state).filter(({ invariant }) => invariant > 1);
    assertEquals(broken, []);
  }

  /** What a foreign client writes: nothing is decided then. */
  foreignWrite<T>(change: () => T): T {
    const result = change();
    this.state.takeChanges();
    return result;
  }

  noteForeignGrant(lease: LeaseRecord): void {
    this.leases.set(lease.id, lease.resources);
    this.#starvation.noteForeignGrant(lease);
    this.summary.takenByForeign++;
    this.#decide("taken", lease.id);
  }

  /** What the driver and the file system have free, by resource name. */
  outside(): Map<string, number> {
    const used = new Table();
    for (const { resources } of this.state.leases) used.add(resources, 1);
    const outside = new Map([[DISK, DISK_TOTAL_MB]]);
    for (const [name, total] of MACHINE) {
      // Any part of what is leased may be in use by now.
      if (gpuOfKey(name) === undefined) continue;
      outside.set(name, total - this.random(used.of(name) + 1));
    }
    for (const [name, total] of outside) {
      const left = total - (this.strangers.get(name) ?? 0);
      outside.set(name, Math.max(0, left));
    }
    return outside;
  }

  /**
   * What the driver tells: of each lease some part is touched by now. Sometimes it is
   * asked from where processes cannot be told apart.
   */
  #look(): Seen {
    const cards: SeenCard[] = [];
    const processes: SeenProcess[] = [];
    for (const [name, total] of MACHINE) {
      const uuid = gpuOfKey(name);
      if (uuid === undefined) continue;
      let freeMb = total;
      const use = (pid: number, leaseId: string | null, wanted: number) => {
        const usedMb = Math.min(wanted, freeMb);
        freeMb -= usedMb;
        const facts = { uuid, pid, leaseId, name: "", ancestors: [] };
        if (usedMb > 0) processes.push({ ...facts, usedMb });
      };
      use(STRANGER, null, this.strangers.get(name) ?? 0);
      for (const { id, pid, resources } of this.state.leases) {
        use(pid, id, this.random((resources.get(name) ?? 0) + 1));
      }
      const usedMb = total - freeMb;
      cards.push({ uuid, index: cards.length, name: "", usedMb, freeMb });
    }
    const traced = this.random(4) > 0;
    const disk = DISK_TOTAL_MB - (this.strangers.get(DISK) ?? 0);
    return {
      reading: { cards, processes, traced },
      diskFreeMb: new Map([[DISK, Math.max(0, disk)]]),
    };
  }

  #noteGrant(lease: LeaseRecord): void {
    assert(this.waiting.delete(lease.id), `${lease.id} did not wait`);
    assert(lease.wait_sec !== null && lease.wait_sec >= 0);
    this.leases.set(lease.id, lease.resources);
    if (this.state.entry(lease.id) !== undefined) {
      this.work.set(lease.id, lease.id);
    }
    this.summary.granted++;
    this.#decide("grant", lease.id);
  }

  /**
   * A grant to one who looked is within what is left beside what all others have leased
   * or use; where they cannot be told apart, beside the larger of the two.
   */
  #checkSeen(
    { id, resources }: LeaseRecord,
    { reading: { cards, processes, traced }, diskFreeMb }: Seen,
    leased: Table,
  ): void {
    this.summary.grantedToLooker++;
    const tells = traced && processes.length > 0;
    for (const [name, amount] of resources) {
      const uuid = gpuOfKey(name);
      const { usedMb } = cards.find((one) => one.uuid === uuid) ??
        { usedMb: 0 };
      const taken = tells
        ? leased.of(name) + (this.strangers.get(name) ?? 0)
        : Math.max(leased.of(name), usedMb!);
      const room = uuid === undefined
        ? diskFreeMb.get(name) ?? Infinity
        : MACHINE.get(name)! - taken;
      if (amount > room) {
        fail(`${id} took ${amount} of ${name}, ${room} was there`);
      }
    }
  }

  #decide(what: string, id: string): void {
    this.decisions.push(`${what} ${id}`);
  }
}
