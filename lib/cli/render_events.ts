/**
 * What `watch` shows of events, a line each.
 *
 * @module
 */
import { formatAmount, type PoolEvent, type PoolStatus } from "../../mod.ts";
import { numbered } from "./overview.ts";
import {
  nameOf,
  type Naming,
  namingOf,
  renderAmounts,
  renderNeeds,
} from "./render.ts";
import { counted, formatDuration, visible } from "./text.ts";

/** The cards of a pool, where nothing is known of any. */
const NO_CARDS: Pick<PoolStatus, "cards"> = { cards: [] };

/**
 * An event as one line, with its end.
 *
 * @param seen the cards as they were when the watch began
 */
export function renderEvent(event: PoolEvent, seen = NO_CARDS): string {
  const naming = (names: Iterable<string>) => numbered(seen, namingOf(names));
  return `${timeOfDay(event.at)}  ${visible(textOf(event, naming))}\n`;
}

/** The time of day here, as those who look think of it. */
function timeOfDay(at: string): string {
  const time = new Date(at);
  return [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((part) => String(part).padStart(2, "0")).join(":");
}

const LEASE_WORDS = {
  granted: "granted",
  released: "released",
  died: "holder died",
  "reclaim-requested": "asked back",
  "reclaim-withdrawn": "no longer asked back",
} as const;

function textOf(
  event: PoolEvent,
  namingFor: (names: Iterable<string>) => Naming,
): string {
  switch (event.type) {
    case "state": {
      const { path, leases, queue } = event.status;
      const waiting = queue.filter(({ leaseId }) => leaseId === null).length;
      return `watching ${path}: ${counted(leases.length, "lease")}, ` +
        `${waiting} waiting`;
    }
    case "queued":
    case "cancelled": {
      const words = event.type === "queued" ? "waits" : "left the queue";
      const { entry } = event;
      const naming = namingFor(Object.keys(entry.resources));
      return `${words}: ${nameOf(entry)}, ${renderNeeds(entry, naming)}`;
    }
    case "priority-changed":
      return `priority: ${nameOf(event)}, ${event.before} -> ${event.priority}`;
    case "capacity-changed": {
      const { name, before, capacity } = event;
      const show = (amount: number | null) =>
        amount === null ? "none" : formatAmount(name, amount);
      const shown = namingFor([name])(name);
      return `capacity: ${shown}, ${show(before)} -> ${show(capacity)}`;
    }
    default: {
      const { lease } = event;
      const held = renderAmounts(
        lease.resources,
        namingFor(Object.keys(lease.resources)),
      );
      const waited = event.type === "granted" && (lease.waitSec ?? 0) >= 1
        ? `, after ${formatDuration(lease.waitSec! * 1000)}`
        : "";
      return `${LEASE_WORDS[event.type]}: ${nameOf(lease)}, ${held}${waited}`;
    }
  }
}
