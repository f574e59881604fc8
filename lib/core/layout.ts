/**
 * How the state file is laid out, and how it is found again in bytes.
 *
 *     {"version":5,"resources":{"cpu_cores":8}
 *     ,"leases":[
 *      {"id":...}
 *     ,{"id":...}
 *     ],"queue":[
 *      {"id":...}
 *     ]}
 *
 * One line for each record, and white space that is kept free for more: between the
 * records, behind the capacities and at the end.
 *
 * @module
 */
import { differences, PAGE_BYTES, type Range } from "./edit.ts";
import { CorruptStateError } from "./errors.ts";
import { LINE_END, type Row, SPACE } from "./section.ts";

export const HEAD = '{"version":5,"resources":';
export const LEASES = ',"leases":[\n';
export const QUEUE = '],"queue":[\n';
export const END = "]}\n";

const ROW_STEP_BYTES = 32;
const BRACKET = 0x5d;
const BRACE = 0x7b;

// A mark of byte order stays in the text, where it is an error, as for Python.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const latin1 = new TextDecoder("latin1");
const encoder = new TextEncoder();

/** Where the parts of a file of this layout are. */
export interface Layout {
  /** The capacities, whose line ends before this. */
  readonly headEnd: number;
  readonly leases: Range;
  readonly queue: Range;
}

/**
 * UTF-8 as text.
 *
 * @throws {CorruptStateError} if it is none
 */
export function decodeText(bytes: Uint8Array, path: string): string {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new CorruptStateError(
      `Cannot read the state file "${path}" as it is not UTF-8: it was left ` +
        `as it is, "reslock doctor --recover" brings back what can still be read`,
      { path },
      { cause: error },
    );
  }
}

/**
 * Whether bytes may be those of a state file, be it damaged. What is not is somebody
 * else's, and nobody may put another file in its place.
 */
export function mayBeState(bytes: Uint8Array): boolean {
  const at = bytes.findIndex((byte) => byte > SPACE);
  if (at < 0 || bytes[at] === BRACE) return true;
  // Whatever the layout, a field comes behind the mark, which stands for the brace.
  const text = latin1.decode(bytes);
  return /^!\s*(?:"|$)/.test(text) || text.includes(LEASES) ||
    text.includes(QUEUE);
}

/**
 * Refuses what is like no state file, whole or damaged.
 *
 * @throws {CorruptStateError} if it is
 */
export function refuseOthers(bytes: Uint8Array, path: string): void {
  if (mayBeState(bytes)) return;
  throw new CorruptStateError(
    `Cannot read the state file "${path}" as it does not begin like one: it was ` +
      `left as it is, name another with --state or RESLOCK_DIR`,
    { path },
  );
}

/** The parts of a file; undefined if it is laid out otherwise. */
export function findLayout(bytes: Uint8Array): Layout | undefined {
  const headEnd = bytes.indexOf(LINE_END);
  if (headEnd < 0 || !startsWith(bytes, HEAD, 0)) return undefined;
  if (!startsWith(bytes, LEASES, headEnd + 1)) return undefined;
  const leases = headEnd + 1 + LEASES.length;
  const leasesEnd = findMark(bytes, QUEUE, leases);
  if (leasesEnd === undefined) return undefined;
  const queue = leasesEnd + QUEUE.length;
  const queueEnd = findMark(bytes, END, queue);
  if (queueEnd === undefined) return undefined;
  if (!isBlank(bytes, queueEnd + END.length, bytes.length)) return undefined;
  return {
    headEnd,
    leases: { start: leases, end: leasesEnd },
    queue: { start: queue, end: queueEnd },
  };
}

/** The rows within a range of whole lines; undefined for another layout. */
export function readRows<R>(
  bytes: Uint8Array,
  { start, end }: Range,
  options: { read(text: string): R; readonly path: string },
): Row<R>[] | undefined {
  const text = decodeText(bytes.subarray(start, end), options.path);
  // Where each byte is a character, an offset in the text is one in the bytes.
  const isAscii = text.length === end - start;
  const rows: Row<R>[] = [];
  let offset = start;
  for (let at = 0; at < text.length;) {
    const lineEnd = text.indexOf("\n", at);
    if (lineEnd < 0) return undefined;
    const json = text.slice(at + 1, lineEnd);
    const size = isAscii
      ? lineEnd + 1 - at
      : bytes.indexOf(LINE_END, offset) + 1 - offset;
    if (json.startsWith("{")) {
      if (text[at] !== " " && text[at] !== ",") return undefined;
      rows.push({ record: options.read(json), offset, size, text: json });
    } else if (!/^ *$/.test(text.slice(at, lineEnd))) {
      return undefined;
    }
    at = lineEnd + 1;
    offset += size;
  }
  return rows;
}

let scratch = new Uint8Array(PAGE_BYTES);

/**
 * A row's bytes with room for its comma, of a size that others can take over. To be
 * used before the next call.
 */
export function encodeLine(json: string): Uint8Array {
  // UTF-8 needs three bytes at most for what is one unit of a string.
  const most = 3 * json.length + ROW_STEP_BYTES + 2;
  if (scratch.length < most) scratch = new Uint8Array(2 * most);
  const { written } = encoder.encodeInto(json, scratch.subarray(1));
  const size = Math.ceil((written + 2) / ROW_STEP_BYTES) * ROW_STEP_BYTES;
  scratch.fill(SPACE, written + 1, size - 1);
  scratch[size - 1] = LINE_END;
  return scratch.subarray(0, size);
}

/**
 * The whole lines, in both versions of a file, that hold all differences, in order;
 * undefined where the first byte or the last line differs.
 */
export function changedLines(
  old: Uint8Array,
  bytes: Uint8Array,
): Range[] | undefined {
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
    if (before !== undefined && lineStart <= before.end) {
      before.start = Math.min(before.start, lineStart);
      before.end = Math.max(before.end, lineEnd);
    } else {
      ranges.push({ start: lineStart, end: lineEnd });
    }
  }
  return ranges;
}

/** The offset of the first line from `offset` on that is this mark. */
function findMark(
  bytes: Uint8Array,
  mark: string,
  offset: number,
): number | undefined {
  // Every line of a list starts with a space or a comma, or is empty, so the first
  // that starts with a bracket is the mark, or the layout is another one.
  for (let at = offset; at < bytes.length;) {
    if (bytes[at] === BRACKET) {
      return startsWith(bytes, mark, at) ? at : undefined;
    }
    const end = bytes.indexOf(LINE_END, at);
    if (end < 0) return undefined;
    at = end + 1;
  }
  return undefined;
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
