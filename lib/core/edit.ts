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
/** Differences closer than this are read as one. */
const NEAR_BYTES = 64;

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
 * Where two byte arrays of one length differ, in order; close ones as one. Looks at
 * four bytes at a time, so that a range may begin and end with equal ones.
 */
export function* differences(a: Uint8Array, b: Uint8Array): Generator<Range> {
  const whole = a.length & ~3;
  const wordsOfA = new Int32Array(a.buffer, a.byteOffset, whole >> 2);
  const wordsOfB = new Int32Array(b.buffer, b.byteOffset, whole >> 2);
  let range: Range | undefined;
  for (let page = 0; page < a.length; page += PAGE_BYTES) {
    const end = Math.min(page + PAGE_BYTES, a.length);
    if (equalBytes(a.subarray(page, end), b.subarray(page, end))) continue;
    for (let i = page; i < end; i += 4) {
      if (i < whole && wordsOfA[i >> 2] === wordsOfB[i >> 2]) continue;
      if (range !== undefined && i - range.end < NEAR_BYTES) {
        range.end = Math.min(i + 4, a.length);
      } else {
        if (range !== undefined) yield range;
        range = { start: i, end: Math.min(i + 4, a.length) };
      }
    }
  }
  if (range !== undefined) yield range;
}
