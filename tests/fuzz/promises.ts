/**
 * What must hold for any bytes that stand in the place of a state file. Each function
 * takes an input, throws if a promise is broken, and returns in a few words what became
 * of it, so that whoever makes inputs knows a new outcome from an old one.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  decodeAmounts,
  decodeEntry,
  decodeLease,
  decodeState,
  encodeAmounts,
  encodeEntry,
  encodeLease,
} from "../../lib/core/codec.ts";
import type { Edit } from "../../lib/core/edit.ts";
import {
  CorruptStateError,
  SchemaVersionMismatch,
} from "../../lib/core/errors.ts";
import { explainWaiters } from "../../lib/core/explain.ts";
import { Image } from "../../lib/core/image.ts";
import { checkChange, checkState } from "../../lib/core/invariants.ts";
import { saysCancelled } from "../../lib/core/marks.ts";
import { reset } from "../../lib/core/operations.ts";
import { decodeJournal, encodeJournal } from "../../lib/core/journal.ts";
import type { PoolState } from "../../lib/core/state.ts";
import { release, settle } from "../../lib/core/transitions.ts";
import { statusJson } from "../../lib/cli/json.ts";
import { renderList, renderStatus } from "../../lib/cli/render_pool.ts";
import { jsonText } from "../../lib/cli/text.ts";
import { poolStatus } from "../../lib/status.ts";
import { leaseRecord } from "../support/records.ts";
import { mutateBinary, type Random } from "./mutations.ts";

const PATH = "/pool/state.json";
const NOW_MS = Date.UTC(2026, 0, 2);
const LONGEST_MESSAGE = 2000;
const STAMP = { wallMs: NOW_MS, isoTime: new Date(NOW_MS).toISOString() };
const NOTHING = new Set<string>();
const CONTEXT = { stalled: NOTHING, overdue: NOTHING, confirming: undefined };

/** Whatever may steer a terminal, hide text or turn it, line ends excepted. */
const STEERS = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u;

function assertHarmless(text: string, what: string): void {
  const found = STEERS.exec(text);
  assertEquals(found, null, `${what} would steer a terminal`);
}

const OBJECT_NAMES = Object.getOwnPropertyNames(Object.prototype).join();

/** Nothing that was read may have become a part of all objects. */
export function assertUnpolluted(): void {
  assertEquals(
    Object.getOwnPropertyNames(Object.prototype).join(),
    OBJECT_NAMES,
    "All objects have got something",
  );
}

/** What a state says, in an order that does not depend on where the rows stand. */
function meaning(state: PoolState): string {
  return [
    encodeAmounts(state.resources),
    ...[...state.leases].map(encodeLease).sort(),
    "waiters",
    ...state.waiters.map(({ entry }) => encodeEntry(entry)),
    "work",
    ...[...state.work].map(encodeEntry).sort(),
    "sums",
    ...[...state.used].filter(([_, amount]) => amount !== 0).sort()
      .map(([name, amount]) => `${name}=${amount}`),
    "kinds",
    ...[...state.kinds].sort().map(([kind, count]) => `${kind}: ${count}`),
  ].join("\n");
}

/** The image of some bytes, or the error by which they are refused. */
function read(bytes: Uint8Array): Image | Error {
  try {
    return new Image(bytes, PATH);
  } catch (error) {
    const isExpected = error instanceof CorruptStateError ||
      error instanceof SchemaVersionMismatch;
    if (!isExpected) throw error;
    assert(error.message.length < LONGEST_MESSAGE, "The message is too long");
    return error;
  }
}

/** An error's message without what differs from one input to the next. */
function shape({ message }: Error): string {
  return message.replaceAll(/"(?:[^"\\]|\\.)*"|\d+/g, "_").slice(0, 200);
}

function apply(bytes: Uint8Array, { patches, length }: Edit): Uint8Array {
  const result = new Uint8Array(length).fill(0x20);
  result.set(bytes.subarray(0, length));
  for (const { offset, bytes: patch } of patches) result.set(patch, offset);
  // The mark of a write in progress is taken back by this.
  result[0] = 0x7b;
  return result;
}

/** A record alone is read, written and read again. */
export function keepsRecord(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  assertSameEntry(text);
  const kinds = [
    () => decodeAgain(text, decodeLease, encodeLease),
    () => decodeAgain(text, decodeEntry, encodeEntry),
    () => decodeAgain(text, decodeAmounts, encodeAmounts),
  ];
  return kinds.map((kind) => kind()).join();
}

/** An entry alone on its line is what it is in a list, where no short cut is taken. */
function assertSameEntry(text: string): void {
  let alone: string | undefined;
  let listed: string | undefined;
  try {
    alone = encodeEntry(decodeEntry(text, PATH));
  } catch (error) {
    if (!(error instanceof CorruptStateError)) throw error;
  }
  try {
    const json = `{"version":5,"queue":[${text}]}`;
    const { entries } = decodeState(json, PATH);
    if (entries.length === 1) listed = encodeEntry(entries[0]);
  } catch (error) {
    if (!(error instanceof CorruptStateError)) throw error;
  }
  // What closes the list before its time is no entry alone.
  if (alone !== undefined) assertEquals(listed, alone);
}

