/**
 * What is in the pool: whether it can be read, and what of it makes people wait.
 *
 * @module
 */
import { formatAmount } from "../core/amount.ts";
import { CorruptStateError, SchemaVersionMismatch } from "../core/errors.ts";
import { diskOfKey, gpuOfKey, SCHEMA_VERSION } from "../core/model.ts";
import { momentMs } from "../core/moment.ts";
import { quoted } from "../core/quoted.ts";
import { capacitiesPath } from "../os/paths.ts";
import type { EntryStatus, LeaseStatus, PoolStatus } from "../status.ts";
import { counted, type Finding, ok, problem, some, warning } from "./check.ts";
import type { System } from "./system.ts";

const NAME = "state";
const RECOVER =
  '"reslock doctor --recover" makes a new one of what can still be read';
/** Clocks of one machine do not differ; a container may read a time a bit late. */
const CLOCK_TOLERANCE_MS = 60_000;

/** The state file and everything in it. */
export async function checkContent(system: System): Promise<Finding[]> {
  const { path } = system.chosen;
  if (system.facts(path) === "missing") return [checkMissing(system)];
  let status: PoolStatus;
  try {
    status = await system.status();
  } catch (error) {
    return [unreadable(error)];
  }
  const waiting = status.queue.filter(({ leaseId }) => leaseId === null);
  const found = [
    ...checkDead([...status.leases, ...waiting]),
    ...checkUnknown(status),
    ...checkNames(status, waiting),
    ...checkUseless(status),
    ...checkOverCommitted(status),
    ...checkTimes(status, system.nowMs()),
    ...checkCopy(system, status),
    ...checkEmpty(system, status),
  ];
  const counts = [
    counted(Object.keys(status.resources).length, "capacity"),
    counted(status.leases.length, "lease"),
    counted(waiting.length, "waiter"),
  ].join(", ");
  return found.length > 0
    ? found
    : [ok(NAME, `Version ${SCHEMA_VERSION}, ${counts}`)];
}

function checkMissing(system: System): Finding {
  return lostWith(system, "There is none") ??
    ok(NAME, "There is none yet; it is made on first use");
}

function checkEmpty(
  system: System,
  { resources, leases }: PoolStatus,
): Finding[] {
  if (Object.keys(resources).length > 0) return [];
  const lost = lostWith(system, "Nothing is registered");
  if (lost !== undefined) return [lost];
  if (leases.length > 0) return [];
  return [warning(
    NAME,
    "Nothing is registered, so there is nothing to take a lease on",
    '"reslock init" registers what the machine has',
  )];
}

/** What to do where the copy has capacities, and the state none. */
function lostWith(system: System, what: string): Finding | undefined {
  const count = system.copy()?.size ?? 0;
  if (count === 0) return undefined;
  return problem(
    NAME,
    `${what}, while a copy of ${counted(count, "capacity")} lies beside it: ` +
      `somebody removed the file or what was in it`,
    '"reslock doctor --recover" brings these back; "reslock init" registers what ' +
      "the machine has",
  );
}

function unreadable(error: unknown): Finding {
  // The errors say what to do themselves, behind the colon.
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof CorruptStateError) {
    const [what, advice = RECOVER] = message.split(": it was left as it is, ");
    return problem(NAME, what, advice);
  }
  if (error instanceof SchemaVersionMismatch) {
    return problem(
      NAME,
      `Its version is ${quoted(String(error.found))} and this is for version ` +
        `${error.expected}`,
      'bring all users of it to one version, or "reslock reset --force"',
    );
  }
  const colon = message.lastIndexOf(": ");
  return problem(NAME, message.slice(0, colon), message.slice(colon + 2));
}

function checkDead(
  things: readonly (LeaseStatus | EntryStatus)[],
): Finding[] {
  const dead = things.filter(({ owner }) => owner === "dead");
  if (dead.length === 0) return [];
  return [warning(
    NAME,
    `Dead processes have ${counted(dead.length, "lease or request")} ` +
      `(${some(dead.map(({ id }) => id))})`,
    'the next one who needs it removes it, or "reslock doctor --fix"',
    [{ kind: "bury" }],
  )];
}

