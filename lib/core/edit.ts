/**
 * Edits of a file: which bytes change, and whether they can be written at once.
 *
 * @module
 */
import { equalBytes } from "./bytes.ts";

/** Bytes to write at an offset. */
export interface Patch {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** What brings the file from the last image to this one. */
export interface Edit {
  readonly patches: readonly Patch[];
  /** The file's length afterwards. */
  readonly length: number;
}

/** Bytes from an offset to before another. */
export interface Range {
  start: number;
  end: number;
}

/** The file grows in such steps, and what lies within one is written atomically. */
export const PAGE_BYTES = 4096;
/** Pieces closer than this are written as one. */
const NEAR_BYTES = 64;
/** Differences closer than this are read as one: those of a line, or of two beside it. */
const ONE_LINE_BYTES = 256;

/** Ranges in order, merged into as few as is worth it: one where that is one page. */
export function mergeRanges(ranges: readonly Range[]): Range[] {
  if (ranges.length <= 1) return [...ranges];
  const merged: Range[] = [];
  for (const range of ranges.toSorted((a, b) => a.start - b.start)) {
    const before = merged.at(-1);
    if (before !== undefined && range.start - before.end < NEAR_BYTES) {
      before.end = Math.max(before.end, range.end);
    } else {
      merged.push({ ...range });
    }
  }
  const first = merged.at(0);
  const last = merged.at(-1);
  if (first === undefined || last === undefined) return merged;
  return pageOf(first.start) === pageOf(last.end - 1)
    ? [{ start: first.start, end: last.end }]
    : merged;
}

function pageOf(offset: number): number {
  return Math.floor(offset / PAGE_BYTES);
}

/** Where the page ends that an offset lies in. */
export function pageEnd(offset: number): number {
  return (pageOf(offset) + 1) * PAGE_BYTES;
}

/** Whether the edit is one write that either happens or does not. */
export function isAtomic({ patches }: Edit): boolean {
  if (patches.length !== 1) return patches.length === 0;
  const [{ offset, bytes }] = patches;
  return pageOf(offset) === pageOf(offset + bytes.length - 1);
}

/**
 * Where two byte arrays of one length differ, in order; those of neighbouring lines as
 * one. Looks at four bytes at a time, so that a range may begin and end with equal ones.
 */
export function differences(a: Uint8Array, b: Uint8Array): Range[] {
  const whole = a.length & ~3;
  const wordsOfA = new Int32Array(a.buffer, a.byteOffset, whole >> 2);
  const wordsOfB = new Int32Array(b.buffer, b.byteOffset, whole >> 2);
  const ranges: Range[] = [];
  const note = (start: number, end: number) => {
    const last = ranges.at(-1);
    if (last !== undefined && start - last.end < ONE_LINE_BYTES) last.end = end;
    else ranges.push({ start, end });
  };
  for (let page = 0; page < a.length; page += PAGE_BYTES) {
    const end = Math.min(page + PAGE_BYTES, a.length);
    if (equalBytes(a.subarray(page, end), b.subarray(page, end))) continue;
    for (let i = page >> 2; i < Math.min(end, whole) >> 2; i++) {
      if (wordsOfA[i] !== wordsOfB[i]) note(4 * i, 4 * i + 4);
    }
    if (end > whole) note(whole, end);
  }
  return ranges;
}
