/**
 * The journal: an edit of the state file that is too large to be one atomic
 * write, as bytes that tell whether they are complete.
 *
 * Layout: magic, then as unsigned 32-bit little-endian numbers the checksum of all
 * that follows it, the length of the whole, the length of the state file after
 * the edit and the number of patches; then each patch: offset, length, bytes.
 *
 * @module
 */
import { crc32 } from "./bytes.ts";
import type { Edit, Patch } from "./edit.ts";

const MAGIC = "reslock1";
const CHECKSUM_AT = 8;
const LENGTH_AT = 12;
const STATE_LENGTH_AT = 16;
const COUNT_AT = 20;
const HEADER_BYTES = 24;
const PATCH_HEADER_BYTES = 8;

/** How many bytes {@linkcode encodeJournal} makes of an edit. */
export function journalLength({ patches }: Edit): number {
  return patches.reduce(
    (sum, { bytes }) => sum + PATCH_HEADER_BYTES + bytes.length,
    HEADER_BYTES,
  );
}

/** An edit as bytes. */
export function encodeJournal(edit: Edit): Uint8Array {
  const bytes = new Uint8Array(journalLength(edit));
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  view.setUint32(LENGTH_AT, bytes.length, true);
  view.setUint32(STATE_LENGTH_AT, edit.length, true);
  view.setUint32(COUNT_AT, edit.patches.length, true);
  let at = HEADER_BYTES;
  for (const patch of edit.patches) {
    view.setUint32(at, patch.offset, true);
    view.setUint32(at + 4, patch.bytes.length, true);
    bytes.set(patch.bytes, at + PATCH_HEADER_BYTES);
    at += PATCH_HEADER_BYTES + patch.bytes.length;
  }
  view.setUint32(CHECKSUM_AT, crc32(bytes.subarray(LENGTH_AT)), true);
  return bytes;
}

/** The edit that the bytes hold, or `undefined` if they are not a whole one. */
export function decodeJournal(bytes: Uint8Array): Edit | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  for (let i = 0; i < MAGIC.length; i++) {
    if (bytes[i] !== MAGIC.charCodeAt(i)) return undefined;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = view.getUint32(LENGTH_AT, true);
  if (end < HEADER_BYTES || end > bytes.length) return undefined;
  const checksum = view.getUint32(CHECKSUM_AT, true);
  if (crc32(bytes.subarray(LENGTH_AT, end)) !== checksum) return undefined;
  const length = view.getUint32(STATE_LENGTH_AT, true);
  const patches: Patch[] = [];
  let at = HEADER_BYTES;
  for (let left = view.getUint32(COUNT_AT, true); left > 0; left--) {
    if (at + PATCH_HEADER_BYTES > end) return undefined;
    const offset = view.getUint32(at, true);
    const start = at + PATCH_HEADER_BYTES;
    at = start + view.getUint32(at + 4, true);
    // A journal that anybody may write must not reach outside the state.
    if (at > end || offset + at - start > length) return undefined;
    patches.push({ offset, bytes: bytes.subarray(start, at) });
  }
  return { patches, length };
}