function checkUnknown({ leases }: PoolStatus): Finding[] {
  const unknown = leases.filter(({ owner }) => owner === "unknown");
  if (unknown.length === 0) return [];
  const names = unknown.map(({ id, pid }) => `${quoted(id)} of process ${pid}`);
  return [warning(
    NAME,
    `Nobody can tell from here who lives of ${some(names)}`,
    'if you know that one is dead, "reslock release ID"',
  )];
}

function checkNames(
  { resources }: PoolStatus,
  waiting: readonly EntryStatus[],
): Finding[] {
  const missing = new Set<string>();
  const hasCards = Object.keys(resources).some(isCard);
  for (const entry of waiting) {
    for (const name of Object.keys(entry.resources)) {
      if (!(name in resources) && diskOfKey(name) === undefined) {
        missing.add(name);
      }
    }
    const wantsCards = entry.vramMb !== null || entry.numGpus > 0;
    if (wantsCards && !hasCards) missing.add("GPU memory");
  }
  if (missing.size === 0) return [];
  const names = some([...missing].map((name) => quoted(name)));
  return [warning(
    NAME,
    `Somebody waits for ${names}, which has no capacity`,
    '"reslock init" or "reslock set NAME VALUE" gives it one',
  )];
}

/** Capacities that the pool does not take, but other programs may have set. */
function checkUseless({ resources }: PoolStatus): Finding[] {
  const names = Object.keys(resources);
  const found: Finding[] = [];
  if ("vram_mb" in resources && names.some(isCard)) {
    found.push(problem(
      NAME,
      '"vram_mb" is set beside cards: whoever asks for GPU memory gets none of them',
      '"reslock unset vram_mb" gives out the cards again',
    ));
  }
  const disks = names.filter((name) => diskOfKey(name) !== undefined);
  if (disks.length > 0) {
    found.push(warning(
      NAME,
      `${
        some(disks.map((name) => quoted(name)))
      } has a capacity, which counts for nothing: free space does`,
      '"reslock unset" takes it out',
    ));
  }
  return found;
}

function isCard(name: string): boolean {
  return gpuOfKey(name) !== undefined;
}

function checkOverCommitted({ resources, used }: PoolStatus): Finding[] {
  const over = Object.keys(resources).filter((name) =>
    used[name] > resources[name] && diskOfKey(name) === undefined
  );
  if (over.length === 0) return [];
  const texts = over.map((name) =>
    `${formatAmount(name, used[name])} of ${quoted(name)}, which has ` +
    formatAmount(name, resources[name])
  );
  return [problem(
    NAME,
    `Leases hold ${some(texts)}`,
    'end one of their programs, or "reslock set" the capacity that it has',
  )];
}

function checkTimes({ leases, queue }: PoolStatus, nowMs: number): Finding[] {
  const times = [
    ...leases.map(({ acquiredAt }) => acquiredAt),
    ...queue.map(({ queuedAt }) => queuedAt),
  ];
  const ahead = times.map((time) => momentMs(time) - nowMs)
    .reduce((most, ms) => ms > most ? ms : most, 0);
  if (ahead <= CLOCK_TOLERANCE_MS) return [];
  return [warning(
    "clock",
    `The newest entry is ${Math.round(ahead / 60_000)} minutes from the ` +
      `future, so the clock was set back`,
    "ages that are shown are wrong; order and grants do not depend on it",
  )];
}

function checkCopy(system: System, { resources }: PoolStatus): Finding[] {
  const names = Object.keys(resources);
  const copy = system.copy();
  const isSame = copy !== undefined && copy.size === names.length &&
    names.every((name) => copy.get(name) === resources[name]);
  if (isSame || names.length === 0) return [];
  return [warning(
    NAME,
    `The copy of the capacities in ${
      quoted(capacitiesPath(system.chosen.path))
    } is ${copy === undefined ? "missing" : "old"}`,
    '"reslock doctor --fix" writes it; a recovery would need it',
    [{ kind: "copy" }],
  )];
}
