/**
 * The file in which programs tell each other what the driver said, so that one of them
 * asks for all.
 *
 * Each view of the machine has a note of its own: in a container the driver shows other
 * cards and no processes.
 *
 * @module
 */
import type { DriverReading, SeenCard, SeenProcess } from "./cards.ts";

/** What came of asking the driver. */
export interface DriverNote {
  /** From where it was asked: a container sees another machine than its host. */
  readonly view: string;
  /** When it was asked, by the wall clock, in milliseconds since 1970. */
  readonly atMs: number;
  /** What it told, or why it did not. */
  readonly answer: DriverReading | string;
}

/** Older notes are of nobody's use, and go with the next one. */
const KEPT_MS = 60_000;

/**
 * The note that a view may still use.
 *
 * @param sinceMs the oldest that will do
 * @param nowMs notes of the future are those of a clock that was put back
 */
export function findNote(
  text: string,
  view: string,
  { sinceMs, nowMs }: { sinceMs: number; nowMs: number },
): DriverNote | undefined {
  return parseNotes(text).find((note) =>
    note.view === view && note.atMs >= sinceMs && note.atMs <= nowMs
  );
}

/** The file's text with a note added, in the place of that view's last one. */
export function addNote(text: string, note: DriverNote): string {
  const others = parseNotes(text).filter(({ view, atMs }) =>
    view !== note.view && Math.abs(note.atMs - atMs) < KEPT_MS
  );
  return `${JSON.stringify([...others, note])}\n`;
}

/** The notes in a file; none if it holds anything else, as anyone may write there. */
export function parseNotes(text: string): DriverNote[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return [];
  }
  return Array.isArray(json) && json.every(isNote) ? json : [];
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isFlag: Check = (value) => typeof value === "boolean";
const isAmount: Check = (value) =>
  Number.isSafeInteger(value) && value as number >= 0;
const orNull = (check: Check): Check => (value) =>
  value === null || check(value);
const listOf = (check: Check): Check => (value) =>
  Array.isArray(value) && value.every(check);

/** Whether a value is an object with exactly these fields. */
function hasFields(value: unknown, checks: Readonly<Record<string, Check>>) {
  if (typeof value !== "object" || value === null) return false;
  const names = Object.keys(checks);
  return Object.keys(value).length === names.length &&
    names.every((name) =>
      Object.hasOwn(value, name) &&
      checks[name]((value as Record<string, unknown>)[name])
    );
}

const CARD: Readonly<Record<keyof SeenCard, Check>> = {
  uuid: isText,
  index: isAmount,
  name: isText,
  usedMb: orNull(isAmount),
  freeMb: orNull(isAmount),
};

const PROCESS: Readonly<Record<keyof SeenProcess, Check>> = {
  uuid: isText,
  pid: isAmount,
  name: isText,
  usedMb: orNull(isAmount),
  ancestors: listOf(isAmount),
  leaseId: orNull(isText),
};

const READING: Readonly<Record<keyof DriverReading, Check>> = {
  cards: listOf((value) => hasFields(value, CARD)),
  processes: listOf((value) => hasFields(value, PROCESS)),
  traced: isFlag,
};

function isNote(value: unknown): value is DriverNote {
  return hasFields(value, {
    view: isText,
    atMs: (value) => Number.isFinite(value),
    answer: (value) => isText(value) || hasFields(value, READING),
  });
}
