/**
 * The bytes of the state file, with the place of every record in them.
 *
 * Parsing and writing a file of a thousand leases costs milliseconds, while a
 * transaction changes one or two of them. So each record stands on a line of
 * its own, between white space that is kept free for more:
 *
 *     {"version":5,"resources":{"cpu_cores":8}
 *     ,"leases":[
 *      {"id":...}
 *     ,{"id":...}
 *     ],"queue":[
 *      {"id":...}
 *     ]}
 *
 * A record that goes becomes spaces, a new one is written into free space; the
 * others keep their bytes and their place. What another process changed is found
 * by comparing bytes, and only those lines are parsed.
 *
 * Invariants:
 * (1) The bytes are always one JSON text; white space is all that is free.
 * (2) A row starts a line, with a space if it is the first of its list and a
 *     comma otherwise; the byte before it and its own last byte are line ends.
 * (3) Leases stand anywhere in their list; entries stand by rank, those at work
 *     last, which is the order in which a Python client looks for its rivals.
 * (4) Byte 0 never changes: it is the mark of a write in progress.
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
  differences,
  type Edit,
  mergeRanges,
  PAGE_BYTES,
  type Patch,
  type Range,
} from "./edit.ts";
import { CorruptStateError } from "./errors.ts";
import type { EntryRecord, LeaseRecord } from "./model.ts";
import { type Change, PoolState } from "./state.ts";

type AnyRecord = LeaseRecord | EntryRecord;

interface Row {
  readonly record: AnyRecord;
  readonly size: number;
  offset: number;
  /** The line, where it was read: the same line is the same record. */
  readonly text?: string;
}

/** One list of the file: where its rows may stand, and those that do, by offset. */
interface Section {
  start: number;
  end: number;
  rows: Row[];
}

const ROW_STEP_BYTES = 32;
/** A file is laid out anew, smaller, when less than a quarter of it is used. */
const SHRINK_FROM_BYTES = 16 * PAGE_BYTES;
const SPACE = 0x20;
const COMMA = 0x2c;
const LINE_END = 0x0a;
const BRACE = 0x7b;
const BRACKET = 0x5d;

const HEAD = '{"version":5,"resources":';
const LEASES = ',"leases":[\n';
const QUEUE = '],"queue":[\n';
const END = "]}\n";

const encoder = new TextEncoder();
// A mark of byte order stays in the text, where it is an error, as for Python.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const latin1 = new TextDecoder("latin1");

function decodeText(bytes: Uint8Array, path: string): string {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new CorruptStateError(
      `Cannot read the state file "${path}" as it is not UTF-8: it was left ` +
        `as it is, "reslock reset --force" starts a new one and drops every lease`,
      { path },
      { cause: error },
    );
  }
}

