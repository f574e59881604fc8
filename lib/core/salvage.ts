/**
 * What a damaged state file still tells.
 *
 * The text is walked from its start, value by value. Where it makes no sense any
 * more, the walk goes on at the next line that begins with a record: each of ours has
 * a line of its own. A record counts if it is whole and all its fields are right; of
 * others nothing is guessed.
 *
 * @module
 */
import { decodeAmounts, decodeEntry, decodeLease } from "./codec.ts";
import { CorruptStateError } from "./errors.ts";
import type { Amounts, EntryRecord, LeaseRecord } from "./model.ts";

/** What could be read, and what could not. */
export interface Salvage {
  /** The version in the file; undefined where there is none. */
  readonly version: unknown;
  /** Capacities; undefined where they cannot be read. */
  readonly resources: Amounts | undefined;
  readonly leases: readonly LeaseRecord[];
  readonly entries: readonly EntryRecord[];
  /** What could not be read, a few words each. */
  readonly lost: readonly string[];
}

/** A line that begins with a record, in our layout and in indented ones. */
const ROW = /\n[ ,]*(?=\{)/g;
const LISTS = ["leases", "queue"];
const MAX_LOST = 50;
const EXCERPT_LENGTH = 40;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MARK = 0x21;

const decoder = new TextDecoder("utf-8", { fatal: true });
// One character a byte, so that places in the text are places in the file.
const latin1 = new TextDecoder("latin1");

/** Reads what can be read of a file. */
export function salvage(bytes: Uint8Array): Salvage {
  const walk = new Walk(bytes);
  walk.run();
  return walk;
}

/** Behind the string that begins at `start`; -1 if it does not end before `limit`. */
function stringEnd(text: string, start: number, limit: number): number {
  for (let i = start + 1; i < limit; i++) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i++;
    else if (code === QUOTE) return i + 1;
  }
  return -1;
}

/** Behind the JSON value that seems to begin at `start`; -1 if it does not end before `limit`. */
function valueEnd(text: string, start: number, limit: number): number {
  let depth = 0;
  for (let i = start; i < limit;) {
    const character = text[i];
    if (character === '"') {
      i = stringEnd(text, i, limit);
      if (i < 0) return -1;
    } else if (character === "{" || character === "[") {
      depth++;
      i++;
    } else if (character === "}" || character === "]") {
      depth--;
      i++;
    } else if (depth === 0) {
      // A number or a word.
      while (i < limit && /[-+.\w]/.test(text[i])) i++;
      return i > start ? i : -1;
    } else {
      i++;
      continue;
    }
    if (depth === 0) return i;
  }
  return -1;
}

