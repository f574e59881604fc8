/**
 * The state file on disk: read whole, written safely in place.
 *
 * Invariants:
 * (1) Its bytes change only while this process holds the exclusive lock.
 * (2) It is never renamed over: others lock an inode, and a second inode would
 * X
 * (3) What lies within one page is written at once, and is there or not whenever
 *     the writer is killed. Everything larger goes to the journal first; then the
 *     mark `!` goes to offset 0, the bytes to their places, and `{` back.
 * (4) A journal counts beside the mark alone. Beside `{` it is old: a Python
 *     client may have written since.
 * (5) The file and the journal grow before a change, so that a full disk fails the
 *     change with the old state whole; releasing needs no room.
 * (6) Nothing is written that is too long to be read: it fails with the old state whole.
 *
 * @module
 */
import { CorruptStateError, StateAccessError } from "../core/errors.ts";
import { type Edit, isAtomic, PAGE_BYTES } from "../core/edit.ts";
import {
  decodeJournal,
  encodeJournal,
  journalLength,
} from "../core/journal.ts";
import { refuseOthers } from "../core/layout.ts";
import { openSharedFile, removeQuietly, type SharedFile } from "../os/file.ts";
import {
  findLockHolder,
  type LockHolder as ProcessWithLock,
} from "../os/lock_holder.ts";
import { createFile, createStateFile } from "../os/paths.ts";

/** Nobody means a larger one; reading it would only fill the memory. */
export const MAX_STATE_BYTES = 16 * 1024 * 1024;
/**
 * Some ten thousand leases and requests. Nobody adds to a larger one: what is left is for
 * the grants that follow from what others give back, which must never fail.
 */
export const FULL_STATE_BYTES = MAX_STATE_BYTES / 2;

const NAME_HOLDS_MS = 10;
const MARK = Uint8Array.of(0x21);
const BRACE = Uint8Array.of(0x7b);

/** How the file and its journal are opened; tests open failing ones. */
export type OpenFile = typeof openSharedFile;

/** Who has the lock within this program; any object of one's own. */
export type LockHolder = Readonly<Record<never, never>>;

/** A state file that is opened on first use and kept open. */
export class StateFile implements Disposable {
  readonly path: string;
  readonly #open: OpenFile;
  #state: SharedFile | undefined;
  #writable = false;
  #journal: SharedFile | undefined;
  #journalBytes = 0;
  #holder: LockHolder | undefined;
  #unfinished = false;
  /** The file's length: when it was read last, and while the lock is held. */
  #length = 0;
  /** When to look again whether the name leads to the file. */
  #namedUntil = 0;
  #buffer = new Uint8Array(2 * PAGE_BYTES);

  constructor(path: string, open: OpenFile = openSharedFile) {
    this.path = path;
    this.#open = open;
  }

  /** Whether what was read last is a write that is still to be completed. */
  get isUnfinished(): boolean {
    return this.#unfinished;
  }

  /** The file beside the state that keeps an edit while it is being written. */
  get journalPath(): string {
    return `${this.path}.journal`;
  }