function startsWith(bytes: Uint8Array, text: string, offset: number): boolean {
  for (let i = 0; i < text.length; i++) {
    if (bytes[offset + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}

function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  // A loop over the bytes takes many times as long.
  return /^[ \n]*$/.test(latin1.decode(bytes.subarray(start, end)));
}

/** The index of the first row at or behind `offset`. */
function rowIndex(rows: readonly Row[], offset: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].offset < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function endOf(row: Row): number {
  return row.offset + row.size;
}

/** A state and the bytes it was read from or written to. */
export class Image {
  /** What the bytes say. Change it, then call {@linkcode Image.commit}. */
  readonly state: PoolState = new PoolState();
  readonly #path: string;
  #bytes: Uint8Array;
  #leases: Section = { start: 0, end: 0, rows: [] };
  #queue: Section = { start: 0, end: 0, rows: [] };
  #rowOf = new Map<AnyRecord, Row>();
  /** Whether the bytes are laid out as above. */
  #native = false;
  #dirty: Range[] = [];
  /** Records by their line, while rows are read anew that may have moved only. */
  #known = new Map<string, AnyRecord>();

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
    if (!this.#readNative()) {
      this.#leases.rows = [];
      this.#queue.rows = [];
      this.#fill(decodeState(decodeText(bytes, path), path));
    }
    this.#known.clear();
    this.state.takeChanges();
  }

  #remember(rows: readonly Row[]): void {
    for (const { text, record } of rows) {
      if (text !== undefined) this.#known.set(text, record);
    }
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

  #fill({ resources, leases, entries }: Decoded): void {
    for (const [name, capacity] of resources) {
      this.state.setResource(name, capacity);
    }
    for (const lease of leases) this.state.addLease(lease);
    for (const entry of entries) this.state.addEntry(entry);
  }

  // ------------------------------------------------------------- reading

  /** Reads the layout above; false if the bytes are laid out otherwise. */
  #readNative(): boolean {
    const bytes = this.#bytes;
    const headEnd = bytes.indexOf(LINE_END);
    if (headEnd < 0 || !startsWith(bytes, HEAD, 0)) return false;
    if (!startsWith(bytes, LEASES, headEnd + 1)) return false;
    const leases = headEnd + 1 + LEASES.length;
    const queueMark = this.#findMark(QUEUE, leases);
    if (queueMark < 0) return false;
    const queue = queueMark + QUEUE.length;
    const endMark = this.#findMark(END, queue);
    if (endMark < 0) return false;
    if (!isBlank(bytes, endMark + END.length, this.#bytes.length)) return false;
    this.#leases = { start: leases, end: queueMark, rows: [] };
    this.#queue = { start: queue, end: endMark, rows: [] };
    const leaseRows = this.#readRows(this.#leases, bytes, this.#leases);
    const entryRows = this.#readRows(this.#queue, bytes, this.#queue);
    if (leaseRows === undefined || entryRows === undefined) return false;
    // The head alone is a complete state but for its closing brace.
    const head = decodeText(bytes.subarray(0, headEnd), this.#path) + "}";
    this.#leases.rows = leaseRows;
    this.#queue.rows = entryRows;
    if (!this.#commasHold(this.#leases) || !this.#commasHold(this.#queue)) {
      return false;
    }
    const { resources } = decodeState(head, this.#path);
    this.#fill({
      resources,
      leases: leaseRows.map((row) => row.record as LeaseRecord),
      entries: entryRows.map((row) => row.record as EntryRecord),
    });
    for (const row of leaseRows) this.#rowOf.set(row.record, row);
    for (const row of entryRows) this.#rowOf.set(row.record, row);
    this.#native = true;
    return true;
  }

  /** The offset of the first line from `offset` on that is this mark. */
  #findMark(mark: string, offset: number): number {
    // Every line of a list starts with a space or a comma, so the first that
    // starts with a bracket is the mark, or the layout is another one.
    for (let at = offset; at < this.#bytes.length;) {
      const end = this.#bytes.indexOf(LINE_END, at);
      if (this.#bytes[at] === BRACKET) {
        return startsWith(this.#bytes, mark, at) ? at : -1;
      }
      if (end < 0) return -1;
      at = end + 1;
    }
    return -1;
  }

  /** The rows within a range of whole lines; undefined for another layout. */
  #readRows(
    section: Section,
    bytes: Uint8Array,
    range: Range,
  ): Row[] | undefined {
    const decode = section === this.#leases ? decodeLease : decodeEntry;
    const rows: Row[] = [];
    for (let at = range.start; at < range.end;) {
      const lineEnd = bytes.indexOf(LINE_END, at);
      if (lineEnd < 0 || lineEnd >= range.end) return undefined;
      if (bytes[at + 1] === BRACE) {
        if (bytes[at] !== SPACE && bytes[at] !== COMMA) return undefined;
        const text = decodeText(bytes.subarray(at + 1, lineEnd), this.#path);
        const record = this.#known.get(text) ?? decode(text, this.#path);
        // Once only: two equal lines are two records, however odd.
        this.#known.delete(text);
        rows.push({ record, offset: at, size: lineEnd + 1 - at, text });
      } else if (!isBlank(bytes, at, lineEnd)) {
        return undefined;
      }
      at = lineEnd + 1;
    }
    return rows;
  }

  #commasHold({ rows }: Section): boolean {
    return rows.every((row, index) =>
      this.#bytes[row.offset] === (index === 0 ? SPACE : COMMA)
    );
  }

  /**
   * Takes over the bytes that the file has now.
   *
   * @returns false if they have to be read whole, into a new image; this one is
   * of no use then
   */
  update(bytes: Uint8Array): boolean {
    if (bytes.length !== this.#bytes.length) return false;
    if (equalBytes(bytes, this.bytes)) return true;
    if (!this.#native) return false;
    const ranges = this.#changedLines(bytes);
    if (ranges === undefined) return false;
    let queueTouched = false;
    for (const range of ranges) {
      const section = range.start < this.#leases.end
        ? this.#leases
        : this.#queue;
      if (range.start < section.start || range.end > section.end) return false;
      if (!this.#takeOver(section, bytes, range)) return false;
      queueTouched ||= section === this.#queue;
    }
    if (!this.#commasHold(this.#leases) || !this.#commasHold(this.#queue)) {
      return false;
    }
    if (queueTouched) {
      this.state.orderEntries(
        this.#queue.rows.map((row) => row.record as EntryRecord),
      );
    }
    this.state.takeChanges();
    return true;
  }

  /** Replaces the rows of a range by what its new bytes say. */
  #takeOver(section: Section, bytes: Uint8Array, range: Range): boolean {
    const first = rowIndex(section.rows, range.start);
    const last = rowIndex(section.rows, range.end);
    this.#remember(section.rows.slice(first, last));
    const rows = this.#readRows(section, bytes, range);
    this.#known.clear();
    if (rows === undefined) return false;
    const gone = section.rows.splice(first, last - first, ...rows);
    const isLease = section === this.#leases;
    const moved = new Set<AnyRecord>();
    for (const { record } of rows) {
      if (this.#rowOf.has(record)) moved.add(record);
    }
    for (const { record } of gone) {
      if (moved.has(record)) continue;
      this.#rowOf.delete(record);
      if (isLease) this.state.removeLease(record as LeaseRecord);
      else this.state.removeEntry(record as EntryRecord);
    }
    for (const row of rows) {
      this.#rowOf.set(row.record, row);
      if (moved.has(row.record)) continue;
      if (isLease) this.state.addLease(row.record as LeaseRecord);
      else this.state.addEntry(row.record as EntryRecord);
    }
    this.#bytes.set(bytes.subarray(range.start, range.end), range.start);
    return true;
  }

  /** The whole lines, in both versions, that hold all differences, in order. */
  #changedLines(bytes: Uint8Array): Range[] | undefined {
    const old = this.bytes;
    const ranges: Range[] = [];
    for (const { start, end } of differences(old, bytes)) {
      // A byte before `start` is equal in both versions, unless it lies in an
      // earlier range; then the two become one below.
      const lineStart = Math.min(
        old.lastIndexOf(LINE_END, start - 1),
        bytes.lastIndexOf(LINE_END, start - 1),
      ) + 1;
      const oldEnd = old.indexOf(LINE_END, end - 1);
      const newEnd = bytes.indexOf(LINE_END, end - 1);
      if (start === 0 || oldEnd < 0 || newEnd < 0) return undefined;
      const lineEnd = Math.max(oldEnd, newEnd) + 1;
      const before = ranges.at(-1);
      if (before !== undefined && lineStart < before.end) {
        before.start = Math.min(before.start, lineStart);
        before.end = Math.max(before.end, lineEnd);
      } else {
        ranges.push({ start: lineStart, end: lineEnd });
      }
    }
    return ranges;
  }

  // ------------------------------------------------------------- writing

  /** Brings the bytes up to the state and says what is to be written where. */
  commit(): Edit {
    const oldLength = this.#bytes.length;
    const changes = this.state.takeChanges();
    if (!this.#native || !this.#place(changes)) {
      this.#layOut(this.#native ? 0 : oldLength);
    } else if (this.#isSparse()) {
      this.#layOut(0);
    }
    return { patches: this.#takePatches(), length: this.#bytes.length };
  }

  #isSparse(): boolean {
    if (this.#bytes.length < SHRINK_FROM_BYTES) return false;
    const used = (rows: Row[]) => rows.reduce((sum, row) => sum + row.size, 0);
    return used(this.#leases.rows) + used(this.#queue.rows) <
      this.#bytes.length / 4 - PAGE_BYTES;
  }

  /** Edits in place; false if there is no room. */
  #place(changes: readonly Change[]): boolean {
    const added = new Set<AnyRecord>();
    let head = false;
    let entriesAdded = false;
    for (const change of changes) {
      if (change.type === "resources") {
        head = true;
      } else if (change.type === "add") {
        added.add(change.record);
        entriesAdded ||= change.table === "entry";
      } else if (!added.delete(change.record)) {
        this.#erase(change.record, this.#section(change.table));
      }
    }
    if (head && !this.#writeHead()) return false;
    for (const record of added) {
      if ("acquired_at" in record && !this.#insertLease(record)) return false;
    }
    return !entriesAdded || this.#insertEntries(added);
  }

  #section(table: "lease" | "entry"): Section {
    return table === "lease" ? this.#leases : this.#queue;
  }

  #touch(start: number, end: number): void {
    this.#dirty.push({ start, end });
  }

  #erase(record: AnyRecord, section: Section): void {
    const row = this.#rowOf.get(record)!;
    this.#rowOf.delete(record);
    const index = rowIndex(section.rows, row.offset);
    section.rows.splice(index, 1);
    this.#bytes.fill(SPACE, row.offset, endOf(row) - 1);
    this.#touch(row.offset, endOf(row));
    if (index === 0) this.#writeComma(section.rows[0], SPACE);
  }

  #writeComma(row: Row | undefined, byte: number): void {
    if (row === undefined || this.#bytes[row.offset] === byte) return;
    this.#bytes[row.offset] = byte;
    this.#touch(row.offset, row.offset + 1);
  }

  #writeHead(): boolean {
    const head = encoder.encode(HEAD + encodeAmounts(this.state.resources));
    const room = this.#leases.start - LEASES.length - 1;
    if (head.length > room) return false;
    this.#bytes.fill(SPACE, head.length, room);
    this.#bytes.set(head);
    this.#touch(1, room);
    return true;
  }

  /** Writes a lease into the first free space that holds it. */
  #insertLease(lease: LeaseRecord): boolean {
    const line = encodeLine(lease);
    const { rows, start, end } = this.#leases;
    const last = rows.at(-1);
    // Most often there is room behind the last; looking for a hole takes longer.
    let offset = last === undefined ? start : endOf(last);
    let index = rows.length;
    if (end - offset < line.length) {
      offset = start;
      index = rows.findIndex((row) => {
        if (row.offset - offset >= line.length) return true;
        offset = endOf(row);
        return false;
      });
      if (index < 0) return false;
    }
    this.#putRow(this.#leases, index, { record: lease, offset, line });
    return true;
  }

  /** Writes new entries where their rank wants them. */
  #insertEntries(added: ReadonlySet<AnyRecord>): boolean {
    const { waiters, work } = this.state;
    const isNew = (record: AnyRecord) =>
      added.has(record) && !this.#rowOf.has(record);
    let left = 0;
    for (const record of added) if (!("acquired_at" in record)) left++;
    // New waiters stand near the end of the queue: look from there.
    const indices: number[] = [];
    for (let i = waiters.length - 1; i >= 0 && left > 0; i--) {
      if (!isNew(waiters[i].entry)) continue;
      indices.push(i);
      left--;
    }
    for (const i of indices.reverse()) {
      const before = i > 0 ? this.#rowOf.get(waiters[i - 1].entry) : undefined;
      if (!this.#insertEntry(waiters[i].entry, before)) return false;
    }
    for (const entry of work) {
      if (left === 0) break;
      if (!isNew(entry)) continue;
      if (!this.#insertEntry(entry, this.#queue.rows.at(-1))) return false;
      left--;
    }
    return true;
  }

  #insertEntry(entry: EntryRecord, before: Row | undefined): boolean {
    const line = encodeLine(entry);
    const section = this.#queue;
    const index = before === undefined
      ? 0
      : rowIndex(section.rows, before.offset) + 1;
    const place = () => before === undefined ? section.start : endOf(before);
    if (!this.#makeRoom(section, index, place() + line.length)) {
      // Those in front have gone, and left their room there.
      this.#compact(section);
      if (!this.#makeRoom(section, index, place() + line.length)) return false;
    }
    this.#putRow(section, index, { record: entry, offset: place(), line });
    return true;
  }

  /** Moves all rows to the front of their list, so that its free space is at the end. */
  #compact({ rows, start, end }: Section): void {
    let target = start;
    for (const row of rows) {
      if (row.offset !== target) {
        this.#bytes.copyWithin(target, row.offset, endOf(row));
        row.offset = target;
      }
      target += row.size;
    }
    this.#bytes.fill(SPACE, target, end - 1);
    this.#touch(start, end);
  }

  /** Moves rows back until the one at `index` starts at `offset` or behind. */
  #makeRoom({ rows, end }: Section, index: number, offset: number): boolean {
    let target = offset;
    let stop = index;
    while (stop < rows.length && rows[stop].offset < target) {
      target += rows[stop++].size;
    }
    if (target > end) return false;
    if (stop === index) return true;
    const start = rows[index].offset;
    for (let i = stop - 1; i >= index; i--) {
      const row = rows[i];
      target -= row.size;
      this.#bytes.copyWithin(target, row.offset, endOf(row));
      row.offset = target;
    }
    this.#touch(start, endOf(rows[stop - 1]));
    return true;
  }

  #putRow(
    section: Section,
    index: number,
    { record, offset, line }: {
      record: AnyRecord;
      offset: number;
      line: Uint8Array;
    },
  ): void {
    const row = { record, offset, size: line.length };
    this.#bytes.set(line, offset);
    this.#bytes[offset] = index === 0 ? SPACE : COMMA;
    this.#touch(offset, endOf(row));
    section.rows.splice(index, 0, row);
    this.#rowOf.set(record, row);
    if (index === 0) this.#writeComma(section.rows[1], COMMA);
  }

  /** Writes everything anew, with room to grow; at least `minimum` bytes long. */
  #layOut(minimum: number): void {
    const head = encoder.encode(HEAD + encodeAmounts(this.state.resources));
    const toLine = (record: AnyRecord): Line => {
      const row = this.#rowOf.get(record);
      return {
        record,
        line: row === undefined
          ? encodeLine(record).slice()
          : this.#bytes.subarray(row.offset, endOf(row)),
      };
    };
    const leases = [...this.state.leases].map(toLine);
    const entries = [
      ...this.state.waiters.map((waiter) => toLine(waiter.entry)),
      ...[...this.state.work].map(toLine),
    ];
    const sizeOf = (lines: Line[]) =>
      lines.reduce((sum, { line }) => sum + line.length, 0);
    const spare = (size: number) => Math.max(1024, size >> 2);
    const headSize = head.length + 64;
    const leaseSize = sizeOf(leases);
    const entrySize = sizeOf(entries);
    const wanted = headSize + LEASES.length + QUEUE.length + END.length + 1 +
      leaseSize + spare(leaseSize) + entrySize + spare(entrySize);
    const length = Math.ceil(Math.max(wanted, minimum) / PAGE_BYTES) *
      PAGE_BYTES;
    this.#bytes = new Uint8Array(length).fill(SPACE);
    this.#bytes.set(head);
    let at = headSize;
    this.#bytes[at++] = LINE_END;
    const mark = (text: string) => {
      this.#bytes.set(encoder.encode(text), at);
      at += text.length;
    };
    this.#rowOf = new Map();
    const section = (lines: Line[], end: number): Section => {
      const area: Section = { start: at, end, rows: [] };
      this.#bytes[end - 1] = LINE_END;
      for (const { record, line } of lines) {
        const index = area.rows.length;
        this.#putRow(area, index, { record, offset: at, line });
        at += line.length;
      }
      at = end;
      return area;
    };
    mark(LEASES);
    // What rounding up to a page adds goes to both lists in equal parts.
    const extra = (length - wanted) >> 1;
    this.#leases = section(
      leases,
      at + leaseSize + spare(leaseSize) + extra,
    );
    mark(QUEUE);
    this.#queue = section(entries, length - END.length);
    mark(END);
    this.#native = true;
    this.#dirty = [{ start: 1, end: length }];
  }

  /** The bytes that were touched, merged into as few pieces as is worth it. */
  #takePatches(): Patch[] {
    const ranges = mergeRanges(this.#dirty);
    this.#dirty = [];
    return ranges.map(({ start, end }) => ({
      offset: start,
      bytes: this.#bytes.subarray(start, end),
    }));
  }
}

interface Line {
  readonly record: AnyRecord;
  readonly line: Uint8Array;
}

let scratch = new Uint8Array(PAGE_BYTES);

/**
 * A row's bytes with room for its comma, of a size that others can take over. To be
 * used before the next call.
 */
function encodeLine(record: AnyRecord): Uint8Array {
  const json = "acquired_at" in record
    ? encodeLease(record)
    : encodeEntry(record);
  // UTF-8 needs three bytes at most for what is one unit of a string.
  const most = 3 * json.length + ROW_STEP_BYTES + 2;
  if (scratch.length < most) scratch = new Uint8Array(2 * most);
  const { written } = encoder.encodeInto(json, scratch.subarray(1));
  const size = Math.ceil((written + 2) / ROW_STEP_BYTES) * ROW_STEP_BYTES;
  scratch.fill(SPACE, written + 1, size - 1);
  scratch[size - 1] = LINE_END;
  return scratch.subarray(0, size);
}
