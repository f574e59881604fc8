/**
 * One program's part in the pool: its owner lock and its ids, the parts that do the
 * work, and its end.
 *
 * @module
 */
import { Births } from "../births.ts";
import { nativeId } from "../core/ids.ts";
import type { Stamp } from "../core/transitions.ts";
import { History } from "../history.ts";
import { Claims } from "../lease/claims.ts";
import type { LeaseHost } from "../lease/host.ts";
import { Liveness } from "../liveness.ts";
import { Lookout } from "../lookout.ts";
import { type Clock, isoTime, systemClock } from "../os/clock.ts";
import type { DriverAnswer } from "../os/driver.ts";
import { OwnerLock } from "../os/owner_lock.ts";
import {
  directoryOf,
  ensureSharedDirectory,
  type PathRule,
} from "../os/paths.ts";
import { KillProbe } from "../os/process_probe.ts";
import { Outside } from "../outside.ts";
import { checkPlace } from "../place.ts";
import { FileStore } from "../store/file_store.ts";
import { sidePath, StateFile } from "../store/state_file.ts";
import { closedError } from "../store/store.ts";
import { Drafter, type NewId } from "./drafter.ts";
import { Duty } from "./duty.ts";
import { Requests, type Waiting } from "./requests.ts";
import { Undertaker } from "./undertaker.ts";

/** The part of one program, on one state file. */
export class Session implements LeaseHost {
  readonly claims = new Claims();
  readonly owners: string;
  readonly cores: string;
  readonly store: FileStore;
  readonly undertaker: Undertaker;
  readonly drafter: Drafter;
  readonly requests: Requests;
  readonly warn: (message: string) => void;
  readonly #clock: Clock = systemClock;
  readonly #driverCheck: boolean;
  readonly #outside: Outside;
  readonly #lookout: Lookout;
  readonly #duty: Duty;
  readonly #onExit = () => this.#leaveQuietly();
  readonly #history: History | undefined;
  readonly #watching = new Set<() => void>();
  #owner: OwnerLock | undefined;
  #sequence = 0;
  #closed = false;
  #closing: Promise<void> | undefined;
  /** Once begun, to be waited for at the end. */
  #placeChecked: Promise<void> | undefined;

