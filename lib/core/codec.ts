/**
 * Records to text and back, strictly: wrong types, unknown fields and integers
 * that JavaScript cannot hold are refused with the exact place.
 *
 * A field that the Python package gives a default may be missing, as it may be
 * there. Nothing is repaired: what cannot be understood is an error, never an
 * empty pool.
 *
 * @module
 */
import { CorruptStateError, SchemaVersionMismatch } from "./errors.ts";
import { decodeFamiliar, makeFamiliar } from "./familiar.ts";
import {
  type Amounts,
  type EntryRecord,
  type LeaseRecord,
  SCHEMA_VERSION,
} from "./model.ts";
import { quoted, quotedJson } from "./quoted.ts";

/** What a whole file says, in its order. */
export interface Decoded {
  readonly resources: Amounts;
  readonly leases: readonly LeaseRecord[];
  readonly entries: readonly EntryRecord[];
}

type Json = Record<string, unknown>;

/** Reads one field; throws `Misfit` when the value is of another type. */
type Reader = (value: unknown) => unknown;

class Misfit extends Error {
  constructor(readonly place: string, readonly wanted: string) {
    super();
  }
}

function integer(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw new Misfit("", "a whole number");
  return value as number;
}

function number(value: unknown): number {
  if (!Number.isFinite(value)) throw new Misfit("", "a number");
  return value as number;
}

function string(value: unknown): string {
  if (typeof value !== "string") throw new Misfit("", "a string");
  // The Python package rejects the whole file for half a surrogate pair.
  if (!value.isWellFormed()) throw new Misfit("", "well-formed Unicode");
  return value;
}

function boolean(value: unknown): boolean {
  if (typeof value !== "boolean") throw new Misfit("", "true or false");
  return value;
}

function object(value: unknown): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Misfit("", "an object");
  }
  return value as Json;
}

function array(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Misfit("", "a list");
  return value;
}

/** Adds where in a record or list the misfit is. */
function within<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    throw new Misfit(`${place}${error.place}`, error.wanted);
  }
}

function amounts(value: unknown): Amounts {
  const map = new Map<string, number>();
  for (const [name, amount] of Object.entries(object(value))) {
    string(name);
    if (!Number.isSafeInteger(amount)) {
      throw new Misfit(`[${quoted(name)}]`, "a whole number");
    }
    map.set(name, amount as number);
  }
  return map;
}

function integers(value: unknown): readonly number[] {
  return array(value).map((item, index) =>
    within(`[${index}]`, () => integer(item))
  );
}

function nullable(read: Reader): Reader {
  return (value) => value === null ? null : read(value);
}

interface Field {
  readonly read: Reader;
  /** Makes what a missing field stands for; absent where it must be there. */
  readonly fallback?: () => unknown;
}

function optional(read: Reader, fallback: () => unknown): Field {
  return { read, fallback };
}

const orNull = () => null;
const emptyMap = () => new Map<string, number>();

const LEASE_FIELDS = new Map<string, Field>([
  ["id", { read: string }],
  ["pid", { read: integer }],
  ["host_pid", optional(nullable(integer), orNull)],
  ["resources", { read: amounts }],
  ["priority", optional(integer, () => 0)],
  ["acquired_at", { read: string }],
  ["queued_at", optional(nullable(string), orNull)],
  ["wait_sec", optional(nullable(number), orNull)],
  ["reclaimable", optional(boolean, () => false)],
  ["reclaim_requested", optional(boolean, () => false)],
  ["reclaim_requested_at", optional(nullable(string), orNull)],
  ["label", optional(nullable(string), orNull)],
  ["pids", optional(integers, () => [])],
  ["actual_resources", optional(amounts, emptyMap)],
  ["cpu_seconds", optional(nullable(number), orNull)],
]);

const ENTRY_FIELDS = new Map<string, Field>([
  ["id", { read: string }],
  ["pid", { read: integer }],
  ["host_pid", optional(nullable(integer), orNull)],
  ["resources", optional(amounts, emptyMap)],
  ["vram_mb", optional(nullable(integers), orNull)],
  ["vram_mb_each", optional(nullable(integer), orNull)],
  ["num_gpus", optional(integer, () => 0)],
  ["reclaimable_intent", optional(boolean, () => false)],
  ["priority", optional(integer, () => 0)],
  ["label", optional(nullable(string), orNull)],
  ["queued_at", { read: string }],
  ["started_at", optional(nullable(string), orNull)],
  ["lease_id", optional(nullable(string), orNull)],
  ["estimated_seconds", optional(nullable(integer), orNull)],
  ["progress", optional(nullable(number), orNull)],
]);