  /**
   * Takes the lock; false if others hold it, or if the file was replaced just now.
   * A file that is missing is made, unless it is only to be read.
   *
   * @throws {Deno.errors.NotFound} if it is missing and only to be read
   * @throws {StateAccessError} if the file cannot be used
   */
  tryLock(exclusive: boolean, holder: LockHolder): boolean {
    // The system takes this whole program for one: it would let it in twice.
    if (this.#holder !== undefined) return false;
    const file = this.#openState(exclusive);
    if (!file.tryLock(exclusive)) return false;
    try {
      if (this.#isNamed(file)) {
        this.#holder = holder;
        return true;
      }
    } catch (error) {
      // Nobody else would give the lock back.
      this.close();
      throw error;
    }
    this.close();
    return false;
  }

  /**
   * Whether the name still leads to the file. Asked once in ten milliseconds: whoever
   * puts another file there takes away what was granted so short a time before anyway.
   */
  #isNamed(file: SharedFile): boolean {
    const now = performance.now();
    if (now < this.#namedUntil) return true;
    this.#length = file.stat().length;
    this.#namedUntil = now + NAME_HOLDS_MS;
    return file.isNamed();
  }

  /** Gives the lock back, if this holder has it. */
  unlock(holder: LockHolder): void {
    if (this.#holder !== holder) return;
    this.#holder = undefined;
    this.#state?.unlock();
  }

  /** When anybody wrote the file last, by the wall clock; undefined if it is not open. */
  writtenMs(): number | undefined {
    return this.#state?.stat().writtenMs;
  }

  /** A process that has the lock, where the system tells. */
  holder(): ProcessWithLock | undefined {
    const file = this.#state?.stat();
    return file && findLockHolder(file);
  }

  /**
   * All bytes, as they are at this moment, without the lock: they may be torn between
   * two states. Undefined where there is nothing to read, or a write is in progress.
   */
  readUnlocked(): Uint8Array | undefined {
    if (this.#holder !== undefined || this.#state === undefined) {
      return undefined;
    }
    const bytes = this.#readAll(this.#state);
    return bytes[0] === BRACE[0] ? bytes : undefined;
  }

  /** Lets other processes run for a moment. */
  async pause(): Promise<void> {
    await this.#state?.pause();
  }

  /**
   * All bytes, to be used before the next call. Takes the lock's kind into account:
   * an unfinished write is completed under an exclusive lock, and otherwise only in
   * what is returned.
   *
   * @throws {CorruptStateError} if a write was begun whose journal is not whole
   */
  read(exclusive: boolean): Uint8Array {
    const bytes = this.#readAll(this.#state!);
    this.#unfinished = bytes[0] === MARK[0] && !exclusive;
    if (bytes[0] !== MARK[0]) return bytes;
    refuseOthers(bytes, this.path);
    const edit = this.#readJournal();
    if (exclusive) {
      this.#applyMarked(edit);
      return this.#readAll(this.#state!);
    }
    return patched(bytes, edit);
  }

  /** All bytes as they are, to be used before the next call; nothing is completed. */
  peek(): Uint8Array {
    return this.#readAll(this.#state!);
  }

  /**
   * Writes an edit so that any reader finds all of it or nothing.
   *
   * @param limit how long the file may become; one that is longer may stay so
   * @throws {StateAccessError} if it would become longer
   */
  write(edit: Edit, limit = MAX_STATE_BYTES): void {
    if (edit.patches.length === 0) return;
    if (edit.length > limit && edit.length > this.#length) {
      throw this.#full(edit.length, limit);
    }
    const state = this.#state!;
    this.#growTo(edit.length);
    // White space before the brace, which others may write, has to give way to it.
    const hasBrace = this.#buffer[0] === BRACE[0];
    if (isAtomic(edit) && edit.length === this.#length && hasBrace) {
      const [{ bytes, offset }] = edit.patches;
      state.write(bytes, offset);
      return;
    }
    this.#writeJournal(edit);
    this.#applyMarked(edit);
  }

  /**
   * Writes everything anew, whatever was there.
   *
   * @throws {StateAccessError} if it is too long to be read again
   */
  overwrite(bytes: Uint8Array): void {
    if (bytes.length > MAX_STATE_BYTES) {
      throw this.#full(bytes.length, MAX_STATE_BYTES);
    }
    this.#length = this.#state!.stat().length;
    this.#growTo(bytes.length);
    const edit = {
      patches: [{ offset: 1, bytes: bytes.subarray(1) }],
      length: bytes.length,
    };
    this.#writeJournal(edit);
    this.#applyMarked(edit);
  }

  close(): void {
    this.#state?.[Symbol.dispose]();
    this.#journal?.[Symbol.dispose]();
    this.#state = this.#journal = this.#holder = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #openState(write: boolean): SharedFile {
    if (this.#state !== undefined && (this.#writable || !write)) {
      return this.#state;
    }
    this.close();
    try {
      return this.#adopt(this.#open(this.path), true);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) {
        // A look must not bring anything into being.
        if (!write) throw error;
        createStateFile(this.path, [
          sidePath(this.path, "owners"),
          sidePath(this.path, "bells"),
        ]);
        return this.#adopt(this.#open(this.path), true);
      }
      // Whoever may only read can still look.
      if (write || !(error instanceof StateAccessError)) throw error;
      return this.#adopt(this.#open(this.path, { write: false }), false);
    }
  }

  #adopt(file: SharedFile, writable: boolean): SharedFile {
    this.#namedUntil = 0;
    this.#state = file;
    this.#writable = writable;
    return file;
  }

