/**
 * The history of a pool, beside its state file.
 *
 * Invariants:
 * (1) It is never in the way: it is written after the unlock and after the bells, at
 *     most once a second, and what goes wrong with it stops nobody.
 * (2) It is bounded, in the file and in memory: a program that takes and gives back
 *     more often than it may note is noted in part.
 *
 * @module
 */
import {
  type Cause,
  decodeHistory,
  encodeEnded,
  type Ended,
  endedBy,
  type HistoryRecord,
  lastLines,
} from "./core/history.ts";
import type { Change, PoolState } from "./core/state.ts";
import type { Stamp } from "./core/transitions.ts";
import { appendTo, readLog } from "./os/bounded_log.ts";
import { type Clock, isoTime } from "./os/clock.ts";

/** The size that its file does not exceed; some thousand leases. */
export const MAX_HISTORY_BYTES = 1024 * 1024;
/** What is kept of a full one. */
const KEPT_BYTES = MAX_HISTORY_BYTES / 2;
/** Between two writes of one program. */
const WRITE_EVERY_MS = 1000;
/** What a program notes between two writes. */
const NOTES_MAX = 32;

/** Where the history of a state file is. */
export function historyPath(statePath: string): string {
  return `${statePath}.history`;
}

/** What one program notes. */
export class History {
  readonly #path: string;
  readonly #clock: Clock;
  #notes: (Ended & { readonly wallMs: number })[] = [];
  #writeAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #fails = false;

  constructor(statePath: string, clock: Clock) {
    this.#path = historyPath(statePath);
    this.#clock = clock;
  }

  /** Notes what ended by a change, at the moment at which others were granted by it. */
  note(
    state: PoolState,
    changes: readonly Change[],
    stamp: Pick<Stamp, "wallMs">,
    cause?: Cause,
  ): void {
    if (this.#fails || this.#notes.length >= NOTES_MAX) return;
    for (const one of endedBy(state, changes, cause)) {
      this.#notes.push({ ...one, wallMs: stamp.wallMs });
    }
  }

  /** Writes what is noted, now or soon. Must not be called under the file lock. */
  writeIfDue(): void {
    if (this.#notes.length === 0 || this.#timer !== undefined) return;
    // The first at once: most programs have but one, and need no timer for it.
    const waitMs = this.#writeAt - this.#clock.monotonicMs();
    if (waitMs <= 0) return this.write();
    this.#timer = setTimeout(() => this.write(), waitMs);
    Deno.unrefTimer(this.#timer);
  }

  /** Writes what is noted. */
  write(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    const notes = this.#notes;
    if (notes.length === 0) return;
    this.#notes = [];
    this.#writeAt = this.#clock.monotonicMs() + WRITE_EVERY_MS;
    const lines = notes.map((note) => encodeEnded(note, isoTime(note.wallMs)));
    this.#fails = !appendTo(
      this.#path,
      // A lease may name a thousand resources: with a few of them the file would be full.
      lastLines(new TextEncoder().encode(lines.join("")), KEPT_BYTES),
      {
        maxBytes: MAX_HISTORY_BYTES,
        shorten: (bytes) => lastLines(bytes, KEPT_BYTES),
      },
    );
  }
}

/** All that is remembered, oldest first. */
export function readHistory(statePath: string): HistoryRecord[] {
  // A little more than it should be, as several may have added to it at once.
  const bytes = readLog(historyPath(statePath), 2 * MAX_HISTORY_BYTES);
  return decodeHistory(new TextDecoder().decode(bytes));
}