function record(value: unknown, fields: ReadonlyMap<string, Field>): Json {
  const source = object(value);
  const result: Json = {};
  let known = 0;
  for (const [name, field] of fields) {
    if (Object.hasOwn(source, name)) {
      known++;
      result[name] = within(`.${name}`, () => field.read(source[name]));
    } else if (field.fallback !== undefined) {
      result[name] = field.fallback();
    } else {
      throw new Misfit(`.${name}`, "there");
    }
  }
  const names = Object.keys(source);
  if (names.length !== known) {
    const unknown = names.find((name) => !fields.has(name))!;
    throw new Misfit(`[${quoted(unknown)}]`, "a known field");
  }
  return result;
}

/** A GPU ask is one of two shapes; a mixture has no meaning to anybody. */
function checkGpuAsk(entry: EntryRecord): void {
  const { vram_mb: slots, vram_mb_each: each, num_gpus: cards } = entry;
  if (slots !== null) {
    if (slots.length === 0 || slots.some((amount) => amount <= 0)) {
      throw new Misfit(".vram_mb", "a list of amounts above 0");
    }
    if (each !== null || cards !== 0) {
      throw new Misfit(".vram_mb", "without vram_mb_each and num_gpus");
    }
  } else if (cards < 0 || cards > 0 !== (each !== null && each > 0)) {
    throw new Misfit(".num_gpus", "above 0 exactly if vram_mb_each is");
  } else if (cards > MAX_SLOTS) {
    throw new Misfit(".num_gpus", `at most ${MAX_SLOTS}`);
  }
}

/** No machine has as many cards; a hostile count must not fill the memory. */
const MAX_SLOTS = 1024;

function lease(value: unknown): LeaseRecord {
  return quickLease(value) ??
    record(value, LEASE_FIELDS) as unknown as LeaseRecord;
}

function entry(value: unknown): EntryRecord {
  const result = quickEntry(value) ??
    record(value, ENTRY_FIELDS) as unknown as EntryRecord;
  checkGpuAsk(result);
  return result;
}

// Dozens of records are read between two turns of a program that waits, by code that
// ran too seldom to be compiled. What is exactly as we write it is recognised with a
// few plain tests; everything else goes through the tables above, which also name
// what is wrong.

type Wire<T> = { readonly [name in keyof T]: unknown };

function isText(value: unknown): value is string {
  return typeof value === "string" && value.isWellFormed();
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || isText(value);
}

function isIntegerOrNull(value: unknown): value is number | null {
  return value === null || Number.isSafeInteger(value);
}

function isNumberOrNull(value: unknown): value is number | null {
  return value === null || Number.isFinite(value);
}

/** The amounts of a JSON object, or `undefined` if it is not one of amounts. */
function quickAmounts(value: unknown): Amounts | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return undefined;
  }
  const map = new Map<string, number>();
  for (const name of Object.keys(value)) {
    const amount = (value as Json)[name];
    if (!Number.isSafeInteger(amount) || !name.isWellFormed()) return undefined;
    map.set(name, amount as number);
  }
  return map;
}

function hasFields(value: unknown, count: number): value is Json {
  return typeof value === "object" && value !== null &&
    Object.keys(value).length === count;
}

function quickLease(value: unknown): LeaseRecord | undefined {
  if (!hasFields(value, LEASE_FIELDS.size)) return undefined;
  const wire = value as unknown as Wire<LeaseRecord>;
  const resources = quickAmounts(wire.resources);
  const actual = quickAmounts(wire.actual_resources);
  if (
    resources === undefined || actual === undefined ||
    !isText(wire.id) || !Number.isSafeInteger(wire.pid) ||
    !isIntegerOrNull(wire.host_pid) || !Number.isSafeInteger(wire.priority) ||
    !isText(wire.acquired_at) || !isTextOrNull(wire.queued_at) ||
    !isNumberOrNull(wire.wait_sec) || typeof wire.reclaimable !== "boolean" ||
    typeof wire.reclaim_requested !== "boolean" ||
    !isTextOrNull(wire.reclaim_requested_at) || !isTextOrNull(wire.label) ||
    !Array.isArray(wire.pids) || !wire.pids.every(Number.isSafeInteger) ||
    !isNumberOrNull(wire.cpu_seconds)
  ) return undefined;
  return Object.assign(wire, {
    resources,
    actual_resources: actual,
  }) as LeaseRecord;
}

function quickEntry(value: unknown): EntryRecord | undefined {
  if (!hasFields(value, ENTRY_FIELDS.size)) return undefined;
  const wire = value as unknown as Wire<EntryRecord>;
  const resources = quickAmounts(wire.resources);
  if (
    resources === undefined ||
    !isText(wire.id) || !Number.isSafeInteger(wire.pid) ||
    !isIntegerOrNull(wire.host_pid) || wire.vram_mb !== null ||
    !isIntegerOrNull(wire.vram_mb_each) ||
    !Number.isSafeInteger(wire.num_gpus) ||
    typeof wire.reclaimable_intent !== "boolean" ||
    !Number.isSafeInteger(wire.priority) || !isTextOrNull(wire.label) ||
    !isText(wire.queued_at) || !isTextOrNull(wire.started_at) ||
    !isTextOrNull(wire.lease_id) || !isIntegerOrNull(wire.estimated_seconds) ||
    !isNumberOrNull(wire.progress)
  ) return undefined;
  return Object.assign(wire, { resources }) as EntryRecord;
}

