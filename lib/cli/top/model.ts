/**
 * What `top` knows, and what keys do to it: a state machine without a terminal.
 *
 * Invariants:
 * (1) Nothing is done to anybody that was not asked about and answered with `y`.
 * (2) What is selected is an id, not a line: it stays selected while others come and go,
 *     and after it one beside it, of the same kind.
 * (3) A question is about what it was asked about, or it is closed.
 *
 * @module
 */
import type { EntryStatus, LeaseStatus, PoolStatus } from "../../../mod.ts";

/** In which order the leases stand. */
export type Sort = "age" | "priority" | "label";

/** What can be done to the selected one. */
export type Action =
  | { readonly kind: "release" | "reclaim" | "cancel"; readonly id: string }
  | {
    readonly kind: "priority";
    readonly id: string;
    readonly priority: number;
  };

/** What the last line is for. */
export type Mode =
  | { readonly kind: "list" }
  | { readonly kind: "filter"; readonly text: string }
  | { readonly kind: "confirm"; readonly action: Action };

/** All that `top` knows. */
export interface Model {
  readonly status: PoolStatus | undefined;
  readonly selected: string | undefined;
  readonly sort: Sort;
  /** Only labels that hold this text are shown. */
  readonly filter: string;
  readonly mode: Mode;
  /** How full each resource was, 0 to 1, the newest last. */
  readonly history: ReadonlyMap<string, readonly number[]>;
  /** What became of the last action. */
  readonly message: string;
}

/** What is to be done outside: end, stop until the shell goes on, or act on the pool. */
export type Effect =
  | { readonly kind: "quit" | "suspend" }
  | { readonly kind: "act"; readonly action: Action; readonly row: Row };

/** A new model, and what is to be done. */
export interface Step {
  readonly model: Model;
  readonly effect?: Effect;
}

const SORTS: readonly Sort[] = ["age", "priority", "label"];
/** As many samples as the widest terminal shows. */
const HISTORY_MAX = 60;

/** Nothing is known yet. */
export const EMPTY_MODEL: Model = {
  status: undefined,
  selected: undefined,
  sort: "age",
  filter: "",
  mode: { kind: "list" },
  history: new Map(),
  message: "",
};

/** What can be selected. */
export type Row = LeaseStatus | EntryStatus;

/** Whether it is a lease, and not a waiter. */
export function isLease(row: Row): row is LeaseStatus {
  return "acquiredAt" in row;
}

function isWaiter({ leaseId }: EntryStatus): boolean {
  return leaseId === null;
}

/** The leases that are shown, in their order. */
export function shownLeases({ status, sort, filter }: Model): LeaseStatus[] {
  const leases = (status?.leases ?? []).filter(({ label }) =>
    (label ?? "").includes(filter)
  );
  // Those of the pool stand by age already, and sorting is stable.
  if (sort === "priority") leases.sort((a, b) => b.priority - a.priority);
  if (sort === "label") {
    leases.sort((a, b) => (a.label ?? "") < (b.label ?? "") ? -1 : 1);
  }
  return leases;
}

/** The waiters that are shown, by rank. */
export function shownWaiters({ status, filter }: Model): EntryStatus[] {
  return (status?.queue ?? []).filter((entry) =>
    isWaiter(entry) && (entry.label ?? "").includes(filter)
  );
}

function rowsOf(model: Model): Row[] {
  return [...shownLeases(model), ...shownWaiters(model)];
}

/** The selected lease or waiter. */
export function selectedRow(model: Model): Row | undefined {
  return rowsOf(model).find(({ id }) => id === model.selected);
}

/** What a question is about; undefined where there is none, and where that has gone. */
export function askedAbout({ status, mode }: Model): Row | undefined {
  if (status === undefined || mode.kind !== "confirm") return undefined;
  const { kind, id } = mode.action;
  const rows: Row[] = [
    ...(kind === "cancel" ? [] : status.leases),
    ...(kind === "cancel" || kind === "priority"
      ? status.queue.filter(isWaiter)
      : []),
  ];
  return rows.find((row) => row.id === id);
}

/** Takes in how the pool is now. */
export function onStatus(model: Model, status: PoolStatus): Model {
  const next = reselected(model, { ...model, status });
  if (next.mode.kind !== "confirm" || askedAbout(next)) return next;
  const message = next.mode.action.kind === "cancel"
    ? "That one no longer waits: nothing was done"
    : "That one has gone: nothing was done";
  return { ...next, mode: { kind: "list" }, message };
}

/**
 * The model after others are shown: with the one that is selected, or else with the next
 * one of its kind, so that a key still means what it meant.
 */
