/**
 * When processes began, as notes about those that lease and wait without an owner lock:
 * one line for each, with a checksum, as a line that was cut off would tell of
 * another moment.
 *
 * @module
 */
import { crc32 } from "./bytes.ts";

/** A process that was seen while an entry or a lease named it. */
export interface Birth {
  /** The entry or lease. */
  readonly id: string;
  readonly pid: number;
  /** Where its id and its moment mean something: one boot, one set of namespaces. */
  readonly view: string;
  /** The moment it began, in ticks since the boot. */
  readonly ticks: number;
}

const encoder = new TextEncoder();

function sealed(text: string): string {
  const sum = crc32(encoder.encode(text)).toString(16).padStart(8, "0");
  return `${sum} ${text}\n`;
}

/** The line of a note. */
export function encodeBirth({ id, pid, view, ticks }: Birth): string {
  return sealed(`${pid} ${ticks} ${view} ${id}`);
}

/** The notes in a file's text; lines that are none are left out. */
export function decodeBirths(text: string): Birth[] {
  return text.split("\n").flatMap((line) => {
    const [, pid, ticks, view, id] = line.split(" ");
    if (id === undefined || sealed(line.slice(9)) !== `${line}\n`) return [];
    return [{ id, pid: Number(pid), view, ticks: Number(ticks) }];
  });
}

/**
 * Whether a process that is there now is another one than a note tells of, and began
 * after the entry was made: the first was seen while the entry stood already.
 */
export function isSuccessor(now: Birth, noted: Birth): boolean {
  return noted.id === now.id && noted.pid === now.pid &&
    noted.view === now.view && noted.ticks < now.ticks;
}
