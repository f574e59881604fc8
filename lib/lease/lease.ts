/**
 * A lease as its holder has it.
 *
 * @module
 */
import { LeaseLostError } from "../core/errors.ts";
import { isAskedByHand, withoutMarks } from "../core/marks.ts";
import {
  gpuOfKey,
  type LeaseRecord,
  makeEntry,
  toObject,
} from "../core/model.ts";
import type { LeaseUsage } from "../core/overuse.ts";
import { quoted } from "../core/quoted.ts";
import type { PoolState } from "../core/state.ts";
import { release, shrink } from "../core/transitions.ts";
import { removeGuard } from "../os/owner_lock.ts";
import { looks } from "../outside.ts";
import type { AmountsByName } from "../status.ts";
import type { TransactOptions } from "../store/store.ts";
import { guardCommand } from "./guard.ts";
import type { LeaseHost } from "./host.ts";
import { allowedCores, claimCores, type ClaimedCores } from "./pinning.ts";
import { amountsOf, type LeaseUpdate, updatedFields } from "./update.ts";
import { checkWork, Work, type WorkOptions } from "./work.ts";

/**
 * Resources that are held until {@linkcode Lease.release}, the end of its scope
 * (`await using`), or the end of the process.
 *
 * @example Hold memory while a scope lasts
 * ```ts ignore
 * await using lease = await pool.acquire({ ram_mb: 4096 });
 * ```
 */
export class Lease implements AsyncDisposable {
  /** The lease's id in the state file. */
  readonly id: string;
  readonly #host: LeaseHost;
  readonly #onEnd: () => void;
  // Made on first use: two of them cost as much as the whole lease.
  #reclaim: AbortController | undefined;
  #lost: AbortController | undefined;
  #reclaimReason: DOMException | undefined;
  #lostReason: LeaseLostError | undefined;
  #record: LeaseRecord;
  #work: Work | null = null;
  #releasing: Promise<void> | undefined;
  #released = false;
  #guarded = false;

  /** Made by the pool, once the lease is in the file. */
  constructor(host: LeaseHost, record: LeaseRecord, onEnd: () => void) {
    this.id = record.id;
    this.#host = host;
    this.#record = record;
    this.#stand(() => this.#lose());
    this.#onEnd = onEnd;
    if (record.reclaimable) host.listen();
  }

  /** What it was taken for, as other people see it. */
  get label(): string | null {
    return this.#record.label;
  }

  /** Its priority: only requests above it can ask it back. */
  get priority(): number {
    return this.#record.priority;
  }

  /** How long it was waited for, in seconds. */
  get waitSec(): number {
    return this.#record.wait_sec ?? 0;
  }

  /** What it holds; GPU memory by card, as `gpu_<uuid>_vram_mb`. */
  get resources(): AmountsByName {
    return toObject(this.#record.resources);
  }

  /** The cards on which it holds memory. */
  get gpuUuids(): readonly string[] {
    return [...this.#record.resources.keys()].flatMap((name) =>
      gpuOfKey(name) ?? []
    );
  }

  /**
   * The numbers that the cards have now in the tool of their maker, in the order of
   * {@linkcode Lease.gpuUuids}; a MIG instance has that of its card. CUDA counts so
   * with `CUDA_DEVICE_ORDER=PCI_BUS_ID`.
   *
   * @throws {GpuDetectionError} if a source of cards is there but broken
   * @throws {RangeError} if one of the cards is not found here
   */
  async gpuIndices(): Promise<readonly number[]> {
    if (this.gpuUuids.length === 0) return [];
    const { detectGpus } = await looks(this.#host.owners);
    const gpus = await detectGpus();
    return this.gpuUuids.map((uuid) => {
      const card = gpus.find((gpu) => gpu.uuid === uuid);
      if (card !== undefined) return card.index;
      throw new RangeError(
        `Cannot tell the number of the card ${quoted(uuid)} as no tool here ` +
          `knows it: see "reslock detect"`,
      );
    });
  }

  /** Whether a request of higher priority has asked for it. */
  get reclaimRequested(): boolean {
    return this.#reclaimReason !== undefined;
  }

  /**
   * Aborts when a request of higher priority asks for it. The holder decides when
   * it lets go; nothing is taken by force. It may have been asked for already: a listener
   * hears of that if it is added at once when this is read for the first time; later,
   * look at `aborted` first.
   */
  get reclaim(): AbortSignal {
    this.#host.listen();
    return (this.#reclaim ??= controller(this.#reclaimReason)).signal;
  }

  /**
   * Aborts when the lease was taken away: by an operator's `release` or `reset`.
   * Do not take it for held before {@linkcode Lease.release} has returned.
   */
  get lost(): AbortSignal {
    this.#host.listen();
    return (this.#lost ??= controller(this.#lostReason)).signal;
  }

  /** The work that `estimatedSeconds` started, or null. It ends with the lease. */
  get work(): Work | null {
    return this.#work;
  }

  /**
   * Gives back parts of what is held; a resource that reaches 0 is given back whole.
   *
   * @param amounts how much to give back, by name
   * @throws {RangeError} if it is more than is held
   * @throws {LeaseLostError} if the lease is gone
   */
  async shrink(amounts: AmountsByName): Promise<void> {
    const less = amountsOf(amounts);
    await this.#change((state, lease) => {
      const rest = new Map<string, number>();
      for (const [name, amount] of less) {
        rest.set(name, (lease.resources.get(name) ?? 0) - amount);
      }
      return shrink(state, lease, rest);
    });
  }

  /**
   * Changes what others see of the lease. Amounts only ever become smaller.
   *
   * @throws {RangeError} if an amount is larger than what is held, or a value is outside
   * of its range
   * @throws {TypeError} if a value is of the wrong type
   * @throws {SyntaxError} if a name holds control characters or is not well-formed
   * @throws {LeaseLostError} if the lease is gone
   */
  async update(update: LeaseUpdate): Promise<void> {
    const wanted = update.resources && amountsOf(update.resources);
    const fields = updatedFields(update);
    await this.#change((state, lease) => {
      const smaller = wanted ? shrink(state, lease, wanted) : lease;
      return state.replaceLease(smaller, fields);
    }, { adds: true });
  }

