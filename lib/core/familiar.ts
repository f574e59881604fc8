/**
 * Queue entries that ask for what one has asked for that was read before.
 *
 * A program that waits beside thirty others reads thirty new lines at each of its turns,
 * and has so few turns that its code is never compiled. Who asks and when is new in each
 * line; what is asked for is most often a text that was read and checked before.
 *
 * Invariant: an entry that is made here is what `decodeEntry` would make of its line.
 *
 * @module
 */
import type { EntryRecord } from "./model.ts";

/** A line as it is written here, of an entry that waits: id, pid, host_pid, wish, label, time. */
const LINE = new RegExp(
  '^\\{"id":"([0-9a-z]{10}-[0-9]{1,15})","pid":([1-9][0-9]{0,8}),' +
    '"host_pid":(null|1),("resources":.+),"label":(null|"[^"\\\\\\x00-\\x1f]*"),' +
    '"queued_at":"([-0-9T:.Z]+)","started_at":null,"lease_id":null,' +
    '"estimated_seconds":null,"progress":null\\} *$',
);

/** What a wish says, and nothing else. */
const WISH_FIELDS = [
  ...["resources", "vram_mb", "vram_mb_each", "num_gpus"],
  ...["reclaimable_intent", "priority"],
].join();

/** More kinds of requests than wait anywhere at a time. */
const MAX_WISHES = 256;

/** An entry of each wish, by the text of the wish. */
const wishes = new Map<string, EntryRecord>();

/** The entry of a line whose wish is known; undefined for any other line. */
export function decodeFamiliar(text: string): EntryRecord | undefined {
  const match = LINE.exec(text);
  const wish = match === null ? undefined : wishes.get(match[4]);
  if (match === null || wish === undefined) return undefined;
  const label = match[5] === "null" ? null : match[5].slice(1, -1);
  if (label !== null && !label.isWellFormed()) return undefined;
  return {
    ...wish,
    id: match[1],
    pid: Number(match[2]),
    host_pid: match[3] === "null" ? null : 1,
    label,
    queued_at: match[6],
  };
}

/** Remembers the wish of an entry that was read from a line. */
export function makeFamiliar(text: string, entry: EntryRecord): void {
  const wish = LINE.exec(text)?.[4];
  if (wish === undefined) return;
  // A field that is named once more in there would be the one that counts.
  if (Object.keys(JSON.parse(`{${wish}}`)).join() !== WISH_FIELDS) return;
  if (wishes.size >= MAX_WISHES) wishes.clear();
  wishes.set(wish, entry);
}