  #readAll(file: SharedFile): Uint8Array {
    // One byte more would be read if another process had made it longer.
    let count = this.#length < this.#buffer.length
      ? file.read(this.#buffer, this.#length)
      : this.#buffer.length;
    if (count === this.#buffer.length) {
      const { length } = file.stat();
      if (length > MAX_STATE_BYTES) throw this.#tooLong(length);
      // Large arrays begin 16 bytes behind a page: copying a page there takes ten times
      // as long on some processors.
      this.#buffer = new Uint8Array(64 + length * 2).subarray(64);
      count = file.read(this.#buffer, length);
    }
    this.#length = count;
    return this.#buffer.subarray(0, count);
  }

  #tooLong(length: number): CorruptStateError {
    return new CorruptStateError(
      `Cannot read the state file "${this.path}" as it has ${length} bytes and ` +
        `${MAX_STATE_BYTES} are the limit: it was left as it is, ` +
        `"reslock reset --force" starts a new one and drops every lease`,
      { path: this.path },
    );
  }

  #full(length: number, limit: number): StateAccessError {
    return new StateAccessError(
      `Cannot write the state file "${this.path}" as it would have ${length} bytes ` +
        `and ${limit} are the limit: see who has what with "reslock status", and ` +
        `end leases or requests that nobody needs`,
      { path: this.path },
    );
  }

  #openJournal(): SharedFile {
    if (this.#journal?.isNamed() === false) {
      this.#journal[Symbol.dispose]();
      this.#journal = undefined;
    }
    if (this.#journal !== undefined) return this.#journal;
    this.#journal = this.#openOrMake(this.journalPath);
    if (this.#journal.stat().links > 1) {
      // What is written there must not reach a file that has another name, too.
      this.#journal[Symbol.dispose]();
      this.#journal = undefined;
      removeQuietly(this.journalPath);
      this.#journal = this.#openOrMake(this.journalPath);
    }
    this.#journalBytes = this.#journal.stat().length;
    return this.#journal;
  }

  #openOrMake(path: string): SharedFile {
    try {
      return this.#open(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      createFile(path, new Uint8Array(PAGE_BYTES));
      return this.#open(path);
    }
  }

  #writeJournal(edit: Edit): void {
    const journal = this.#openJournal();
    const needed = journalLength(edit) + PAGE_BYTES;
    if (needed > this.#journalBytes) {
      grow(journal, this.#journalBytes, needed);
      this.#journalBytes = needed;
    }
    journal.write(encodeJournal(edit), 0);
  }

  #readJournal(): Edit {
    let edit: Edit | undefined;
    try {
      // Another process may have made a new one: never one that is open already.
      using journal = this.#open(this.journalPath, { write: false });
      const { length } = journal.stat();
      if (length <= 2 * MAX_STATE_BYTES) {
        const bytes = new Uint8Array(length);
        edit = decodeJournal(bytes.subarray(0, journal.read(bytes)));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    if (edit !== undefined && edit.length <= MAX_STATE_BYTES) return edit;
    throw new CorruptStateError(
      `Cannot complete the write that was begun in "${this.path}" as its journal ` +
        `"${this.journalPath}" is missing or damaged: the file was left as it is, ` +
        `"reslock doctor --recover" brings back what can still be read`,
      { path: this.path },
    );
  }

  /** The part of a write that may be cut off anywhere and be done again. */
  #applyMarked({ patches, length }: Edit): void {
    const state = this.#state!;
    state.write(MARK, 0);
    for (const { bytes, offset } of patches) state.write(bytes, offset);
    if (this.#length > length) state.truncate(length);
    this.#length = length;
    state.write(BRACE, 0);
  }

  #growTo(length: number): void {
    if (length <= this.#length) return;
    grow(this.#state!, this.#length, length);
    this.#length = length;
  }
}

function grow(file: SharedFile, from: number, to: number): void {
  file.write(new Uint8Array(to - from).fill(0x20), from);
}

function patched(bytes: Uint8Array, { patches, length }: Edit): Uint8Array {
  const result = new Uint8Array(length).fill(0x20);
  result.set(bytes.subarray(0, length));
  for (const { bytes: patch, offset } of patches) result.set(patch, offset);
  result.set(BRACE);
  return result;
}

/** Where the side files of a state file are. */
export function sidePath(
  path: string,
  kind: "owners" | "bells" | "cores" | "gpus",
): string {
  return `${path}.${kind}`;
}