  /**
   * Measures what this process and its children use, those named with
   * {@linkcode Lease.update} among them, and writes it into the lease, where others see
   * it: RAM and processor time, and the memory of cards. Without `--allow-all` it is
   * the RAM of this process alone.
   *
   * @returns what was measured
   * @throws {GpuDetectionError} if a source of cards is there but broken
   * @throws {LeaseLostError} if the lease is gone
   */
  async measure(): Promise<LeaseUsage> {
    const { factsOf, measureOwn } = await looks(this.#host.owners);
    const holders = await this.#host.store.view(({ leases }) =>
      withoutMarks(leases).map(factsOf)
    );
    const usage = await measureOwn(this.id, holders);
    await this.update({
      actualResources: usage.resources,
      cpuSeconds: usage.cpuSeconds ?? undefined,
    });
    return usage;
  }

  /**
   * Chooses as many processor cores as it holds of `cpu_cores`, none that another lease
   * has chosen while there are others, among those that this process may use. Pins
   * nothing: that is `taskset`'s to do, as in `reslock run --pin`. They are free again
   * when the lease ends.
   *
   * @returns the cores; `null` without `--allow-all`, or where the system does not tell
   * @throws {RangeError} if it holds no `cpu_cores`
   * @throws {LockTimeoutError} if a stopped process keeps others from choosing
   */
  async claimCores(): Promise<ClaimedCores | null> {
    const count = this.#record.resources.get("cpu_cores") ?? 0;
    if (count === 0) {
      throw new RangeError(
        `Cannot choose cores for the lease ${this.id} as it holds none: ask for ` +
          `"cpu_cores"`,
      );
    }
    const allowed = allowedCores();
    if (allowed === undefined) return null;
    const { store, cores } = this.#host;
    const leases = () =>
      store.view((state) => new Set([...state.leases].map(({ id }) => id)));
    return await claimCores(
      cores,
      { leaseId: this.id, count, leases },
      allowed,
    );
  }

