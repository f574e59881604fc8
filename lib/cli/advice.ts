/**
 * What whoever looks can do about it that somebody waits.
 *
 * @module
 */
import type { EntryStatus, LeaseStatus, Obstacle } from "../../mod.ts";
import type { Overview } from "./overview.ts";
import { type Cell, paint, renderTable, type View } from "./table.ts";

/** A command, and what it would change. */
export interface Advice {
  readonly command: string;
  readonly effect: string;
}

const ADVICE_MAX = 3;
/** Those whose turn comes next; what helps them helps the others. */
const WAITERS_LOOKED_AT = 5;
/** What `init` looks for. */
const FOUND = /^(?:cpu_cores|ram_mb|gpu_.+_vram_mb)$/;
const PLAIN_NAME = /^\w[\w.-]*$/;

function nameOf({ id, label }: { id: string; label: string | null }): string {
  return label ?? id;
}

/** The leases that hold what somebody lacks, the largest first. */
function holdersOf(
  { why }: EntryStatus,
  leases: ReadonlyMap<string, LeaseStatus>,
): LeaseStatus[] {
  const ids = (why?.short ?? []).flatMap(({ holders }) =>
    holders.map(({ id }) => id)
  );
  return [...new Set(ids)].flatMap((id) => leases.get(id) ?? []);
}

/** What raises a capacity that somebody waits for, where a command can say it. */
function adviceAgainst(
  { resource, requested, capacity, slot }: Obstacle,
  name: string,
): Advice[] {
  const isFound = slot !== undefined || FOUND.test(resource);
  if (isFound && capacity === undefined) {
    const effect = `registers what is here: ${name} waits for it`;
    return [{ command: "reslock init", effect }];
  }
  // A name that a shell would read in another way was perhaps made for that.
  if (slot !== undefined || !PLAIN_NAME.test(resource)) return [];
  const size = requested % 1024 === 0
    ? `${requested / 1024}G`
    : `${requested}M`;
  const amount = resource.endsWith("_mb") ? size : requested;
  return [{
    command: `reslock set ${resource} ${amount}`,
    effect: `is enough for ${name}`,
  }];
}

function adviceFor(
  waiter: EntryStatus,
  leases: ReadonlyMap<string, LeaseStatus>,
  { shortId }: Overview,
): Advice[] {
  const name = nameOf(waiter);
  const obstacle = waiter.why?.obstacle ?? null;
  if (obstacle !== null) {
    const cancel = {
      command: `reslock cancel ${shortId(waiter.id)}`,
      effect: `${name} does not wait for it any longer`,
    };
    // A Python program cannot be told.
    return [
      ...adviceAgainst(obstacle, name),
      ...(waiter.native ? [cancel] : []),
    ];
  }
  const advice: Advice[] = [];
  for (const lease of holdersOf(waiter, leases)) {
    const { id, owner, reclaimable, reclaimRequested, busy, priority } = lease;
    if (owner !== "alive") {
      advice.push({
        command: `reslock release ${shortId(id)}`,
        effect: `if the program of ${nameOf(lease)} is gone`,
      });
    } else if (
      reclaimable && !reclaimRequested && !busy && priority >= waiter.priority
    ) {
      advice.push({
        command: `reslock priority ${shortId(waiter.id)} ${priority + 1}`,
        effect: `${name} goes before ${nameOf(lease)}, which is asked back`,
      });
    }
  }
  return advice;
}

/** What helps those who wait, the first of them first. */
export function adviceOf(overview: Overview): Advice[] {
  const leases = new Map(
    overview.status.leases.map((lease) => [lease.id, lease]),
  );
  const all = overview.waiters.slice(0, WAITERS_LOOKED_AT)
    .flatMap((waiter) => adviceFor(waiter, leases, overview));
  const byCommand = new Map(all.map((advice) => [advice.command, advice]));
  return [...byCommand.values()].slice(0, ADVICE_MAX);
}

/** The advice as lines, none where there is nothing to say. */
export function adviceLines(overview: Overview, view: View): string[] {
  const advice = adviceOf(overview);
  if (advice.length === 0) return [];
  const rows = advice.map(({ command, effect }): Cell[] => [
    { text: command, style: "cyan" },
    { text: effect },
  ]);
  const columns = [{ title: "COMMAND" }, { title: "EFFECT", shrinksTo: 12 }];
  // The titles would say no more than the lines do.
  const [, ...lines] = renderTable(columns, rows, view);
  return [paint("What would help", "bold", view.color), ...lines];
}
