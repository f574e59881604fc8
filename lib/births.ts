/**
 * Telling a process from a later one that has its id.
 *
 * A process id says who holds what only as long as no other process has been given it.
 * So whoever looks at a process that leases or waits without an owner lock notes when
 * it began, in a file beside the state. If the one of that id began later than a
 * note says, the one that was seen is gone.
 *
 * Wall clocks have no part in it: an entry's own time may be hours off the moment that
 * the same clock shows for its process's start, as machines are suspended, moved and
 * set. Nobody who was never looked at is taken for another one.
 *
 * @module
 */
import {
  type Birth,
  decodeBirths,
  encodeBirth,
  isSuccessor,
} from "./core/births.ts";
import { appendTo, readLog } from "./os/bounded_log.ts";
import { KernelStarts, type ProcessStarts } from "./os/process_starts.ts";

/** The size that its file does not exceed: some hundred processes. */
const MAX_BYTES = 65_536;

/** An entry or lease, and the process that its maker named. */
export interface Named {
  readonly id: string;
  readonly pid: number;
}

/** Where the notes about the processes of a state file are. */
export function birthsPath(statePath: string): string {
  return `${statePath}.births`;
}

/** The births that one program knows of. */
export class Births {
  readonly #path: string;
  readonly #starts: ProcessStarts;
  /** The first that was seen, by `id pid`. */
  readonly #known = new Map<string, Birth>();

  constructor(statePath: string, starts: ProcessStarts = new KernelStarts()) {
    this.#path = birthsPath(statePath);
    this.#starts = starts;
  }

  /**
   * The ids of those whose process is gone, though another one has its number.
   *
   * @param named those whose process ids are in use; read from the state before this call
   * @param stands whether an entry or lease of this id is still there
   */
  outlived(
    named: readonly Named[],
    stands: (id: string) => boolean,
  ): ReadonlySet<string> {
    for (const [key, { id }] of this.#known) {
      if (!stands(id)) this.#known.delete(key);
    }
    const { view } = this.#starts;
    if (view === undefined || named.length === 0) return new Set();
    const present: Birth[] = [];
    for (const { id, pid } of named) {
      const ticks = this.#starts.ticksOf(pid);
      if (ticks !== undefined) present.push({ id, pid, view, ticks });
    }
    this.#learn(present.filter((one) => !this.#known.has(keyOf(one))), stands);
    return new Set(
      present.filter((one) => isSuccessor(one, this.#known.get(keyOf(one))!))
        .map(({ id }) => id),
    );
  }

  /** Takes others' word for whom it sees for the first time, or gives them its own. */
  #learn(unknown: readonly Birth[], stands: (id: string) => boolean): void {
    if (unknown.length === 0) return;
    const text = new TextDecoder().decode(readLog(this.#path, MAX_BYTES * 2));
    const notes = decodeBirths(text);
    const news: Birth[] = [];
    for (const birth of unknown) {
      const noted = notes.find((note) => isSuccessor(birth, note)) ??
        notes.find((note) => isSame(birth, note));
      if (noted === undefined) news.push(birth);
      this.#known.set(keyOf(birth), noted ?? birth);
    }
    if (news.length === 0) return;
    // Where it cannot be written, this program still knows.
    appendTo(
      this.#path,
      // On a line of its own, whatever was cut off before.
      new TextEncoder().encode(`\n${news.map(encodeBirth).join("")}`),
      {
        maxBytes: MAX_BYTES,
        shorten: (bytes) =>
          new TextEncoder().encode(
            decodeBirths(new TextDecoder().decode(bytes))
              .filter(({ id }) => stands(id)).map(encodeBirth).join(""),
          ),
      },
    );
  }
}

function keyOf({ id, pid }: Named): string {
  return `${id} ${pid}`;
}

function isSame(a: Birth, b: Birth): boolean {
  return a.id === b.id && a.pid === b.pid && a.view === b.view &&
    a.ticks === b.ticks;
}
