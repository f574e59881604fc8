/**
 * Who is proven dead.
 *
 * Rules:
 * (1) Only proof counts. What cannot be asked, or was not understood, lives.
 * (2) An entry of ours lives while its owner's lock is held, a lease also while its
 *     guard is: the lock of the command that it was taken for.
 * (3) Where no lock can tell, the process id does: for Python clients, and for the
 *     children that a lease names. An id says something only if ids here are the
 *     host's, or if this process has itself seen that id alive for that entry.
 *     One that was seen with an earlier start is another process's by now (births.ts).
 * (4) A Python client that waits goes only when it was gone twice, a second apart.
 *
 * @module
 */
import type { Births } from "./births.ts";
import { parseNativeId } from "./core/ids.ts";
import type { EntryRecord, LeaseRecord } from "./core/model.ts";
import type { PoolState } from "./core/state.ts";
import type { Clock } from "./os/clock.ts";
import {
  guardPath,
  guardTime,
  ownerPath,
  type Probe,
  probeLock,
} from "./os/owner_lock.ts";
import type { ProcessProbe } from "./os/process_probe.ts";

/** How often process ids are asked about at most. */
const PROCESS_PROBE_INTERVAL_MS = 250;
const SECOND_PROBE_AFTER_MS = 1000;
/** So long a command may take from its start until it holds its guard. */
const GUARD_GRACE_MS = 2000;

const BLIND =
  'Cannot tell which processes live that hold no owner lock, as "kill" is ' +
  "missing or may not be run: what they have is kept for them; install " +
  "procps, or allow it with --allow-run=kill";

/** What is known of the process behind a lease or an entry. */
export type Vitality = "alive" | "dead" | "unknown";

type AnyRecord = LeaseRecord | EntryRecord;

/** One whose life only process ids can tell, and which of them must be gone. */
interface Candidate {
  readonly record: AnyRecord;
  readonly pids: readonly number[];
}

function isLease(record: AnyRecord): record is LeaseRecord {
  return "acquired_at" in record;
}

function pidOf(record: AnyRecord): number {
  return record.host_pid ?? record.pid;
}

function standsIn(state: PoolState, id: string): boolean {
  return state.lease(id) !== undefined || state.entry(id) !== undefined;
}

/** Finds the dead among those who lease and wait. */
export class Liveness {
  readonly #owners: string;
  readonly #processes: ProcessProbe;
  readonly #births: Births | undefined;
  readonly #clock: Clock;
  /** `id pid` pairs that were alive here, so that "gone" means gone. */
  readonly #seenAlive = new Set<string>();
  readonly #goneSince = new Map<string, number>();
  readonly #warn: (message: string) => void;
  #askedAt = -Infinity;

  constructor(
    { owners, processes, births, clock, warn }: {
      owners: string;
      processes: ProcessProbe;
      births?: Births;
      clock: Clock;
      warn: (message: string) => void;
    },
  ) {
    this.#warn = warn;
    this.#owners = owners;
    this.#processes = processes;
    this.#births = births;
    this.#clock = clock;
  }

  /** Whether process ids here are known to mean nothing on the host. */
  get isPrivate(): boolean {
    return this.#processes.namespace === "private";
  }

