/**
 * Watching a pool: events from the differences of its states.
 *
 * The state is read when the system tells that the file was written, and when the file
 * of an owner was closed: then that owner may have died. In between nothing is done,
 * but for a look every half minute, as no event of the system is sure to come.
 *
 * @module
 */
import {
  type Happening,
  happenings,
  type Snapshot,
  snapshotOf,
} from "../core/events.ts";
import { LockTimeoutError } from "../core/errors.ts";
import { parseNativeId } from "../core/ids.ts";
import type { EntryRecord, LeaseRecord } from "../core/model.ts";
import type { Vitality } from "../liveness.ts";
import { type Watch, watch } from "../os/bell.ts";
import { ownerPath, type Probe, probeLock } from "../os/owner_lock.ts";
import { directoryOf } from "../os/paths.ts";
import { sleep } from "../os/clock.ts";
import type { Session } from "../session/session.ts";
import {
  type EntryStatus,
  entryStatus,
  type LeaseStatus,
  leaseStatus,
  type PoolStatus,
  poolStatus,
} from "../status.ts";

/** Something that happened in a pool. */
export type PoolEvent =
  & {
    /** When it was seen, ISO 8601. */
    readonly at: string;
  }
  & (
    | {
      /** How it was when the watch began: always the first event. */
      readonly type: "state";
      /** All of it; without `why`. */
      readonly status: PoolStatus;
    }
    | {
      /**
       * A request had to wait; or it left the queue without a lease: it gave up,
       * its program died, or somebody cancelled it.
       */
      readonly type: "queued" | "cancelled";
      /** The request. */
      readonly entry: EntryStatus;
    }
    | {
      /**
       * A lease was granted; ended; ended as its holder was dead; was asked back;
       * or is no longer asked back.
       */
      readonly type:
        | "granted"
        | "released"
        | "died"
        | "reclaim-requested"
        | "reclaim-withdrawn";
      /** The lease, as it was last seen. */
      readonly lease: LeaseStatus;
    }
    | {
      /** The priority of a lease or of one who waits is another. */
      readonly type: "priority-changed";
      /** Whose it is. */
      readonly kind: "lease" | "waiter";
      /** The id of the lease or of the request. */
      readonly id: string;
      /** What it is for, in the words of whoever asked. */
      readonly label: string | null;
      /** The priority until now. */
      readonly before: number;
      /** The priority from now on. */
      readonly priority: number;
    }
    | {
      /** A capacity was set, changed or taken out. */
      readonly type: "capacity-changed";
      /** The resource. */
      readonly name: string;
      /** Its capacity until now; null if it had none. */
      readonly before: number | null;
      /** Its capacity from now on; null if it has none. */
      readonly capacity: number | null;
    }
  );

/** Without any event: half a minute is soon enough for what nobody told. */
const SAFETY_LOOK_MS = 30_000;
/** Where nothing can be watched, or Python clients can die unheard. */
const BLIND_LOOK_MS = 1000;
/** Whoever writes a thousand times a second is not looked at as often. */
const REST_MS = 10;