class Walk implements Salvage {
  version: unknown = undefined;
  resources: Amounts | undefined;
  readonly leases: LeaseRecord[] = [];
  readonly entries: EntryRecord[] = [];
  readonly lost: string[] = [];
  readonly #bytes: Uint8Array;
  readonly #text: string;
  readonly #ids = new Set<string>();
  #at = 0;
  #inList = false;
  #unsaid = 0;
  /**
   * Where a value must have ended: behind the first damage on its line, as it would
   * else be looked for in all that is left, for each line anew.
   */
  #limit: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#text = latin1.decode(bytes);
    this.#limit = this.#text.length;
  }

  run(): void {
    if (this.#bytes[0] === MARK) {
      // It stands where the brace was. Each record is of before the write or of after
      // it, and which of the two nobody can tell.
      this.lost.push("what the write that was cut off was to change");
      this.#at = 1;
    } else if (this.#text[0] === "{") this.#at = 1;
    else this.#lose("the beginning", 0);
    while (this.#skipTo() < this.#text.length) this.#step();
    if (this.#unsaid > 0) this.lost.push(`${this.#unsaid} more`);
  }

  /** Goes over what stands between values; where that ends. */
  #skipTo(): number {
    while (/[\s,]/.test(this.#text[this.#at] ?? "")) this.#at++;
    return this.#at;
  }

  /** Reads one thing, and goes behind it. */
  #step(): void {
    const character = this.#text[this.#at];
    if (this.#at >= this.#limit) this.#limit = this.#lineEnd();
    if (character === "{" && this.#inList) return this.#readRecord();
    if (character === "]" && this.#inList) {
      this.#inList = false;
      this.#at++;
    } else if (character === '"' && !this.#inList) {
      this.#readField();
    } else if (character === "}" && !this.#inList) {
      // What comes behind the end is of no meaning to anybody.
      this.#at = this.#text.length;
    } else {
      this.#lose("something", this.#at);
    }
  }

  #readField(): void {
    const start = this.#at;
    const nameEnd = stringEnd(this.#text, start, this.#limit);
    const colon = /\s*:\s*/y;
    colon.lastIndex = nameEnd;
    if (nameEnd < 0 || !colon.test(this.#text)) {
      return this.#lose("a field", start);
    }
    const name = this.#text.slice(start + 1, nameEnd - 1);
    this.#at = colon.lastIndex;
    if (LISTS.includes(name) && this.#text[this.#at] === "[") {
      this.#inList = true;
      this.#at++;
      return;
    }
    const end = valueEnd(this.#text, this.#at, this.#limit);
    if (end >= 0 && this.#readValue(name, end)) {
      this.#at = end;
    } else {
      const isWhole = end >= 0 && this.#isJson(this.#at, end);
      this.#lose("a field", start, isWhole ? end : undefined);
    }
  }

  #readValue(name: string, end: number): boolean {
    if (name === "version") this.version = this.#text.slice(this.#at, end);
    if (name !== "resources") return name === "version";
    this.resources = this.#tryDecode(this.#at, end, decodeAmounts);
    return this.resources !== undefined;
  }

  #readRecord(): void {
    const start = this.#at;
    const end = valueEnd(this.#text, start, this.#limit);
    if (end < 0) return this.#lose("a record", start);
    const lease = this.#tryDecode(start, end, decodeLease);
    const entry = lease ?? this.#tryDecode(start, end, decodeEntry);
    if (entry === undefined) {
      const isWhole = this.#isJson(start, end);
      return this.#lose("a record", start, isWhole ? end : undefined);
    }
    this.#at = end;
    // A write that was cut off may have left one in its old place and in its new one.
    const key = `${lease ? "lease" : "entry"} ${entry.id}`;
    if (this.#ids.has(key)) return;
    this.#ids.add(key);
    if (lease !== undefined) this.leases.push(lease);
    else this.entries.push(entry as EntryRecord);
  }

  #tryDecode<T>(
    start: number,
    end: number,
    decode: (text: string, path: string) => T,
  ): T | undefined {
    try {
      return decode(decoder.decode(this.#bytes.subarray(start, end)), "");
    } catch (error) {
      if (error instanceof CorruptStateError) return undefined;
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  }

  /** Notes what is at `start`, and goes on where it is said, or at the next record. */
  #lose(what: string, start: number, goOn?: number): void {
    if (this.lost.length < MAX_LOST) {
      const rest = this.#text.slice(start, start + EXCERPT_LENGTH).trim();
      this.lost.push(`${what} at byte ${start}: ${rest || "blank"}`);
    } else {
      this.#unsaid++;
    }
    if (goOn !== undefined) {
      this.#at = goOn;
      return;
    }
    ROW.lastIndex = start;
    const row = ROW.exec(this.#text);
    this.#at = row === null ? this.#text.length : ROW.lastIndex;
    this.#inList = true;
    this.#limit = this.#lineEnd();
  }

  #lineEnd(): number {
    const end = this.#text.indexOf("\n", this.#at);
    return end < 0 ? this.#text.length : end;
  }

  #isJson(start: number, end: number): boolean {
    try {
      JSON.parse(this.#text.slice(start, end));
      return true;
    } catch {
      return false;
    }
  }
}
