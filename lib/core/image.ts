/**
 * The bytes of the state file, with the place of every record in them.
 *
 * Parsing and writing a file of a thousand leases costs milliseconds, while a
 * transaction changes one or two of them. So each record stands on a line of its own
 * (`layout.ts`), in one of two lists with free space in them (`section.ts`). What
 * another process changed is found by comparing bytes, and only those lines are
 * parsed; what changes here is written over free space, and nothing else moves.
 *
 * Invariants:
 * (1) The bytes are always one JSON text; white space is all that is free.
 * (2) Leases stand anywhere in their list; entries stand by rank, those at work
 *     last, which is the order in which a Python client looks for its rivals.
 * (3) Byte 0 never changes: it is the mark of a write in progress.
 *
 * Another layout (a Python client's) is parsed whole, and replaced as a whole by
 * the next change.
 *
 * @module
 */
import { equalBytes } from "./bytes.ts";
import {
  type Decoded,
  decodeEntry,
  decodeLease,
  decodeState,
  encodeAmounts,
  encodeEntry,
  encodeLease,
} from "./codec.ts";
import {
  type Edit,
  mergeRanges,
  PAGE_BYTES,
  type Patch,
  type Range,
} from "./edit.ts";
import {
  changedLines,
  decodeText,
  encodeLine,
  END,
  findLayout,
  HEAD,
  LEASES,
  QUEUE,
  readRows,
  refuseOthers,
} from "./layout.ts";
import type { EntryRecord, LeaseRecord } from "./model.ts";
import { type Line, LINE_END, type Row, Section, SPACE } from "./section.ts";
import { type Change, PoolState } from "./state.ts";

type AnyRecord = LeaseRecord | EntryRecord;

/** A file is laid out anew, smaller, when less than a quarter of it is used. */
const SHRINK_FROM_BYTES = 16 * PAGE_BYTES;
/** Kept free behind the capacities, and in each list. */
const SPARE_HEAD_BYTES = 64;
const SPARE_LIST_BYTES = 1024;

const encoder = new TextEncoder();

/** A state and the bytes it was read from or written to. */
export class Image {
  /** What the bytes say. Change it, then call {@linkcode Image.commit}. */
  readonly state: PoolState = new PoolState();
  readonly #path: string;
  #bytes: Uint8Array;
  #leases!: Section<LeaseRecord>;
  #queue!: Section<EntryRecord>;
  /** Whether the bytes are laid out as we do it. */
  #native = false;
  readonly #dirty: Range[] = [];
  /** Rows by the beginning of their line, while lines are read that may have moved only. */
  readonly #known = new Map<string, Row<AnyRecord>>();

  /**
   * Reads a whole file.
   *
   * @param before an image of earlier bytes; it is of no use afterwards
   * @throws {CorruptStateError} if it is not a state
   * @throws {SchemaVersionMismatch} if it is of another version
   */
  constructor(bytes: Uint8Array, path: string, before?: Image) {
    this.#path = path;
    if (before !== undefined) {
      this.#remember(before.#leases.rows);
      this.#remember(before.#queue.rows);
    }
    this.#bytes = bytes.slice();
    this.#useSections({ start: 0, end: 0 }, { start: 0, end: 0 });
    if (!this.#readNative()) {
      refuseOthers(bytes, path);
      this.#fill(decodeState(decodeText(bytes, path), path));
    }
    this.#known.clear();
    this.state.takeChanges();
  }

  /** An empty pool, laid out. */
  static empty(): Uint8Array {
    const image = new Image(encoder.encode(`${HEAD}{}}`), "");
    image.#layOut(PAGE_BYTES);
    return image.bytes.slice();
  }

  /** The file as it should be now. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Whether a client of another kind wrote the file last. */
  get foreign(): boolean {
    return !this.#native;
  }