function decodeAgain<T>(
  text: string,
  decode: (text: string, path: string) => T,
  encode: (record: T) => string,
): string {
  let record: T;
  try {
    record = decode(text, PATH);
  } catch (error) {
    if (!(error instanceof CorruptStateError)) throw error;
    assert(error.message.length < LONGEST_MESSAGE, "The message is too long");
    assertHarmless(error.message, "The message");
    return shape(error);
  }
  const written = encode(record);
  assertEquals(encode(decode(written, PATH)), written);
  return "kept";
}

/** Writes what was changed, and reads it as the next process would. */
function assertWritten(
  image: Image,
  before: Uint8Array,
  what: string,
): Uint8Array {
  const edit = image.commit();
  const journal = decodeJournal(encodeJournal(edit));
  assertEquals(journal?.length, edit.length);
  const after = apply(before, journal!);
  const reread = read(after);
  if (reread instanceof Error) throw new Error(what, { cause: reread });
  assertEquals(meaning(reread.state), meaning(image.state), what);
  return after;
}

/** A state is read whole, changed in some ways, written and read again. */
export function keepsMeaning(bytes: Uint8Array): string {
  const image = read(bytes);
  if (image instanceof Error) return shape(image);
  const { state } = image;
  const outcome = [
    image.foreign ? "foreign" : "ours",
    Math.min(state.leases.size, 4),
    Math.min(state.waiters.length, 4),
    Math.min(state.work.size, 2),
    Math.min(state.resources.size, 3),
    ...new Set(checkState(state).map(({ invariant }) => invariant)),
  ];
  let file: Uint8Array = bytes.slice();
  const settlement = settle(state, CONTEXT, STAMP);
  assertEquals(checkChange(state, state.changes), [], "settle()");
  outcome.push(
    ...[settlement.granted, settlement.reclaimed, settlement.confirm]
      .map(({ length }) => Math.min(length, 3)),
  );
  file = assertWritten(image, file, "settle()");
  for (const { id } of [...state.leases].slice(0, 2)) release(state, id);
  state.addLease(leaseRecord({ id: "zzzzzzzzzz-4" }));
  file = assertWritten(image, file, "release()");
  reset(state, STAMP);
  assertEquals(checkChange(state, state.changes), [], "reset()");
  file = assertWritten(image, file, "reset()");
  assertEquals(state.waiters.length + state.work.size, 0);
  assertEquals([...state.leases].filter((one) => !saysCancelled(one)), []);
  return outcome.join();
}

/** One who knows the file of before, and one who does not, read the same. */
export function readsAlike(before: Uint8Array, bytes: Uint8Array): string {
  const known = read(before);
  if (known instanceof Error) return "unknown";
  const fresh = read(bytes);
  let updated: boolean;
  try {
    updated = known.update(bytes);
  } catch (error) {
    if (!(error instanceof CorruptStateError)) throw error;
    assert(fresh instanceof Error, `Only update() refuses: ${error.message}`);
    return "refused by both";
  }
  if (!updated) return `read whole: ${fresh instanceof Error}`;
  if (fresh instanceof Error) {
    throw new Error("Only the whole is refused", { cause: fresh });
  }
  assertEquals(meaning(known.state), meaning(fresh.state));
  assertWritten(known, bytes.slice(), "after update()");
  return `updated ${fresh.state.leases.size}`;
}

/** Whatever is in it, nobody's terminal obeys, and no table breaks. */
export function showsHarmlessly(bytes: Uint8Array): string {
  const image = read(bytes);
  if (image instanceof Error) {
    // The command line adds its own guard; who catches errors may have none.
    assertHarmless(image.message, "The message");
    return shape(image);
  }
  const nothingKnown = {
    stalled: new Set<string>(),
    overdue: new Set<string>(),
  };
  const reasons = explainWaiters(image.state, nothingKnown, NOW_MS);
  const status = poolStatus(PATH, image.state, {
    verdicts: new Map(),
    reasons,
    driver: undefined,
  });
  const view = { columns: 80, color: false, nowMs: NOW_MS };
  const shown = renderStatus(status, view);
  assertHarmless(shown, "status");
  assertHarmless(renderList(status, view), "list");
  const json = jsonText(statusJson(status));
  assertHarmless(json, "status --json");
  JSON.parse(json);
  return `${shown.split("\n").length} lines`;
}

/** A journal that was damaged is none, or says what one can do. */
export function staysInside(bytes: Uint8Array, random: Random): string {
  const image = read(bytes);
  if (image instanceof Error) return "unknown";
  image.state.addLease(
    leaseRecord({ id: "zzzzzzzzzz-4", label: "é".repeat(9) }),
  );
  const edit = decodeJournal(
    mutateBinary(encodeJournal(image.commit()), random),
  );
  if (edit === undefined) return "no journal";
  let sum = 0;
  for (const { offset, bytes } of edit.patches) {
    assert(offset + bytes.length <= edit.length, "A patch is outside");
    sum += bytes.length;
  }
  return `journal ${sum > 0}`;
}
