/**
 * One list of the state file: records as lines, with free space between them.
 *
 * A record that goes becomes spaces, a new one is written into free space; the
 * others keep their bytes and their place wherever that is possible.
 *
 * Invariants:
 * (1) A row starts a line, with a space if it is the first of its list and a
 *     comma otherwise; the byte before it and its own last byte are line ends.
 * (2) `rows` are in the order of their offsets, and are all there is between
 *     `start` and `end` beside white space.
 *
 * @module
 */
import { PAGE_BYTES, pageEnd, type Range } from "./edit.ts";

export const SPACE = 0x20;
export const COMMA = 0x2c;
export const LINE_END = 0x0a;

/** A record where it stands. */
export interface Row<R> {
  readonly record: R;
  readonly size: number;
  offset: number;
  /** The line, where it was read: the same line is the same record. */
  readonly text?: string;
}

/** A record with the bytes of its line. */
export interface Line<R> {
  readonly record: R;
  readonly bytes: Uint8Array;
}

/** The index of the first row at or behind `offset`. */
function rowIndex<R>(rows: readonly Row<R>[], offset: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].offset < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function endOf<R>(row: Row<R>): number {
  return row.offset + row.size;
}

/** Rows of one kind in a stretch of the bytes of an image. */
export class Section<R> {
  readonly start: number;
  readonly end: number;
  readonly #bytes: Uint8Array;
  /** The ranges that were changed, shared with the image. */
  readonly #dirty: Range[];
  readonly #rows: Row<R>[] = [];
  readonly #rowOf = new Map<R, Row<R>>();
  #used = 0;

  constructor(bytes: Uint8Array, dirty: Range[], { start, end }: Range) {
    this.#bytes = bytes;
    this.#dirty = dirty;
    this.start = start;
    this.end = end;
  }

  get rows(): readonly Row<R>[] {
    return this.#rows;
  }

  /** How many bytes the rows have. */
  get used(): number {
    return this.#used;
  }

  /** The bytes of a record's row; undefined if it has none. */
  lineOf(record: R): Uint8Array | undefined {
    const row = this.#rowOf.get(record);
    return row && this.#bytes.subarray(row.offset, endOf(row));
  }

  has(record: R): boolean {
    return this.#rowOf.has(record);
  }

