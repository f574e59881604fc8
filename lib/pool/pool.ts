/**
 * The pool: acquiring, registering capacities, looking.
 *
 * @module
 */
import type { Explanation } from "../core/explanation.ts";
import type { HistoryRecord } from "../core/history.ts";
import type { PriorityChange } from "../core/operations.ts";
import type { ResourceRequest } from "../core/request.ts";
import { readHistory } from "../history.ts";
import type { Lease } from "../lease/lease.ts";
import { requireDescriptor } from "../os/file.ts";
import { choosePath } from "../os/paths.ts";
import { warnOnce } from "../os/permissions.ts";
import { Session } from "../session/session.ts";
import type {
  AmountsByName,
  EntryStatus,
  LeaseStatus,
  PoolStatus,
} from "../status.ts";
import { acquire, tryAcquire } from "./acquire.ts";
import {
  type AcquireOptions,
  capacitiesOf,
  checkCapacityCount,
  checkMilliseconds,
  checkOneKindOfMemory,
  checkPriority,
  type ExplainOptions,
  isOtherKindOfMemory,
  type ResourcePoolOptions,
  type TryAcquireOptions,
} from "./options.ts";
import type { PoolEvent } from "./watching.ts";

const LOCK_TIMEOUT_MS = 5000;

/**
 * Resources that processes on one machine share, coordinated through one state file.
 *
 * Whatever needs that file can fail with what is wrong with it, as
 * {@linkcode ResourcePool.acquire} says; and whatever is asked of a pool that was closed
 * fails with an `AbortError`.
 *
 * @example Run something that needs GPU memory
 * ```ts ignore
 * import { ResourcePool } from "jsr:@reslock/reslock";
 *
 * await using pool = new ResourcePool();
 * await using lease = await pool.acquire({ vram_mb: 4000 }, { priority: 5 });
 * ```
 */
export class ResourcePool implements AsyncDisposable {
  /** The state file, from the root unless the working directory may not be read. */
  readonly path: string;
  readonly #session: Session;
  readonly #onWarning: (message: string) => void;

