/**
 * Asking the driver for everybody: one program asks, the others use what it was told.
 *
 * Invariants:
 * (1) An answer is used only by those who see the same machine, and only if it was
 *     asked for recently enough; by the wall clock, as that is what programs share. One
 *     that jumps makes an answer useless, and never makes an old one young: it has to
 *     be younger than now as well.
 * (2) Whoever asks holds the lock of the file of notes, and nothing else: never that of
 *     the state.
 * (3) The file is a help and no more. Where it cannot be used each one asks for itself.
 *
 * @module
 */
import { addNote, findNote } from "../core/driver_notes.ts";
import { type Clock, sleep } from "./clock.ts";
import type { Driver, DriverAnswer } from "./driver.ts";
import { openRegular, unlockAndClose } from "./file.ts";
import { createFile } from "./paths.ts";
import { isGranted } from "./permissions.ts";

/** Longer than any tool may take: who holds the lock for longer was stopped. */
const PATIENCE_MS = 15_000;
const LOOK_EVERY_MS = 20;
/** Many times what the notes of a large machine take. */
const NOTES_MAX_BYTES = 4 * 1024 * 1024;

/** What the drivers tell, read once for all programs that see the same machine. */
export class SharedDriver {
  readonly #path: string;
  readonly #driver: Driver;
  readonly #clock: Clock;
  readonly #end: AbortSignal;

  /** @param options.end aborts when nobody waits for an answer any more */
  constructor(
    { path, driver, clock, end }: {
      path: string;
      driver: Driver;
      clock: Clock;
      end: AbortSignal;
    },
  ) {
    this.#path = path;
    this.#end = end;
    this.#driver = driver;
    this.#clock = clock;
  }

  /**
   * What the driver tells, not longer ago than `maxAgeMs` before this call. It may take
   * as long as the driver does.
   */
  async read(maxAgeMs: number): Promise<DriverAnswer> {
    const file = this.#open();
    if (file === undefined) return await this.#driver.read();
    using notes = new NotesFile(file);
    const sinceMs = this.#clock.wallMs() - maxAgeMs;
    const until = this.#clock.monotonicMs() + PATIENCE_MS;
    for (;;) {
      const known = this.#find(notes.read(), sinceMs);
      if (known !== undefined) return known;
      if (notes.tryLock()) break;
      if (this.#end.aborted || this.#clock.monotonicMs() > until) {
        return await this.#driver.read();
      }
      await sleep(LOOK_EVERY_MS * (0.5 + Math.random()));
    }
    // Between the look and the lock somebody else may have asked.
    const known = this.#find(notes.read(), sinceMs);
    if (known !== undefined) return known;
    const atMs = this.#clock.wallMs();
    const answer = await this.#driver.read();
    // That no tool may be run, or that it was called off, is true of this program alone.
    if (answer.kind !== "absent" && !this.#end.aborted) {
      notes.write(addNote(notes.read(), {
        view: this.#driver.view,
        atMs,
        answer: answer.kind === "told" ? answer.reading : answer.why,
      }));
    }
    return answer;
  }

  #find(text: string, sinceMs: number): DriverAnswer | undefined {
    const nowMs = this.#clock.wallMs();
    const note = findNote(text, this.#driver.view, { sinceMs, nowMs });
    if (note === undefined) return undefined;
    const { answer } = note;
    return typeof answer === "string"
      ? { kind: "broken", why: answer }
      : { kind: "told", reading: answer };
  }

  #open(): Deno.FsFile | undefined {
    for (const name of ["read", "write"] as const) {
      if (!isGranted({ name, path: this.#path })) return undefined;
    }
    const file = openNotes(this.#path);
    if (file !== undefined) return file;
    try {
      createFile(this.#path, new TextEncoder().encode("[]\n"));
    } catch {
      // The directory is not ours to write to.
    }
    return openNotes(this.#path);
  }
}

function openNotes(path: string): Deno.FsFile | undefined {
  const file = openRegular(path, { read: true, write: true });
  if (file === undefined || file.statSync().nlink === 1) return file;
  // Another name of a file that must not be written to.
  file.close();
  return undefined;
}

/** The open file of notes; its lock ends with it. */
class NotesFile implements Disposable {
  readonly #file: Deno.FsFile;

  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  tryLock(): boolean {
    return this.#file.tryLockSync(true);
  }

  read(): string {
    const { size } = this.#file.statSync();
    if (size > NOTES_MAX_BYTES) return "";
    const bytes = new Uint8Array(size);
    this.#file.seekSync(0, Deno.SeekMode.Start);
    let length = 0;
    while (length < size) {
      const count = this.#file.readSync(bytes.subarray(length));
      if (count === null) break;
      length += count;
    }
    return new TextDecoder().decode(bytes.subarray(0, length));
  }

  /** Half of it, where the disk is full or somebody reads meanwhile, is no note. */
  write(text: string): void {
    const bytes = new TextEncoder().encode(text);
    try {
      this.#file.truncateSync(0);
      this.#file.seekSync(0, Deno.SeekMode.Start);
      for (let done = 0; done < bytes.length;) {
        done += this.#file.writeSync(bytes.subarray(done));
      }
    } catch {
      // The others ask for themselves.
    }
  }

  [Symbol.dispose](): void {
    unlockAndClose(this.#file);
  }
}