  /**
   * Whether each row begins as it should, when only a range was read anew: beside the
   * rows in it, the next one may have become or ceased to be the first.
   */
  commasHold({ start, end }: Range = this): boolean {
    const holds = (index: number) =>
      this.#bytes[this.#rows[index].offset] === (index === 0 ? SPACE : COMMA);
    const first = rowIndex(this.#rows, start);
    const next = rowIndex(this.#rows, end);
    for (let index = first; index <= next && index < this.#rows.length;) {
      if (!holds(index++)) return false;
    }
    return this.#rows.length === 0 || holds(0);
  }

  /** The rows that begin within a range. */
  within({ start, end }: Range): readonly Row<R>[] {
    const first = rowIndex(this.#rows, start);
    return this.#rows.slice(first, rowIndex(this.#rows, end));
  }

  /** Puts rows that the bytes have already in the place of those within a range. */
  adopt({ start, end }: Range, rows: readonly Row<R>[]): void {
    const first = rowIndex(this.#rows, start);
    const count = rowIndex(this.#rows, end) - first;
    for (const row of this.#rows.splice(first, count, ...rows)) {
      this.#rowOf.delete(row.record);
      this.#used -= row.size;
    }
    for (const row of rows) {
      this.#rowOf.set(row.record, row);
      this.#used += row.size;
    }
  }

  /** Makes a record's row free space. */
  erase(record: R): void {
    const row = this.#rowOf.get(record)!;
    this.#rowOf.delete(record);
    const index = rowIndex(this.#rows, row.offset);
    this.#rows.splice(index, 1);
    this.#used -= row.size;
    this.#blank(row.offset, endOf(row));
    if (index === 0) this.#writeComma(this.#rows.at(0), SPACE);
  }

  /** Writes a record into the first free space that holds it; false if there is none. */
  insertAnywhere({ record, bytes }: Line<R>): boolean {
    // Most often there is room behind the last; looking for a hole takes longer.
    const last = this.#rows.at(-1);
    const behind = last === undefined ? this.start : endOf(last);
    const offset = this.#withinPage(behind, bytes.length);
    if (offset + bytes.length <= this.end) {
      this.#put(this.#rows.length, offset, { record, bytes });
      return true;
    }
    let hole = this.start;
    const index = this.#rows.findIndex((row) => {
      if (row.offset - hole >= bytes.length) return true;
      hole = endOf(row);
      return false;
    });
    if (index < 0) return false;
    this.#put(index, hole, { record, bytes });
    return true;
  }

  /** Writes a record right behind another one, or first; false if there is no room. */
  insertBehind(before: R | undefined, { record, bytes }: Line<R>): boolean {
    const row = before === undefined ? undefined : this.#rowOf.get(before);
    const index = row === undefined ? 0 : rowIndex(this.#rows, row.offset) + 1;
    const place = () => row === undefined ? this.start : endOf(row);
    if (!this.#makeRoom(index, place() + bytes.length)) {
      // Those in front have gone, and left their room there.
      this.#compact();
      if (!this.#makeRoom(index, place() + bytes.length)) return false;
    }
    this.#put(index, place(), { record, bytes });
    return true;
  }

  /** Writes all rows anew, one behind the other, and frees the rest. */
  fill(lines: readonly Line<R>[]): void {
    this.#blank(this.start, this.end);
    let offset = this.start;
    for (const line of lines) {
      this.#put(this.#rows.length, offset, line);
      offset += line.bytes.length;
    }
  }

  /** Where a row of this size does not reach into another page, if that is near. */
  #withinPage(offset: number, size: number): number {
    const next = pageEnd(offset);
    const fits = offset + size <= next || size > PAGE_BYTES;
    // Without a line end before it, the row would change the other page all the same.
    return fits || next + size > this.end || this.#bytes[next - 1] !== LINE_END
      ? offset
      : next;
  }

  /** Makes bytes free space, whose last one, and the last of each page, ends a line. */
  #blank(start: number, end: number): void {
    this.#bytes.fill(SPACE, start, end);
    for (let next = pageEnd(start); next < end; next += PAGE_BYTES) {
      this.#bytes[next - 1] = LINE_END;
    }
    this.#bytes[end - 1] = LINE_END;
    this.#touch(start, end);
  }

  #writeComma(row: Row<R> | undefined, byte: number): void {
    if (row === undefined || this.#bytes[row.offset] === byte) return;
    this.#bytes[row.offset] = byte;
    this.#touch(row.offset, row.offset + 1);
  }

  /** Moves all rows to the front, so that the free space is at the end. */
  #compact(): void {
    let target = this.start;
    for (const row of this.#rows) {
      if (row.offset !== target) {
        this.#bytes.copyWithin(target, row.offset, endOf(row));
        row.offset = target;
      }
      target += row.size;
    }
    if (target < this.end) this.#blank(target, this.end);
    this.#touch(this.start, this.end);
  }

  /** Moves rows back until the one at `index` starts at `offset` or behind. */
  #makeRoom(index: number, offset: number): boolean {
    const rows = this.#rows;
    let target = offset;
    let stop = index;
    while (stop < rows.length && rows[stop].offset < target) {
      target += rows[stop++].size;
    }
    if (target > this.end) return false;
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

  #put(index: number, offset: number, { record, bytes }: Line<R>): void {
    const row = { record, offset, size: bytes.length };
    this.#bytes.set(bytes, offset);
    this.#bytes[offset] = index === 0 ? SPACE : COMMA;
    this.#touch(offset, endOf(row));
    this.#rows.splice(index, 0, row);
    this.#rowOf.set(record, row);
    this.#used += row.size;
    if (index === 0) this.#writeComma(this.#rows.at(1), COMMA);
  }

  #touch(start: number, end: number): void {
    this.#dirty.push({ start, end });
  }
}