/** Yields events until the signal aborts or the pool is closed. */
export async function* watchPool(
  session: Session,
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<PoolEvent> {
  using alarm = new Alarm(session, path);
  const stop = () => alarm.end();
  signal?.addEventListener("abort", stop, { once: true });
  const forget = session.onClose(stop);
  if (signal?.aborted) stop();
  try {
    // What dies before the alarm is set is not heard: hence first the alarm.
    let seen: Snapshot | undefined;
    while (!alarm.ended) {
      const before = seen;
      let look: Look;
      try {
        look = await lookAt(session, path, before);
      } catch (error) {
        // Of a pool that is closed meanwhile nothing can be told any more.
        if (alarm.ended) return;
        // Some program was stopped with the lock in hand: it may go on.
        if (!(error instanceof LockTimeoutError)) throw error;
        continue;
      }
      seen = look.snapshot;
      const at = session.isoTime();
      for (const event of look.events) yield { at, ...event } as PoolEvent;
      await alarm.rings(look.foreign);
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    forget();
  }
}

/** What wakes a watch. */
class Alarm implements Disposable {
  readonly #session: Session;
  readonly #path: string;
  #state: Watch | undefined;
  #owners: Watch | undefined;
  #rung = false;
  #wake: () => void = () => {};
  #timer: ReturnType<typeof setTimeout> | undefined;
  ended = false;

  constructor(session: Session, path: string) {
    this.#session = session;
    this.#path = path;
    this.#start();
  }

  /** Resolves when it is time to look. */
  async rings(foreign: boolean): Promise<void> {
    // The directory of the pool may have come into being only now.
    if (this.#state === undefined || this.#owners === undefined) this.#start();
    if (!this.ended && !this.#rung) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      this.#timer = setTimeout(
        () => void this.#lookAfterAll().finally(resolve),
        this.#state === undefined || foreign ? BLIND_LOOK_MS : SAFETY_LOOK_MS,
      );
      await promise;
      clearTimeout(this.#timer);
    } else if (!this.ended) await sleep(REST_MS);
    this.#rung = false;
  }

  end(): void {
    this.ended = true;
    this.#wake();
  }

  [Symbol.dispose](): void {
    this.ended = true;
    clearTimeout(this.#timer);
    this.#state?.close();
    this.#owners?.close();
  }

  #start(): void {
    const name = this.#path.slice(this.#path.lastIndexOf("/") + 1);
    // The directory: a file that is put in the place of another is seen, too.
    this.#state ??= watch(
      directoryOf(this.#path),
      ["modify", "create", "remove", "rename"],
      (paths) => {
        if (paths.some((path) => path.endsWith(`/${name}`))) this.#ring();
      },
    );
    this.#state?.setRef(true);
    this.#owners ??= watch(this.#session.owners, ["access"], (paths) => {
      for (const path of paths) {
        // A death writes nothing into the state: whoever notices does.
        void this.#session.undertaker.lookAfter(
          path.slice(path.lastIndexOf("/") + 1),
        );
      }
    });
  }

  #ring(): void {
    this.#rung = true;
    this.#wake();
  }

  async #lookAfterAll(): Promise<void> {
    try {
      await this.#session.undertaker.bury({ patient: true });
    } catch {
      // Whoever may only look cannot remove the dead.
    }
  }
}

/** What a look at the state has brought. */
interface Look {
  readonly snapshot: Snapshot;
  /** Without their time. */
  readonly events: readonly object[];
  /** Whether Python clients take part. */
  readonly foreign: boolean;
}

async function lookAt(
  session: Session,
  path: string,
  before: Snapshot | undefined,
): Promise<Look> {
  const isFirst = before === undefined;
  const verdicts = isFirst
    ? await session.undertaker.examine({ patient: false })
    : new Map();
  const driver = isFirst ? await session.readDriver() : undefined;
  return await session.store.view((state) => {
    const snapshot = snapshotOf(state);
    const events = before === undefined
      ? [{
        type: "state",
        status: poolStatus(path, state, {
          verdicts,
          reasons: new Map(),
          driver,
        }),
      }]
      : happenings(before, snapshot).map((one) =>
        toEvent(session, one, before, snapshot)
      );
    return { snapshot, events, foreign: state.foreignCount > 0 };
  });
}

/** An event for callers, without its time. */
function toEvent(
  session: Session,
  happening: Happening,
  before: Snapshot,
  after: Snapshot,
): object {
  const { type } = happening;
  if (type === "capacity-changed") {
    const { name, before: was = null, capacity = null } = happening;
    return { type, name, before: was, capacity };
  }
  if (type === "priority-changed") {
    const { kind, before: was, record: { id, label, priority } } = happening;
    return { type, kind, id, label, before: was, priority };
  }
  const record = "lease" in happening ? happening.lease : happening.entry;
  const verdicts = new Map([[record.id, vitalityOf(session, record)]]);
  if ("entry" in happening) {
    return { type, entry: entryStatus(happening.entry, verdicts, null) };
  }
  const { busy } = type === "released" ? before : after;
  const lease = leaseStatus(happening.lease, busy, verdicts);
  const died = type === "released" && lease.owner === "dead";
  return { type: died ? "died" : type, lease };
}

/** As far as the lock of its owner tells. */
function vitalityOf(
  { owners }: Session,
  { id }: LeaseRecord | EntryRecord,
): Vitality {
  const owner = parseNativeId(id)?.owner;
  if (owner === undefined) return "unknown";
  const verdicts: Readonly<Record<Probe, Vitality>> = {
    held: "alive",
    free: "dead",
    unknown: "unknown",
  };
  return verdicts[probeLock(ownerPath(owners, owner))];
}
