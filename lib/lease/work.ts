/**
 * Work in progress on a lease, which others see, and which keeps it from being asked
 * back.
 *
 * @module
 */
import { checkLabel } from "../core/amount.ts";
import { quotedValue } from "../core/quoted.ts";
import type { LeaseHost } from "./host.ts";

/** Options of {@linkcode Lease.startWork}. */
export interface WorkOptions {
  /** How long it will probably take, in whole seconds. */
  readonly estimatedSeconds?: number;
  /** How much of it is done, from 0 to 1. */
  readonly progress?: number;
  /** For people. */
  readonly label?: string;
}

/**
 * Checks what is said of work that others see.
 *
 * @throws {RangeError} if an estimate, a progress or a label is outside of its range
 * @throws {TypeError} if the label is no string
 * @throws {SyntaxError} if it holds control characters or is not well-formed
 */
export function checkWork(
  { estimatedSeconds, progress, label }: WorkOptions,
): void {
  if (
    estimatedSeconds !== undefined &&
    (!Number.isSafeInteger(estimatedSeconds) || estimatedSeconds < 0)
  ) {
    throw new RangeError(
      `Cannot use "estimatedSeconds" as it must be a whole number from 0: ` +
        `current value is ${quotedValue(estimatedSeconds)}`,
    );
  }
  const isPart = Number.isFinite(progress) && progress! >= 0 && progress! <= 1;
  if (progress !== undefined && !isPart) {
    throw new RangeError(
      `Cannot use "progress" as it must be a number from 0 to 1: current value ` +
        `is ${quotedValue(progress)}`,
    );
  }
  if (label !== undefined) checkLabel(label);
}

/**
 * Work in progress on a lease, for others to see; while it lasts the lease is not asked
 * back. Made by `lease.startWork`.
 *
 * @example Tell how far it is
 * ```ts
 * import { ResourcePool } from "jsr:@reslock/reslock";
 *
 * await using pool = new ResourcePool();
 * await pool.setResources({ slots: 1 });
 * await using lease = await pool.acquire({ slots: 1 }, { reclaimable: true });
 * {
 *   await using work = await lease.startWork({ estimatedSeconds: 90 });
 *   await work.update({ progress: 0.5 });
 * } // completed: the lease may be asked back
 * ```
 */
export class Work implements AsyncDisposable {
  /** The id of its entry in the queue. */
  readonly id: string;
  /** The lease that it is done on. */
  readonly leaseId: string;
  readonly #host: LeaseHost;

  /** Made by the lease, once the entry is in the file. */
  constructor(host: LeaseHost, leaseId: string, id: string) {
    this.id = id;
    this.leaseId = leaseId;
    this.#host = host;
  }

  /** Tells others how far it is. Does nothing once it, or its lease, has ended. */
  async update(options: WorkOptions): Promise<void> {
    checkWork(options);
    const { estimatedSeconds, progress, label } = options;
    const { store, claims } = this.#host;
    if (!claims.hasWork(this.id)) return;
    await store.transact((state) => {
      const entry = state.entry(this.id);
      if (entry?.lease_id !== this.leaseId) return;
      state.removeEntry(entry);
      state.addEntry({
        ...entry,
        estimated_seconds: estimatedSeconds ?? entry.estimated_seconds,
        progress: progress ?? entry.progress,
        label: label ?? entry.label,
      });
    }, { adds: true });
  }

  /** Ends it; the lease stays. After an error it can be tried again. */
  async complete(): Promise<void> {
    const { store, claims } = this.#host;
    if (!claims.hasWork(this.id)) return;
    await store.transact((state) => {
      const entry = state.entry(this.id);
      if (entry?.lease_id === this.leaseId) state.removeEntry(entry);
    }, { urgent: true });
    claims.dropWork(this.id);
  }

  /** The same as {@linkcode Work.complete}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.complete();
  }
}