  constructor(
    path: string,
    options: {
      readonly lockTimeoutMs: number;
      readonly driverCheck: boolean;
      readonly onWarning: (message: string) => void;
      readonly rule: PathRule;
      readonly history?: boolean;
    },
  ) {
    const said = new Set<string>();
    this.warn = (message) => {
      if (said.has(message)) return;
      said.add(message);
      options.onWarning(message);
    };
    this.owners = sidePath(path, "owners");
    if (options.history !== false) {
      this.#history = new History(path, this.#clock);
    }
    this.cores = sidePath(path, "cores");
    const bells = sidePath(path, "bells");
    this.store = new FileStore({
      file: new StateFile(path),
      bells,
      clock: this.#clock,
      observer: this.claims,
      lockTimeoutMs: options.lockTimeoutMs,
      history: this.#history,
    });
    const liveness = new Liveness({
      owners: this.owners,
      processes: new KillProbe(),
      births: new Births(path),
      clock: this.#clock,
      warn: this.warn,
    });
    this.undertaker = new Undertaker({
      path,
      store: this.store,
      clock: this.#clock,
      liveness,
      self: () => this.claims.owner,
      onUnheard: () => this.#duty.noteUnheard(),
    });
    this.#driverCheck = options.driverCheck;
    this.#outside = new Outside({
      notesPath: sidePath(path, "gpus"),
      clock: this.#clock,
      driverCheck: options.driverCheck,
      warn: this.warn,
    });
    this.drafter = new Drafter({
      store: this.store,
      outside: this.#outside,
      liveness,
      newId: () => this.#newId(),
      isoTime: () => this.isoTime(),
    });
    this.requests = new Requests({
      host: this,
      drafter: this.drafter,
      // Only then: no request waits for the answer, nor shares its time.
      onTried: () => {
        this.#placeChecked ??= checkPlace(directoryOf(path), options);
      },
    });
    this.#lookout = new Lookout({
      store: this.store,
      outside: this.#outside,
      clock: this.#clock,
      waiting: this.requests.waiting,
    });
    this.#duty = new Duty({
      store: this.store,
      claims: this.claims,
      lookout: this.#lookout,
      undertaker: this.undertaker,
      clock: this.#clock,
      owners: this.owners,
      bells,
      waiting: this.requests.waiting,
      held: this.requests.held,
    });
    this.claims.onObserved = (state) => this.#duty.keepVigil(state);
    this.claims.onDoubted = () => {
      this.#duty.letEnd();
      this.#duty.wakeLater();
    };
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  isoTime(): string {
    return isoTime(this.wallMs());
  }

  /** This moment. */
  stamp(): Stamp {
    const wallMs = this.wallMs();
    return { wallMs, isoTime: isoTime(wallMs) };
  }

  nextId(): string {
    return this.#newId()();
  }

  #newId(): NewId {
    this.#refuseIfClosed();
    if (this.#owner === undefined) {
      // First, as it is what all users share; the others lie beside the file.
      ensureSharedDirectory(directoryOf(this.owners));
      this.#owner = OwnerLock.create(this.owners);
      this.claims.owner = this.#owner.name;
      globalThis.addEventListener("unload", this.#onExit);
    }
    const { name } = this.#owner;
    const sequence = ++this.#sequence;
    return (flags) => nativeId(name, sequence, flags);
  }

  listen(): void {
    this.#duty.listen();
  }

  /**
   * Asks outside whether there is room, where only this program can tell, and takes
   * the lease if there is.
   */
  confirm(waiting: Waiting): Promise<void> {
    return this.#lookout.confirm(waiting);
  }

  /**
   * What the driver tells, or why it does not; undefined where no card is registered,
   * and where it is not to be asked.
   */
  async readDriver(): Promise<DriverAnswer | undefined> {
    if (!this.#driverCheck) return undefined;
    const hasCards = await this.store.view(({ cards }) => cards.length > 0);
    return hasCards ? await this.#outside.reading() : undefined;
  }

  /** Gives everything back; after an error it can be tried again. */
  close(): Promise<void> {
    return this.#closing ??= this.#close().catch((error) => {
      this.#closing = undefined;
      throw error;
    });
  }

  /** Calls this when the pool is closed; the result takes it back. */
  onClose(stop: () => void): () => void {
    this.#refuseIfClosed();
    this.#watching.add(stop);
    return () => void this.#watching.delete(stop);
  }

  async #close(): Promise<void> {
    this.#closed = true;
    this.#duty.stop();
    for (const stop of this.#watching) stop();
    const ends = await Promise.allSettled(this.requests.end());
    const [mended] = await Promise.allSettled([this.#mend(ends)]);
    await this.#duty.finish();
    await this.#placeChecked;
    await this.#lookout.close();
    this.#duty.close();
    await this.undertaker.close();
    globalThis.removeEventListener("unload", this.#onExit);
    if (mended.status === "rejected") {
      // What could not be given back is nobody's any more.
      this.#owner?.abandon();
      throw mended.reason;
    }
    this.#owner?.close();
    this.store.close();
  }

  /** Removes what failed writes have left, as nobody knows of it afterwards. */
  async #mend(ends: readonly PromiseSettledResult<unknown>[]): Promise<void> {
    const failed = ends.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
    const { store, claims } = this;
    // Most often there is nothing, or not even a file any more.
    if (claims.mayNeedRepair) await store.view(() => {});
    if (claims.needsRepair) await store.transact(() => {}, { urgent: true });
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw closedError();
  }

  /** At the end of a program that did not close the pool. */
  #leaveQuietly(): void {
    this.#history?.write();
    // The file of an owner that holds or waits has to stay: its free lock is the
    // proof that it is dead.
    if (!this.claims.isEmpty) return;
    this.#duty.close();
    this.#owner?.close();
  }
}
