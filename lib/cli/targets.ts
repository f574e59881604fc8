/**
 * Which leases or waiters are meant, by id or by label.
 *
 * @module
 */
import { closest } from "./arguments.ts";
import { EXIT } from "./exit_codes.ts";
import { ExitError, UsageError } from "./failure.ts";
import { counted, quoted } from "./text.ts";
import { readLabel } from "./values.ts";

/** What can be meant. */
export interface Target {
  readonly id: string;
  readonly label: string | null;
}

/** How a command speaks of its targets. */
export interface Wording {
  /** What is done: `cancel`. */
  readonly action: string;
  /** What can be meant, for one: `waiter`. */
  readonly what: string;
  /** The command that shows the ids and labels. */
  readonly see: string;
  /** Others whose id may be given by mistake, and what to do with these. */
  readonly mistaken?: {
    readonly things: readonly Target[];
    readonly hint: string;
  };
}

/** What was given: an id or a label, never both. */
export type Choice =
  | { readonly id: string; readonly label?: undefined }
  | { readonly id?: undefined; readonly label: string };

/** Reads an id or a label, and refuses both and none. */
export function readChoice(
  id: string | undefined,
  label: string | undefined,
  { action, see }: Wording,
): Choice {
  if (label !== undefined) readLabel("--label", label);
  if (id !== undefined && label === undefined) return { id };
  if (id === undefined && label !== undefined) return { label };
  throw new UsageError(
    `Cannot ${action} ${
      id === undefined ? "nothing" : "by both"
    }: give an id ` +
      `or a label, as "reslock ${see}" shows them`,
  );
}

/**
 * The things that are meant: the one with the id or the only one that begins so, or
 * all with the label.
 *
 * @throws {ExitError} if there is none, or an id begins several
 */
export function findTargets<T extends Target>(
  things: readonly T[],
  choice: Choice,
  wording: Wording,
): readonly T[] {
  return choice.label === undefined
    ? [findById(things, choice.id, wording)]
    : findByLabel(things, choice.label, wording);
}

function findById<T extends Target>(
  things: readonly T[],
  id: string,
  wording: Wording,
): T {
  const exact = things.find((thing) => thing.id === id);
  if (exact !== undefined) return exact;
  const begin = things.filter((thing) => thing.id.startsWith(id));
  if (begin.length === 1) return begin[0];
  const { action, what, see, mistaken } = wording;
  if (begin.length > 1) {
    fail(
      `Cannot ${action} ${quoted(id)} as ${
        counted(begin.length, what)
      } begin with it: write more of the id, see "reslock ${see}"`,
    );
  }
  if (mistaken?.things.some((thing) => thing.id.startsWith(id))) {
    fail(
      `Cannot ${action} ${quoted(id)} as it is no ${what}: ${mistaken.hint}`,
    );
  }
  // People write the beginning: that is what may have gone wrong.
  const starts = new Map(
    things.map((thing) => [thing.id.slice(0, id.length), thing.id]),
  );
  const meant = starts.get(closest(id, [...starts.keys()]) ?? "");
  fail(
    `Cannot ${action} ${quoted(id)} as no ${what} has this id: ` +
      `${didYouMean(meant)}see "reslock ${see}"`,
  );
}

function findByLabel<T extends Target>(
  things: readonly T[],
  label: string,
  { action, what, see }: Wording,
): readonly T[] {
  const found = things.filter((thing) => thing.label === label);
  if (found.length > 0) return found;
  const labels = things.flatMap((thing) => thing.label ?? []);
  fail(
    `Cannot ${action} ${quoted(label)} as no ${what} has this label: ` +
      `${didYouMean(closest(label, labels))}see "reslock ${see}"`,
  );
}

function didYouMean(meant: string | undefined): string {
  return meant === undefined ? "" : `did you mean ${quoted(meant)}? If not, `;
}

function fail(message: string): never {
  throw new ExitError(message, EXIT.failure);
}
