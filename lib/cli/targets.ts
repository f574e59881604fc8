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

/** The things with an id or a label: the one with the id, or all that begin so. */
export function matching<T extends Target>(
  things: readonly T[],
  { id, label }: Choice,
): readonly T[] {
  if (id === undefined) return things.filter((thing) => thing.label === label);
  const exact = things.find((thing) => thing.id === id);
  return exact === undefined
    ? things.filter((thing) => thing.id.startsWith(id))
    : [exact];
}

/** The id or label that was probably meant where nothing has the given one. */
export function meantBy(
  things: readonly Target[],
  { id, label }: Choice,
): string | undefined {
  if (id === undefined) {
    return closest(label, things.flatMap((thing) => thing.label ?? []));
  }
  // People write the beginning: that is what may have gone wrong.
  const starts = new Map(
    things.map((thing) => [thing.id.slice(0, id.length), thing.id]),
  );
  return starts.get(closest(id, [...starts.keys()]) ?? "");
}

/**
 * The things that are meant: the one with the id or the only one that begins so, or
 * all with the label; none if there is nothing.
 *
 * @throws {ExitError} if an id begins several
 */
export function targetsOf<T extends Target>(
  things: readonly T[],
  choice: Choice,
  { action, what, see }: Wording,
): readonly T[] {
  const found = matching(things, choice);
  if (choice.id === undefined || found.length <= 1) return found;
  throw new ExitError(
    `Cannot ${action} ${quoted(choice.id)} as ${
      counted(found.length, what)
    } begin with it: write more of the id, see "reslock ${see}"`,
    EXIT.failure,
  );
}

/**
 * The same, where there has to be something.
 *
 * @throws {ExitError} if there is nothing, or an id begins several
 */
export function findTargets<T extends Target>(
  things: readonly T[],
  choice: Choice,
  wording: Wording,
): readonly T[] {
  const found = targetsOf(things, choice, wording);
  if (found.length > 0) return found;
  const { action, what, see, mistaken } = wording;
  const given = quoted(choice.id ?? choice.label);
  if (mistaken !== undefined && matching(mistaken.things, choice).length > 0) {
    throw new ExitError(
      `Cannot ${action} ${given} as it is no ${what}: ${mistaken.hint}`,
      EXIT.failure,
    );
  }
  if (things.some(({ label }) => label !== null && label === choice.id)) {
    throw new ExitError(
      `Cannot ${action} ${given} as it is a label and no id: name it with ` +
        `--label`,
      EXIT.failure,
    );
  }
  const meant = meantBy(things, choice);
  throw new ExitError(
    `Cannot ${action} ${given} as no ${what} has this ` +
      `${choice.id === undefined ? "label" : "id"}: ` +
      `${
        meant === undefined ? "" : `did you mean ${quoted(meant)}? If not, `
      }` +
      `see "reslock ${see}"`,
    EXIT.failure,
  );
}