  /**
   * Opens nothing yet: files are opened on first need and closed by
   * {@linkcode ResourcePool.close}.
   *
   * @throws {StateAccessError} if no path is given and none can be chosen
   * @throws {RangeError} if `lockTimeoutMs` is no number from 0
   */
  constructor(options: ResourcePoolOptions = {}) {
    const {
      lockTimeoutMs = LOCK_TIMEOUT_MS,
      driverCheck = true,
      onWarning = warnOnce,
      history = true,
    } = options;
    checkMilliseconds("lockTimeoutMs", lockTimeoutMs);
    const { path, rule } = choosePath(options.path);
    this.path = path;
    this.#onWarning = onWarning;
    this.#session = new Session(path, {
      lockTimeoutMs,
      driverCheck,
      onWarning,
      rule,
      history,
    });
  }

  /**
   * Waits until the request can be granted, in the order of priority, then arrival.
   *
   * @throws {ImpossibleRequestError} if it is more than a registered capacity, or
   * names none and `waitForCapacity` is not set
   * @throws {AcquireTimeoutError} after `timeoutMs`
   * @throws {AcquireCancelledError} if somebody cancels it, or resets the pool
   * @throws {RangeError} if an amount or option is outside of its range
   * @throws {TypeError} if an amount or option is of the wrong type, or GPU memory is
   * asked for in two ways
   * @throws {SyntaxError} if a name or the label cannot be used
   * @throws {Deno.errors.NotFound} if space is asked for at a path that does not exist
   * @throws {LockTimeoutError} if others keep the state file locked
   * @throws {CorruptStateError} if the state file holds something else
   * @throws {SchemaVersionMismatch} if the state file is of another version
   * @throws {StateAccessError} if the state file cannot be used, or is full
   * @throws {DOMException} named `AbortError`, if the pool was closed
   * @throws the reason of `signal`, once the request has been withdrawn
   */
  acquire(
    request: ResourceRequest,
    options: AcquireOptions = {},
  ): Promise<Lease> {
    // A copy: what was checked is what is written, whatever the caller does with it.
    return acquire(this.#session, request, { ...options });
  }

  /**
   * Takes what is asked for if it is to be had at once; never waits in the queue, and
   * never passes somebody of the same or a higher priority who does.
   *
   * @returns the lease, or null if others have it or wait for it
   * @throws {ImpossibleRequestError} if it can never be granted
   * @throws {RangeError} if an amount or option is outside of its range
   * @throws {TypeError} if an amount or option is of the wrong type, or GPU memory is
   * asked for in two ways
   * @throws {SyntaxError} if a name or the label cannot be used
   * @throws {Deno.errors.NotFound} if space is asked for at a path that does not exist
   * @throws {LockTimeoutError} if others keep the state file locked
   * @throws {CorruptStateError} if the state file holds something else
   * @throws {SchemaVersionMismatch} if the state file is of another version
   * @throws {StateAccessError} if the state file cannot be used, or is full
   * @throws {DOMException} named `AbortError`, if the pool was closed
   */
  tryAcquire(
    request: ResourceRequest,
    options: TryAcquireOptions = {},
  ): Promise<Lease | null> {
    return tryAcquire(this.#session, request, { ...options });
  }

  /**
   * Registers capacities, and grants whoever waited for them.
   *
   * @param capacities amounts by name, whole numbers from 0; a pool has at most 1024
   * @param options.keepExisting leaves alone what has a capacity, and cards where GPU
   * memory has one as `vram_mb`. @default {false}
   * @returns the names whose capacity was changed
   * @throws {RangeError} if a name or an amount cannot be used; also for the space of a
   * disk, which has no capacity, and for `vram_mb` beside cards
   * @throws {SyntaxError} if a name cannot be read
   * @throws {LockTimeoutError} if others keep the state file locked
   * @throws {CorruptStateError} if the state file holds something else
   * @throws {SchemaVersionMismatch} if the state file is of another version
   * @throws {StateAccessError} if the state file cannot be used, or is full
   */
  async setResources(
    capacities: AmountsByName,
    options: { readonly keepExisting?: boolean } = {},
  ): Promise<string[]> {
    const wanted = capacitiesOf(capacities);
    const { value } = await this.#session.store.transact((state) => {
      const changed = [...wanted.keys()].filter((name) => {
        const known = state.resources.get(name);
        const isKept = known !== undefined || isOtherKindOfMemory(state, name);
        if (isKept && options.keepExisting) return false;
        return known !== wanted.get(name);
      });
      checkOneKindOfMemory(state, changed);
      checkCapacityCount(state, changed);
      for (const name of changed) state.setResource(name, wanted.get(name)!);
      return changed;
    }, { adds: true });
    if (value.length > 0) await this.#keepCapacities();
    return value;
  }

  /**
   * Removes capacities. Leases of them stay; waiters for them wait on.
   *
   * @returns the names that had a capacity
   */
  async unsetResources(names: readonly string[]): Promise<string[]> {
    const { value } = await this.#session.store.transact((state) =>
      names.filter((name) => state.unsetResource(name))
    );
    if (value.length > 0) await this.#keepCapacities();
    return value;
  }

  /**
   * Looks at everything, and removes what dead processes have left. Where cards are
   * registered, the driver is asked as well; one that is slow is left out after three
   * seconds.
   *
   * @param options.explain whether to find out why those who wait do so; a number: only
   * for so many, whose turn comes next. @default {true}
   * @param options.usage whether to measure what leases really use, by what the driver
   * was asked for anyway; a number: only where there are no more leases. Needs
   * `--allow-all`, as {@linkcode measureUsage} does. @default {false}
   * @param options.driver whether to ask the driver at all. @default {true}
   * @example What is free, and who holds the rest
   * ```ts
   * import { ResourcePool } from "jsr:@reslock/reslock";
   *
   * await using pool = new ResourcePool();
   * const { available, leases } = await pool.status();
   * console.log(available);
   * for (const { label, resources } of leases) console.log(label, resources);
   * ```
   */
  async status(
    { explain = true, usage = false, driver = true }: {
      readonly explain?: boolean | number;
      readonly usage?: boolean | number;
      readonly driver?: boolean;
    } = {},
  ): Promise<PoolStatus> {
    const { statusOf } = await besides(this.path);
    return await statusOf(this.#session, this.path, {
      ...{ explain, usage, driver },
    });
  }

  /**
   * Tells what would become of a request that came now: whether it would be granted,
   * and if not, what is short, who has it and who goes first. Changes nothing.
   *
   * @example What a card of 20 GB would have to wait for
   * ```ts
   * import { ResourcePool } from "jsr:@reslock/reslock";
   *
   * await using pool = new ResourcePool();
   * const { verdict, sentence } = await pool.explain({ vram_mb: 20480 });
   * if (verdict !== "grantable") console.log(sentence);
   * ```
   * @throws {RangeError} if an amount or option is outside of its range
   * @throws {TypeError} if an amount or option is of the wrong type, or GPU memory is
   * asked for in two ways
   * @throws {SyntaxError} if a name or the label cannot be used: control characters, say
   * @throws {StateAccessError} if the state file cannot be used
   */
  async explain(
    request: ResourceRequest,
    options: ExplainOptions = {},
  ): Promise<Explanation> {
    const { explanationOf } = await besides(this.path);
    return await explanationOf(this.#session, request, options);
  }

  /**
   * Tells what happens in the pool, from now until the signal aborts or the pool is
   * closed, which end it without an error. The first event is the whole state. It is
   * woken by writes of the file, and does nothing in between; what comes and goes
   * within some milliseconds may not be seen.
   *
   * @example Follow it
   * ```ts
   * import { ResourcePool } from "jsr:@reslock/reslock";
   *
   * await using pool = new ResourcePool();
   * for await (const event of pool.watch()) {
   *   console.log(event.at, event.type);
   *   if (event.type === "state") break; // the first one: enough for an example
   * }
   * ```
   */
  async *watch(
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncIterableIterator<PoolEvent> {
    let isClosed = false;
    const forget = this.#session.onClose(() => isClosed = true);
    const { watchPool } = await besides(this.path);
    forget();
    if (isClosed) return;
    yield* watchPool(this.#session, this.path, options.signal);
  }

  /**
   * What requests and leases there were, oldest first: the last thousands that ended, as
   * far as programs of this package have noted them. Changes nothing.
   */
  history(): HistoryRecord[] {
    return readHistory(this.path);
  }

  /**
   * Takes a lease away from its holder, who learns of it through `lost`.
   *
   * @param id its id, or enough of its beginning to name it alone
   * @throws {RangeError} if there is no such lease, or more than one
   */
  async release(id: string): Promise<LeaseStatus> {
    const { releaseById } = await besides(this.path);
    return await releaseById(this.#session, id);
  }

  /**
   * Takes away all leases that have a label.
   *
   * @returns the leases, none if no lease has it
   */
  async releaseLabel(label: string): Promise<LeaseStatus[]> {
    const { releaseByLabel } = await besides(this.path);
    return await releaseByLabel(this.#session, label);
  }

  /**
   * Cancels a request that waits, whoever made it: its `acquire` fails with an
   * {@linkcode AcquireCancelledError}.
   *
   * @param id its id, or enough of its beginning to name it alone
   * @throws {RangeError} if no such request waits, or more than one
   * @throws {TypeError} if it is one of the Python package, which cannot be told
   */
  async cancel(id: string): Promise<EntryStatus> {
    const { cancelRequest } = await besides(this.path);
    return await cancelRequest(this.#session, id);
  }

  /**
   * Changes the priority of a request that waits, or of a lease. A request takes its
   * new place in the queue at once; a lease of higher priority is asked back by fewer.
   *
   * @param id its id, or enough of its beginning to name it alone
   * @param priority any whole number; the higher, the sooner
   * @throws {RangeError} if there is no such request or lease, or more than one, or
   * the priority is no whole number
   */
  async setPriority(id: string, priority: number): Promise<PriorityChange> {
    checkPriority(priority);
    const { changePriority } = await besides(this.path);
    return await changePriority(this.#session, id, priority);
  }

  /**
   * Asks a reclaimable lease back by hand, as a request of higher priority would: its
   * `reclaim` fires, and its holder decides when it lets go.
   *
   * @param id its id, or enough of its beginning to name it alone
   * @throws {RangeError} if there is no such lease, or more than one
   * @throws {TypeError} if it is not reclaimable, or work is in progress on it
   */
  async requestReclaim(id: string): Promise<LeaseStatus> {
    const { askBack } = await besides(this.path);
    return await askBack(this.#session, id);
  }

  /**
   * Drops all leases, the queue and the capacities. Programs that hold learn of it
   * through `lost`; an `acquire` that waits fails with an
   * {@linkcode AcquireCancelledError}. One of the Python package cannot be told, and
   * waits for ever.
   *
   * @param options.force also replaces a file that cannot be read: of those who wait, the
   * ones that cannot be read there put themselves back. @default {false}
   * @returns where a copy is kept of a file that could not be read; null where none is
   * @throws {CorruptStateError} if the file cannot be read, without `force`, or is like
   * no state file
   * @throws {SchemaVersionMismatch} if it is of another version, without `force`
   */
  async reset(
    options: { readonly force?: boolean } = {},
  ): Promise<string | null> {
    const { dropAll } = await besides(this.path);
    const { force = false } = options;
    const copyPath = await dropAll(this.#session, { force });
    // Of a damaged file they may be all that is left.
    if (copyPath === undefined) await this.#keepCapacities();
    return copyPath ?? null;
  }

  /** Writes them where `recover` finds them; what fails there stops nobody. */
  async #keepCapacities(): Promise<void> {
    const { store } = this.#session;
    const { keepCapacities } = await besides(this.path);
    try {
      await keepCapacities(
        this.path,
        () => store.view(({ resources }) => new Map(resources)),
      );
    } catch (error) {
      this.#onWarning(error instanceof Error ? error.message : String(error));
    }
  }

  /**
   * Releases what is still held, withdraws what still waits, and closes all files.
   * The pool cannot be used afterwards. What could not be given back counts as that of
   * a process that has died; after such an error it can be tried again.
   *
   * @throws {LockTimeoutError} if the state file was locked by others all the time
   * @throws {StateAccessError} if it cannot be written
   */
  close(): Promise<void> {
    return this.#session.close();
  }

  /** The same as {@linkcode ResourcePool.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

let loaded: Promise<typeof import("./beside.ts")> | undefined;

/** What a pool does beside leasing. */
function besides(path: string): Promise<typeof import("./beside.ts")> {
  if (loaded === undefined) requireDescriptor(path);
  return loaded ??= import("./beside.ts");
}