  /**
   * Judges everyone by id, except those of `self`, which lives.
   *
   * @param options.patient whether process ids may be left out if they were asked
   * about a moment ago
   * @param options.living owners that need not be asked, as this program would hear of
   * their end; those that are found alive are added
   * @param options.among who is to be judged. @default all of the state
   */
  async examine(
    state: PoolState,
    { self, patient, living, among }: {
      self?: string;
      patient: boolean;
      living?: Set<string>;
      among?: readonly AnyRecord[];
    },
  ): Promise<Map<string, Vitality>> {
    const verdicts = new Map<string, Vitality>();
    const owners = new Map<string, Probe>();
    const candidates: Candidate[] = [];
    const records = among ?? [
      ...state.leases,
      ...state.waiters.map((waiter) => waiter.entry),
      ...state.work,
    ];
    for (const record of records) {
      const owner = parseNativeId(record.id)?.owner;
      const isKnown = owner !== undefined &&
        (owner === self || living?.has(owner) === true);
      const judged = isKnown
        ? "alive"
        : this.#judgeByLocks(record, owner, owners);
      if (typeof judged === "string") verdicts.set(record.id, judged);
      else candidates.push({ record, pids: judged });
    }
    for (const [owner, probe] of owners) {
      if (probe === "held") living?.add(owner);
    }
    this.#forgetMissing(state);
    const now = this.#clock.monotonicMs();
    if (
      candidates.length === 0 ||
      (patient && now - this.#askedAt < PROCESS_PROBE_INTERVAL_MS)
    ) {
      for (const { record } of candidates) verdicts.set(record.id, "unknown");
      return verdicts;
    }
    this.#askedAt = now;
    const asked = new Set(candidates.flatMap(({ pids }) => pids));
    const gone = await this.#processes.gone([...asked]);
    if (gone === undefined) {
      this.#warn(BLIND);
      for (const { record } of candidates) verdicts.set(record.id, "unknown");
      return verdicts;
    }
    const outlived = this.#outlived(candidates, gone, state);
    for (const candidate of candidates) {
      const { record } = candidate;
      const isGone = (pid: number) =>
        gone.has(pid) || outlived.has(record.id) && pid === pidOf(record);
      verdicts.set(record.id, this.#judgeByPids(candidate, isGone));
    }
    return verdicts;
  }

  /** The ids of one owner that died with it; undefined unless it is dead. */
  diedWith(owner: string, state: PoolState): Set<string> | undefined {
    if (probeLock(ownerPath(this.#owners, owner)) !== "free") return undefined;
    const dead = new Set<string>();
    const probed = new Map<string, Probe>([[owner, "free"]]);
    const judge = (record: AnyRecord) => {
      if (parseNativeId(record.id)?.owner !== owner) return;
      if (this.#judgeByLocks(record, owner, probed) === "dead") {
        dead.add(record.id);
      }
    };
    state.leases.forEach(judge);
    for (const { entry } of state.waiters) judge(entry);
    state.work.forEach(judge);
    return dead;
  }

  /** A verdict, or the process ids that have to be asked about. */
  #judgeByLocks(
    record: AnyRecord,
    owner: string | undefined,
    probed: Map<string, Probe>,
  ): Vitality | readonly number[] {
    const pid = pidOf(record);
    const children = isLease(record) ? record.pids : [];
    if (owner === undefined) return [pid, ...children];
    let probe = probed.get(owner);
    if (probe === undefined) {
      probe = probeLock(ownerPath(this.#owners, owner));
      probed.set(owner, probe);
    }
    if (probe === "held") return "alive";
    if (isLease(record)) {
      const guard = this.#judgeGuard(record.id);
      if (guard === "alive") return "alive";
      if (guard === "dead" && probe === "free") return "dead";
    }
    if (probe === "free") return children.length > 0 ? children : "dead";
    return [pid, ...children];
  }

  #judgeGuard(leaseId: string): Vitality {
    const made = guardTime(this.#owners, leaseId);
    if (made === undefined) return "unknown";
    // Commands share their guard. Two who probe it at once may take each other
    // for a command; the next look puts that right.
    const probe = probeLock(guardPath(this.#owners, leaseId), {
      exclusive: true,
    });
    if (probe === "held") return "alive";
    // Between its start and its lock a command has nothing to show.
    const age = this.#clock.wallMs() - made;
    if (age >= 0 && age < GUARD_GRACE_MS) return "alive";
    return probe === "free" ? "dead" : "unknown";
  }

  #judgeByPids(
    { record, pids }: Candidate,
    isGone: (pid: number) => boolean,
  ): Vitality {
    let vitality: Vitality = "dead";
    for (const pid of pids) {
      const key = `${record.id} ${pid}`;
      if (!isGone(pid)) {
        this.#seenAlive.add(key);
        vitality = "alive";
      } else if (
        this.#processes.namespace !== "host" && !this.#seenAlive.has(key)
      ) {
        if (vitality === "dead") vitality = "unknown";
      }
    }
    if (vitality !== "dead" || isLease(record)) {
      this.#goneSince.delete(record.id);
      return vitality;
    }
    const now = this.#clock.monotonicMs();
    const since = this.#goneSince.get(record.id);
    if (since === undefined) this.#goneSince.set(record.id, now);
    const proven = since !== undefined && now - since >= SECOND_PROBE_AFTER_MS;
    return proven ? "dead" : "unknown";
  }

  /** The ids of those whose process has left its number to another one. */
  #outlived(
    candidates: readonly Candidate[],
    gone: ReadonlySet<number>,
    state: PoolState,
  ): ReadonlySet<string> {
    if (this.#births === undefined || this.#processes.namespace !== "host") {
      return new Set();
    }
    const named = candidates.flatMap(({ record, pids }) => {
      const pid = pidOf(record);
      // A child's number may be of the lease's second child that was given it.
      const isOwn = pids.includes(pid) && !gone.has(pid);
      return isOwn ? [{ id: record.id, pid }] : [];
    });
    return this.#births.outlived(named, (id) => standsIn(state, id));
  }

  #forgetMissing(state: PoolState): void {
    const stands = (id: string) => standsIn(state, id);
    for (const key of this.#seenAlive) {
      if (!stands(key.slice(0, key.lastIndexOf(" ")))) {
        this.#seenAlive.delete(key);
      }
    }
    for (const id of this.#goneSince.keys()) {
      if (!stands(id)) this.#goneSince.delete(id);
    }
  }
}