function reselected(before: Model, after: Model): Model {
  const rows = rowsOf(after);
  if (rows.some(({ id }) => id === before.selected)) return after;
  const gone = selectedRow(before);
  const alike = rows.filter((row) =>
    gone !== undefined && isLease(row) === isLease(gone)
  );
  const some = alike.length > 0 ? alike : rows;
  const ids = new Set(some.map(({ id }) => id));
  const isThere = ({ id }: Row) => ids.has(id);
  const old = rowsOf(before);
  const at = gone === undefined ? 0 : old.indexOf(gone);
  const next = old.slice(at).find(isThere) ??
    old.slice(0, at).findLast(isThere) ?? some.at(0);
  return { ...after, selected: next?.id };
}

/** Remembers how full everything is, for the lines that show how that went. */
export function onSample(model: Model): Model {
  const { status } = model;
  if (status === undefined) return model;
  const history = new Map(
    Object.entries(status.resources).map(([name, total]) => {
      const share = total > 0 ? status.used[name] / total : 0;
      const before = model.history.get(name) ?? [];
      return [name, [...before, share].slice(-HISTORY_MAX)];
    }),
  );
  return { ...model, history };
}

function moved(model: Model, by: number): Model {
  const rows = rowsOf(model);
  const at = rows.findIndex(({ id }) => id === model.selected);
  const to = Math.max(0, Math.min(rows.length - 1, at + by));
  return { ...model, selected: rows[to]?.id };
}

function asking(model: Model, action: Action): Step {
  return { model: { ...model, mode: { kind: "confirm", action } } };
}

function saying(model: Model, message: string): Step {
  return { model: { ...model, message } };
}

/**
 * What a key does.
 *
 * @param page how many leases and waiters are on the screen
 */
export function onKey(model: Model, key: string, page: number): Step {
  if (key === "ctrl-c") return { model, effect: { kind: "quit" } };
  if (key === "ctrl-z") return { model, effect: { kind: "suspend" } };
  switch (model.mode.kind) {
    case "filter":
      return { model: typed(model, model.mode.text, key) };
    case "confirm": {
      const { action } = model.mode;
      const row = askedAbout(model);
      const next: Model = { ...model, mode: { kind: "list" } };
      return key === "y" && row !== undefined
        ? { model: next, effect: { kind: "act", action, row } }
        : saying(next, "Nothing was done");
    }
    case "list":
      return onListKey({ ...model, message: "" }, key, page);
  }
}

function typed(model: Model, text: string, key: string): Model {
  const list: Mode = { kind: "list" };
  if (key === "enter") return onFilter({ ...model, mode: list }, text);
  if (key === "escape") return onFilter({ ...model, mode: list }, "");
  const next = key === "backspace"
    ? text.slice(0, -1)
    : [...key].length === 1
    ? text + key
    : text;
  return onFilter({ ...model, mode: { kind: "filter", text: next } }, next);
}

function onFilter(model: Model, filter: string): Model {
  return reselected(model, { ...model, filter });
}

function onListKey(model: Model, key: string, page: number): Step {
  switch (key) {
    case "q":
      return { model, effect: { kind: "quit" } };
    case "escape":
      return { model: onFilter(model, "") };
    case "down":
    case "j":
      return { model: moved(model, 1) };
    case "up":
    case "k":
      return { model: moved(model, -1) };
    case "page-down":
      return { model: moved(model, page) };
    case "page-up":
      return { model: moved(model, -page) };
    case "home":
      return { model: moved(model, -Infinity) };
    case "end":
      return { model: moved(model, Infinity) };
    case "s": {
      const next = SORTS[(SORTS.indexOf(model.sort) + 1) % SORTS.length];
      return { model: { ...model, sort: next } };
    }
    case "/":
      return {
        model: { ...model, mode: { kind: "filter", text: model.filter } },
      };
    default:
      return onActionKey(model, key);
  }
}

function onActionKey(model: Model, key: string): Step {
  const row = selectedRow(model);
  if (row === undefined) return { model };
  const { id, priority } = row;
  switch (key) {
    case "+":
    case "-": {
      const by = key === "+" ? 1 : -1;
      return asking(model, { kind: "priority", id, priority: priority + by });
    }
    case "r":
      return isLease(row)
        ? asking(model, { kind: "release", id })
        : saying(model, "A waiter holds nothing: c cancels it");
    case "b":
      return isLease(row)
        ? asking(model, { kind: "reclaim", id })
        : saying(model, "A waiter holds nothing: c cancels it");
    case "c":
      return isLease(row)
        ? saying(model, "A lease waits for nothing: r releases it")
        : asking(model, { kind: "cancel", id });
    default:
      return { model };
  }
}
