/**
 * What `top` asks before it acts, and says after it.
 *
 * @module
 */
import type { Overview } from "../overview.ts";
import { renderAmounts, renderNeeds } from "../render.ts";
import { cut } from "../table.ts";
import { type Action, isLease, type Row } from "./model.ts";

/** Enough to know a label again. */
const LABEL_WIDTH = 40;
/** What eight cards and the rest of a machine take. */
const AMOUNTS_WIDTH = 200;

/** `train (k3v9x2)`, or the short id alone. */
function nameOf({ id, label }: Row, { shortId }: Overview): string {
  const short = shortId(id);
  return label === null ? short : `${cut(label, LABEL_WIDTH)} (${short})`;
}

/** `train's gpu 0 20 GB (k3v9x2)`: what is held or asked for, and by whom. */
function thingOf(row: Row, { shortId, naming }: Overview): string {
  const amounts = isLease(row)
    ? renderAmounts(row.resources, naming)
    : `request for ${renderNeeds(row, naming)}`;
  const whose = row.label === null
    ? "the "
    : `${cut(row.label, LABEL_WIDTH)}'s `;
  return `${whose}${cut(amounts, AMOUNTS_WIDTH)} (${shortId(row.id)})`;
}

/** The process, where the list can show which one it is. */
function holderOf(row: Row, { registry }: Overview): string {
  const { pid } = registry.whoIs(row);
  return pid === null ? "its holder" : `pid ${pid}`;
}

/** What is asked before something is done to one. */
export function question(action: Action, row: Row, overview: Overview): string {
  switch (action.kind) {
    case "release":
      return `Take ${thingOf(row, overview)} away from ` +
        `${holderOf(row, overview)}?`;
    case "reclaim":
      return `Ask ${holderOf(row, overview)} to give back ` +
        `${thingOf(row, overview)}?`;
    case "cancel":
      return `Take ${thingOf(row, overview)} out of the queue?`;
    case "priority":
      return `Change the priority of ${nameOf(row, overview)} from ` +
        `${row.priority} to ${action.priority}?`;
  }
}

/** What is said once it was done to the one that it was then. */
export function report(action: Action, row: Row, overview: Overview): string {
  const name = nameOf(row, overview);
  switch (action.kind) {
    case "release":
      return `Released ${name}`;
    case "reclaim":
      return `Asked back ${name}`;
    case "cancel":
      return `Cancelled ${name}`;
    case "priority":
      return `The priority of ${name} is ${action.priority} now`;
  }
}