  #useSections(leases: Range, queue: Range): void {
    this.#leases = new Section(this.#bytes, this.#dirty, leases);
    this.#queue = new Section(this.#bytes, this.#dirty, queue);
  }

  #fill({ resources, leases, entries }: Decoded): void {
    for (const [name, capacity] of resources) {
      this.state.setResource(name, capacity);
    }
    for (const lease of leases) this.state.addLease(lease);
    for (const entry of entries) this.state.addEntry(entry);
  }

  // ------------------------------------------------------------- reading

  /** Reads our own layout; false if the bytes are laid out otherwise. */
  #readNative(): boolean {
    const layout = findLayout(this.#bytes);
    if (layout === undefined) return false;
    const leaseRows = this.#readLeases(this.#bytes, layout.leases);
    const entryRows = this.#readEntries(this.#bytes, layout.queue);
    if (leaseRows === undefined || entryRows === undefined) return false;
    this.#useSections(layout.leases, layout.queue);
    this.#leases.adopt(layout.leases, leaseRows);
    this.#queue.adopt(layout.queue, entryRows);
    if (!this.#leases.commasHold() || !this.#queue.commasHold()) return false;
    // The head alone is a complete state but for its closing brace.
    const head = this.#bytes.subarray(0, layout.headEnd);
    const text = decodeText(head, this.#path) + "}";
    this.#fill({
      resources: decodeState(text, this.#path).resources,
      leases: leaseRows.map(({ record }) => record),
      entries: entryRows.map(({ record }) => record),
    });
    this.#native = true;
    return true;
  }

  #remember(rows: readonly Row<AnyRecord>[]): void {
    for (const row of rows) {
      if (row.text !== undefined) this.#known.set(keyOf(row.text), row);
    }
  }

  #readLeases(bytes: Uint8Array, range: Range) {
    return this.#readRows(bytes, range, decodeLease);
  }

  #readEntries(bytes: Uint8Array, range: Range) {
    return this.#readRows(bytes, range, decodeEntry);
  }

  #readRows<R extends AnyRecord>(
    bytes: Uint8Array,
    range: Range,
    decode: (text: string, path: string) => R,
  ): Row<R>[] | undefined {
    const path = this.#path;
    return readRows(bytes, range, {
      path,
      read: (text) => {
        const known = this.#known.get(keyOf(text));
        if (known?.text !== text) return decode(text, path);
        // Once only: two equal lines are two records, however odd.
        this.#known.delete(keyOf(text));
        return known.record as R;
      },
    });
  }

  /**
   * Takes over the bytes that the file has now.
   *
   * @returns false if they have to be read whole, into a new image; this one is
   * of no use then
   */
  update(bytes: Uint8Array): boolean {
    if (bytes.length !== this.#bytes.length) return false;
    if (equalBytes(bytes, this.#bytes)) return true;
    if (!this.#native) return false;
    const ranges = changedLines(this.#bytes, bytes);
    if (ranges === undefined) return false;
    let queueTouched = false;
    for (const range of ranges) {
      const isLeases = range.start < this.#leases.end;
      const { start, end } = isLeases ? this.#leases : this.#queue;
      if (range.start < start || range.end > end) return false;
      const taken = isLeases
        ? this.#takeLeases(bytes, range)
        : this.#takeEntries(bytes, range);
      if (!taken) return false;
      this.#bytes.set(bytes.subarray(range.start, range.end), range.start);
      queueTouched ||= !isLeases;
    }
    const hold = ranges.every((range) =>
      (range.start < this.#leases.end ? this.#leases : this.#queue)
        .commasHold(range)
    );
    if (!hold) return false;
    if (queueTouched) {
      this.state.orderEntries(this.#queue.rows.map(({ record }) => record));
    }
    this.state.takeChanges();
    return true;
  }

  #takeLeases(bytes: Uint8Array, range: Range): boolean {
    return this.#takeOver(this.#leases, range, {
      read: () => this.#readLeases(bytes, range),
      add: (lease) => this.state.addLease(lease),
      remove: (lease) => this.state.removeLease(lease),
    });
  }

  #takeEntries(bytes: Uint8Array, range: Range): boolean {
    return this.#takeOver(this.#queue, range, {
      read: () => this.#readEntries(bytes, range),
      add: (entry) => this.state.addEntry(entry),
      remove: (entry) => this.state.removeEntry(entry),
    });
  }

  /** Replaces the rows of a range by what its new bytes say. */
  #takeOver<R extends AnyRecord>(
    section: Section<R>,
    range: Range,
    { read, add, remove }: {
      read(): Row<R>[] | undefined;
      add(record: R): void;
      remove(record: R): void;
    },
  ): boolean {
    const before = section.within(range);
    this.#remember(before);
    const rows = read();
    this.#known.clear();
    if (rows === undefined) return false;
    const added = new Set(rows.map(({ record }) => record));
    for (const { record } of before) {
      // What is there again has only moved.
      if (!added.delete(record)) remove(record);
    }
    for (const record of added) add(record);
    section.adopt(range, rows);
    return true;
  }

  // ------------------------------------------------------------- writing

  /** Brings the bytes up to the state and says what is to be written where. */
  commit(): Edit {
    const oldLength = this.#bytes.length;
    const changes = this.state.takeChanges();
    if (!this.#native || !this.#place(changes)) {
      this.#layOut(this.#native ? 0 : oldLength);
    } else if (this.#isSparse) {
      this.#layOut(0);
    }
    return { patches: this.#takePatches(), length: this.#bytes.length };
  }

  get #isSparse(): boolean {
    if (this.#bytes.length < SHRINK_FROM_BYTES) return false;
    return this.#leases.used + this.#queue.used <
      this.#bytes.length / 4 - PAGE_BYTES;
  }

  /** Edits in place; false if there is no room. */
  #place(changes: readonly Change[]): boolean {
    const leases = new Set<LeaseRecord>();
    const entries = new Set<EntryRecord>();
    let head = false;
    for (const change of changes) {
      if (change.type === "resources") {
        head = true;
      } else if (change.table === "lease") {
        if (change.type === "add") leases.add(change.record);
        // What came and went within the change was never written.
        else if (!leases.delete(change.record)) {
          this.#leases.erase(change.record);
        }
      } else if (change.type === "add") {
        entries.add(change.record);
      } else if (!entries.delete(change.record)) {
        this.#queue.erase(change.record);
      }
    }
    if (head && !this.#writeHead()) return false;
    for (const lease of leases) {
      if (!this.#leases.insertAnywhere(leaseLine(lease))) return false;
    }
    return entries.size === 0 || this.#insertEntries(entries);
  }

  #writeHead(): boolean {
    const head = encoder.encode(HEAD + encodeAmounts(this.state.resources));
    const room = this.#leases.start - LEASES.length - 1;
    if (head.length > room) return false;
    this.#bytes.fill(SPACE, head.length, room);
    this.#bytes.set(head);
    this.#dirty.push({ start: 1, end: room });
    return true;
  }

  /** Writes new entries where their rank wants them. */
  #insertEntries(added: ReadonlySet<EntryRecord>): boolean {
    const { waiters, work } = this.state;
    const isNew = (entry: EntryRecord) =>
      added.has(entry) && !this.#queue.has(entry);
    let left = added.size;
    // New waiters stand near the end of the queue: look from there.
    const indices: number[] = [];
    for (let i = waiters.length - 1; i >= 0 && left > 0; i--) {
      if (!isNew(waiters[i].entry)) continue;
      indices.push(i);
      left--;
    }
    for (const i of indices.reverse()) {
      const before = i > 0 ? waiters[i - 1].entry : undefined;
      const line = entryLine(waiters[i].entry);
      if (!this.#queue.insertBehind(before, line)) return false;
    }
    for (const entry of work) {
      if (left === 0) break;
      if (!isNew(entry)) continue;
      const last = this.#queue.rows.at(-1)?.record;
      if (!this.#queue.insertBehind(last, entryLine(entry))) return false;
      left--;
    }
    return true;
  }

  /** Writes everything anew, with room to grow; at least `minimum` bytes long. */
  #layOut(minimum: number): void {
    const head = encoder.encode(HEAD + encodeAmounts(this.state.resources));
    const { state } = this;
    const entries = [...state.waiters.map(({ entry }) => entry), ...state.work];
    // Lines that were made in the scratch buffer have to be kept until all are there.
    const leaseLines = [...state.leases].map((record) => ({
      record,
      bytes: this.#leases.lineOf(record) ?? leaseLine(record).bytes.slice(),
    }));
    const entryLines = entries.map((record) => ({
      record,
      bytes: this.#queue.lineOf(record) ?? entryLine(record).bytes.slice(),
    }));
    const leasesStart = head.length + SPARE_HEAD_BYTES + 1 + LEASES.length;
    const wanted = leasesStart + sizeWithSpare(leaseLines) + QUEUE.length +
      sizeWithSpare(entryLines) + END.length;
    const length = Math.ceil(Math.max(wanted, minimum) / PAGE_BYTES) *
      PAGE_BYTES;
    // What rounding up to a page adds goes to both lists in equal parts.
    const leasesEnd = leasesStart + sizeWithSpare(leaseLines) +
      ((length - wanted) >> 1);
    const queue = { start: leasesEnd + QUEUE.length, end: length - END.length };
    const bytes = this.#bytes = new Uint8Array(length).fill(SPACE);
    bytes.set(head);
    bytes[leasesStart - LEASES.length - 1] = LINE_END;
    encoder.encodeInto(LEASES, bytes.subarray(leasesStart - LEASES.length));
    encoder.encodeInto(QUEUE, bytes.subarray(leasesEnd));
    encoder.encodeInto(END, bytes.subarray(queue.end));
    this.#useSections({ start: leasesStart, end: leasesEnd }, queue);
    this.#leases.fill(leaseLines);
    this.#queue.fill(entryLines);
    this.#native = true;
    this.#dirty.length = 0;
    this.#dirty.push({ start: 1, end: length });
  }

  /** The bytes that were touched, merged into as few pieces as is worth it. */
  #takePatches(): Patch[] {
    const ranges = mergeRanges(this.#dirty);
    this.#dirty.length = 0;
    return ranges.map(({ start, end }) => ({
      offset: start,
      bytes: this.#bytes.subarray(start, end),
    }));
  }
}

/** The beginning of a line, with the id: a whole line is long to look up. */
function keyOf(text: string): string {
  return text.slice(0, 32);
}

function sizeWithSpare(lines: readonly Line<unknown>[]): number {
  const size = lines.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return size + Math.max(SPARE_LIST_BYTES, size >> 2);
}

function leaseLine(record: LeaseRecord): Line<LeaseRecord> {
  return { record, bytes: encodeLine(encodeLease(record)) };
}

function entryLine(record: EntryRecord): Line<EntryRecord> {
  return { record, bytes: encodeLine(encodeEntry(record)) };
}