function refuse(path: string, what: string, cause?: unknown): never {
  throw new CorruptStateError(
    `Cannot read the state file "${path}" as ${what}: it was left as it is, ` +
      `"reslock doctor --recover" brings back what can still be read`,
    { path },
    { cause },
  );
}

function decodeOr<T>(path: string, place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Misfit) {
      refuse(path, `${place}${error.place} is not ${error.wanted}`);
    }
    if (error instanceof SyntaxError) {
      refuse(path, `${place || "it"} is not JSON`, error);
    }
    throw error;
  }
}

/** Reads the lease that stands alone in `text`. */
export function decodeLease(text: string, path: string): LeaseRecord {
  return decodeOr(path, "a lease", () => lease(JSON.parse(text)));
}

/** Reads the queue entry that stands alone in `text`. */
export function decodeEntry(text: string, path: string): EntryRecord {
  const familiar = decodeFamiliar(text);
  if (familiar !== undefined) return familiar;
  const read = decodeOr(path, "a queue entry", () => entry(JSON.parse(text)));
  makeFamiliar(text, read);
  return read;
}

/** Reads the capacities that stand alone in `text`. */
export function decodeAmounts(text: string, path: string): Amounts {
  return decodeOr(path, "resources", () => amounts(JSON.parse(text)));
}

/**
 * Reads a whole state, in any layout.
 *
 * @throws {SchemaVersionMismatch} if it is of another version, whatever else is wrong
 * @throws {CorruptStateError} if it is not a state
 */
export function decodeState(text: string, path: string): Decoded {
  return decodeOr(path, "", () => {
    const state = object(JSON.parse(text));
    const version = Object.hasOwn(state, "version") ? state.version : undefined;
    if (version !== SCHEMA_VERSION) {
      throw new SchemaVersionMismatch(
        `Cannot use the state file "${path}" as its schema version is ` +
          `${
            version === undefined ? "missing" : quotedJson(version)
          } and this is for version ` +
          `${SCHEMA_VERSION}: bring all users of the file to one version, or ` +
          `start a new one with "reslock reset --force"`,
        { path, found: version, expected: SCHEMA_VERSION },
      );
    }
    const field = <T>(name: string, read: Reader, fallback: T): T =>
      Object.hasOwn(state, name)
        ? within(name, () => read(state[name])) as T
        : fallback;
    const list = <T>(read: (value: unknown) => T) => (value: unknown): T[] =>
      array(value).map((item, index) => within(`[${index}]`, () => read(item)));
    for (const name of Object.keys(state)) {
      if (!["version", "resources", "leases", "queue"].includes(name)) {
        throw new Misfit(`[${quoted(name)}]`, "a known field");
      }
    }
    return {
      resources: field("resources", amounts, emptyMap()),
      leases: field("leases", list(lease), []),
      entries: field("queue", list(entry), []),
    };
  });
}

/** Amounts as the text of a JSON object; safe for any name, `__proto__` too. */
export function encodeAmounts(map: Amounts): string {
  let text = "{";
  for (const [name, amount] of map) {
    if (text.length > 1) text += ",";
    text += `${JSON.stringify(name)}:${amount}`;
  }
  return text + "}";
}

/** A lease as one line of JSON. */
export function encodeLease(lease: LeaseRecord): string {
  // By hand: this is a tenth of what a grant costs, and half of it through an object.
  const text = JSON.stringify;
  return `{"id":${text(lease.id)},"pid":${lease.pid},` +
    `"host_pid":${lease.host_pid},` +
    `"resources":${encodeAmounts(lease.resources)},` +
    `"priority":${lease.priority},` +
    `"acquired_at":${text(lease.acquired_at)},` +
    `"queued_at":${text(lease.queued_at)},"wait_sec":${lease.wait_sec},` +
    `"reclaimable":${lease.reclaimable},` +
    `"reclaim_requested":${lease.reclaim_requested},` +
    `"reclaim_requested_at":${text(lease.reclaim_requested_at)},` +
    `"label":${text(lease.label)},"pids":[${lease.pids}],` +
    `"actual_resources":${encodeAmounts(lease.actual_resources)},` +
    `"cpu_seconds":${lease.cpu_seconds}}`;
}

/** A queue entry as one line of JSON. */
export function encodeEntry(entry: EntryRecord): string {
  return JSON.stringify({
    ...entry,
    resources: Object.fromEntries(entry.resources),
  });
}
