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

/** A line as it is written here, of an entry that waits: who asks, the wish, and when. */
const WHO = '\\{"id":"([0-9a-z]{10}-[0-9]{1,15})","pid":([1-9][0-9]{0,8}),' +
  '"host_pid":(null|1),';
const WHEN = ',"label":(null|"[^"\\\\\\x00-\\x1f]*"),' +
  '"queued_at":"([-0-9T:.Z]+)","started_at":null,"lease_id":null,' +
  '"estimated_seconds":null,"progress":null\\} *$';
const BEGINNING = new RegExp(`^${WHO}`);
const END = new RegExp(WHEN, "y");
const LINE = new RegExp(`^${WHO}("resources":.+)${WHEN}`);

/** What a wish says, and nothing else. */
const WISH_FIELDS = [
  ...["resources", "vram_mb", "vram_mb_each", "num_gpus"],
  ...["reclaimable_intent", "priority"],
].join();

/** More kinds of requests than wait anywhere at a time. */
const MAX_WISHES = 64;

/** A wish that was read before. */
interface Wish {
  readonly text: string;
  /** An entry that has it. */
  readonly entry: EntryRecord;
}

/** The one that was met last is the first. */
const wishes: Wish[] = [];

/** The entry of a line whose wish is known; undefined for any other line. */
export function decodeFamiliar(text: string): EntryRecord | undefined {
  const who = BEGINNING.exec(text);
  if (who === null) return undefined;
  const at = who[0].length;
  for (let i = 0; i < wishes.length; i++) {
    const wish = wishes[i];
    const end = at + wish.text.length;
    // Comparing strings is native code; startsWith() goes from character to character.
    if (text.slice(at, end) !== wish.text) continue;
    END.lastIndex = end;
    const when = END.exec(text);
    // One of priority 1 begins as one of priority 12 does.
    if (when === null) continue;
    if (i > 0) wishes.unshift(...wishes.splice(i, 1));
    return entryOf(wish.entry, who, when);
  }
  return undefined;
}

function entryOf(
  wish: EntryRecord,
  [, id, pid, hostPid]: RegExpExecArray,
  [, quoted, queuedAt]: RegExpExecArray,
): EntryRecord | undefined {
  const label = quoted === "null" ? null : quoted.slice(1, -1);
  if (label !== null && !label.isWellFormed()) return undefined;
  // Field by field, as a copy that is changed takes several times as long.
  return {
    id,
    pid: Number(pid),
    host_pid: hostPid === "null" ? null : 1,
    resources: wish.resources,
    vram_mb: wish.vram_mb,
    vram_mb_each: wish.vram_mb_each,
    num_gpus: wish.num_gpus,
    reclaimable_intent: wish.reclaimable_intent,
    priority: wish.priority,
    label,
    queued_at: queuedAt,
    started_at: null,
    lease_id: null,
    estimated_seconds: null,
    progress: null,
  };
}

/** Remembers the wish of an entry that was read from a line. */
export function makeFamiliar(text: string, entry: EntryRecord): void {
  const wish = LINE.exec(text)?.[4];
  if (wish === undefined) return;
  // A field that is named once more in there would be the one that counts.
  if (Object.keys(JSON.parse(`{${wish}}`)).join() !== WISH_FIELDS) return;
  wishes.unshift({ text: wish, entry });
  if (wishes.length > MAX_WISHES) wishes.pop();
}