  /**
   * Marks the lease as busy: it is not asked back while work is in progress.
   *
   * @throws {RangeError} if an estimate, a progress or a label is outside of its range
   * @throws {TypeError} if the label is no string
   * @throws {SyntaxError} if it holds control characters or is not well-formed
   * @throws {LeaseLostError} if the lease is gone
   */
  async startWork(options: WorkOptions = {}): Promise<Work> {
    checkWork(options);
    const { label = null, estimatedSeconds = null, progress = null } = options;
    const id = this.#host.nextId();
    const now = this.#host.isoTime();
    const { claims } = this.#host;
    claims.addWork(id, this.id);
    const write = this.#change((state, lease) => {
      state.addEntry(makeEntry({
        id,
        pid: lease.pid,
        host_pid: lease.host_pid,
        priority: lease.priority,
        label,
        queued_at: now,
        started_at: now,
        lease_id: lease.id,
        estimated_seconds: estimatedSeconds,
        progress,
      }));
      return lease;
    }, { adds: true });
    try {
      await write;
    } catch (error) {
      claims.doubt(id);
      throw error;
    }
    return new Work(this.#host, this.id, id);
  }

  /**
   * The words that start a command so that the lease outlives this process, however it
   * ends, for as long as the command or a descendant of it runs. Uses `flock` of
   * util-linux; where it is not to be had, the command itself, with a warning: then name
   * its pid with {@linkcode Lease.update}.
   *
   * @param command the program and its arguments
   */
  guard(command: readonly string[]): Promise<string[]> {
    this.#guarded = true;
    return guardCommand(this.#host, this.id, command);
  }

  /**
   * Gives everything back and wakes those who get it. Doing so again does nothing;
   * after an error it can be tried again.
   */
  release(): Promise<void> {
    if (this.#released) return Promise.resolve();
    return this.#releasing ??= this.#release();
  }

  /** The same as {@linkcode Lease.release}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  async #release(): Promise<void> {
    const { store, claims } = this.#host;
    claims.giveBack(this.id);
    try {
      await store.transact((state) => void release(state, this.id), {
        urgent: true,
      });
      this.#end();
    } catch (error) {
      if (!this.#released) {
        this.#stand(() => this.#end());
      }
      throw error;
    } finally {
      this.#releasing = undefined;
    }
  }

  /** Hears of the lease in the file from now on, and of its end. */
  #stand(gone: () => void): void {
    this.#host.claims.hold(this.id, {
      seen: (lease, state) => this.#see(lease, state),
      gone,
    });
  }

  #end(): void {
    this.#released = true;
    this.#onEnd();
    this.#host.claims.drop(this.id);
    if (this.#guarded) removeGuard(this.#host.owners, this.id);
  }

  // Those who listen hear of it a moment later, when the tables say what the file says.

  #see(lease: LeaseRecord, state: PoolState): void {
    this.#record = lease;
    // The request itself stays in the queue as work, under the same id.
    if (this.#work === null && state.entry(lease.id) !== undefined) {
      this.#host.claims.addWork(lease.id, lease.id);
      this.#work = new Work(this.#host, lease.id, lease.id);
    }
    if (!lease.reclaim_requested || this.reclaimRequested) return;
    const byHand = isAskedByHand(lease);
    // A Python client asks everyone, of whatever priority.
    if (!byHand && !isWantedAbove(lease, state)) return;
    const by = byHand ? "hand" : "a request of higher priority";
    this.#reclaimReason = new DOMException(
      `The lease ${this.id} is asked back by ${by}`,
      "AbortError",
    );
    queueMicrotask(() => this.#reclaim?.abort(this.#reclaimReason));
  }

  #lose(): void {
    this.#end();
    this.#lostReason = this.#lostError();
    queueMicrotask(() => this.#lost?.abort(this.#lostReason));
  }

  #lostError(): LeaseLostError {
    return new LeaseLostError(
      `Cannot use the lease ${this.id} as it is no longer held: it was released, ` +
        `or taken away by "reslock release" or "reslock reset"`,
      { leaseId: this.id },
    );
  }

  async #change(
    change: (state: PoolState, lease: LeaseRecord) => LeaseRecord,
    options: TransactOptions = {},
  ): Promise<void> {
    if (this.#released) throw this.#lostError();
    const { value } = await this.#host.store.transact((state) => {
      const lease = state.lease(this.id);
      return lease === undefined ? undefined : change(state, lease);
    }, options);
    if (value === undefined) throw this.#lostError();
    this.#record = value;
  }
}

/**
 * A controller that is aborted already if there is a reason. The event follows a moment
 * later, for whoever adds a listener at once without a look at `aborted`.
 */
function controller(reason: Error | undefined): AbortController {
  const controller = new AbortController();
  if (reason !== undefined) {
    controller.abort(reason);
    queueMicrotask(() => controller.signal.dispatchEvent(new Event("abort")));
  }
  return controller;
}

function isWantedAbove(lease: LeaseRecord, state: PoolState): boolean {
  const names = [...lease.resources.keys()];
  const hasCard = names.some((name) => gpuOfKey(name) !== undefined);
  return state.waiters.some(({ priority, counters, slots }) =>
    priority > lease.priority &&
    (names.some((name) => counters.has(name)) || (hasCard && slots.length > 0))
  );
}
