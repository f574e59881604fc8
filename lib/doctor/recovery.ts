/**
 * A state file that is damaged or gone: what it still tells, and a new one made of that.
 * One that is gone is soon followed by an empty one, made by whoever came first.
 *
 * Kept are the capacities, from the file or from the copy beside it, and the leases
 * and waiters that can be read and are not proven dead. Programs that wait put
 * themselves back anyway. What cannot be read is gone: its holders learn of it through
 * `lost`.
 *
 * @module
 */
import { readCapacities } from "../capacities.ts";
import { CorruptStateError, StateAccessError } from "../core/errors.ts";
import { isOwnerName, parseNativeId } from "../core/ids.ts";
import { Image } from "../core/image.ts";
import { mayBeState } from "../core/layout.ts";
import { type Amounts, SCHEMA_VERSION } from "../core/model.ts";
import { salvage } from "../core/salvage.ts";
import { PoolState } from "../core/state.ts";
import { Liveness, type Vitality } from "../liveness.ts";
import { systemClock } from "../os/clock.ts";
import { openRegular } from "../os/file.ts";
import { ownerPath, probeLock } from "../os/owner_lock.ts";
import { capacitiesPath, type ChosenPath } from "../os/paths.ts";
import { KillProbe } from "../os/process_probe.ts";
import { Session } from "../session/session.ts";
import { sidePath } from "../store/state_file.ts";
import { type PoolStatus, poolStatus } from "../status.ts";

/** What a damaged state file still tells, or what was made of it. */
export interface Salvaged {
  /** What is wrong with the file. */
  readonly damage: string;
  /** What can be kept. */
  readonly pool: PoolStatus;
  /** Where the capacities are from; null where they are not to be had. */
  readonly capacitiesFrom: "state" | "copy" | null;
  /** What cannot be kept, one thing each, for people. */
  readonly lost: readonly string[];
}

/** A recovery that was done. */
export interface Recovered extends Salvaged {
  /** The damaged file, as it was; null where nothing was in it, or it was gone. */
  readonly copyPath: string | null;
}

interface Assessment {
  readonly salvaged: Salvaged;
  /**
   * Makes a pool of it: the path of what was there, null where that was nothing, undefined
   * where it is not what was assessed any more.
   */
  restore(): Promise<string | null | undefined>;
}

const LOCK_TIMEOUT_MS = 5000;

/** What a file that is damaged, gone or emptied still tells; null where it is none of it. */
export async function readDamaged(
  chosen: ChosenPath,
): Promise<Salvaged | null> {
  const session = openSession(chosen);
  try {
    return (await assess(chosen.path, session))?.salvaged ?? null;
  } finally {
    await session.close();
  }
}

/**
 * Makes a new state file of what one that is damaged, gone or emptied still tells.
 *
 * @param agree asked before anything is lost; nothing is done unless it says yes
 * @returns null where the file is none of it, or nothing was agreed to
 */
export async function recoverDamaged(
  chosen: ChosenPath,
  agree: (salvaged: Salvaged) => boolean,
): Promise<Recovered | null> {
  const { path } = chosen;
  const session = openSession(chosen);
  try {
    const found = await assess(path, session);
    if (found === null) return null;
    const { salvaged } = found;
    if (salvaged.lost.length > 0 && !agree(salvaged)) return null;
    const copyPath = await found.restore();
    if (copyPath === undefined) {
      throw new StateAccessError(
        `Cannot recover "${path}" as it was written to meanwhile: try again`,
        { path },
      );
    }
    // Grants whoever waited for what is free now.
    await session.store.transact(() => {}, { urgent: true });
    return { ...salvaged, copyPath };
  } finally {
    await session.close();
  }
}

function openSession({ path, rule }: ChosenPath): Session {
  return new Session(path, {
    lockTimeoutMs: LOCK_TIMEOUT_MS,
    driverCheck: false,
    onWarning: () => {},
    rule,
  });
}

async function assess(
  path: string,
  session: Session,
): Promise<Assessment | null> {
  let damage: CorruptStateError;
  try {
    return await session.store.view((state) =>
      assessReadable(path, session, state)
    );
  } catch (error) {
    if (!(error instanceof CorruptStateError)) throw error;
    damage = error;
  }
  const before = await session.store.peek();
  if (!mayBeState(before)) throw damage;
  const found = salvage(before);
  // Of another version nothing may be taken for what it would mean in ours.
  const isOurs = found.version === undefined ||
    found.version === String(SCHEMA_VERSION);
  if (!isOurs) throw damage;
  const copy = readCapacities(path);
  const resources: Amounts = found.resources ?? copy ?? new Map();
  const state = new PoolState();
  for (const [name, amount] of resources) state.setResource(name, amount);
  for (const lease of found.leases) state.addLease(lease);
  for (const entry of found.entries) state.addEntry(entry);
  const owners = sidePath(path, "owners");
  const verdicts = await judge(state, owners);
  const lost = [
    ...found.lost,
    ...unreadOf(owners, state),
    ...dropDead(state, verdicts),
  ];
  if (found.resources === undefined && copy === undefined) {
    lost.push('the capacities: "reslock init" registers them anew');
  }
  return {
    salvaged: {
      damage: damage.message,
      pool: poolStatus(path, state, {
        verdicts,
        reasons: new Map(),
        driver: undefined,
      }),
      capacitiesFrom: found.resources ? "state" : copy ? "copy" : null,
      lost,
    },
    restore: () => session.store.replace(fileOf(state), before),
  };
}

function isGone(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return false;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

/** A pool that lost its capacities, with its file; null where there is nothing to add. */
function assessReadable(
  path: string,
  session: Session,
  found: PoolState,
): Assessment | null {
  if (found.resources.size > 0) return null;
  const copy = readCapacities(path);
  if (copy === undefined || copy.size === 0) return null;
  const state = new PoolState();
  for (const [name, amount] of copy) state.setResource(name, amount);
  for (const lease of found.leases) state.addLease(lease);
  for (const { entry } of found.waiters) state.addEntry(entry);
  for (const entry of found.work) state.addEntry(entry);
  const what = isGone(path)
    ? `Cannot find the state file "${path}"`
    : `No capacity is left in the state file "${path}"`;
  return {
    salvaged: {
      damage: `${what}, while a copy of its capacities is in ` +
        `"${capacitiesPath(path)}"`,
      pool: poolStatus(path, state, {
        verdicts: new Map(),
        reasons: new Map(),
        driver: undefined,
      }),
      capacitiesFrom: "copy",
      lost: unreadOf(sidePath(path, "owners"), state),
    },
    restore: async () => {
      const { value } = await session.store.transact((now) => {
        if (now.resources.size > 0) return undefined;
        for (const [name, amount] of copy) now.setResource(name, amount);
        return null;
      });
      return value;
    },
  };
}

/** A new file with all that is in a state. */
function fileOf(state: PoolState): Uint8Array {
  const image = new Image(Image.empty(), "");
  for (const [name, amount] of state.resources) {
    image.state.setResource(name, amount);
  }
  for (const lease of state.leases) image.state.addLease(lease);
  for (const { entry } of state.waiters) image.state.addEntry(entry);
  for (const entry of state.work) image.state.addEntry(entry);
  image.commit();
  return image.bytes;
}

function judge(
  state: PoolState,
  owners: string,
): Promise<ReadonlyMap<string, Vitality>> {
  const liveness = new Liveness({
    owners,
    processes: new KillProbe(),
    clock: systemClock,
    warn: () => {},
  });
  return liveness.examine(state, { patient: false });
}

/** Takes out those who are proven dead, and work on leases that are gone. */
function dropDead(
  state: PoolState,
  verdicts: ReadonlyMap<string, Vitality>,
): string[] {
  const dropped: string[] = [];
  for (const lease of [...state.leases]) {
    if (verdicts.get(lease.id) !== "dead") continue;
    state.removeLease(lease);
    dropped.push(`lease ${lease.id}: its process ${lease.pid} is dead`);
  }
  const entries = [
    ...state.waiters.map(({ entry }) => entry),
    ...state.work,
  ];
  for (const entry of entries) {
    const isOrphan = entry.lease_id !== null &&
      state.lease(entry.lease_id) === undefined;
    if (isOrphan) state.removeEntry(entry);
    else if (verdicts.get(entry.id) === "dead") {
      state.removeEntry(entry);
      dropped.push(`request ${entry.id}: its process ${entry.pid} is dead`);
    }
  }
  return dropped;
}

/** Processes that live and of which nothing can be read. */
function unreadOf(owners: string, state: PoolState): string[] {
  const read = new Set<string | undefined>();
  for (const { id } of state.leases) read.add(parseNativeId(id)?.owner);
  for (const { id } of state.waiters) read.add(parseNativeId(id)?.owner);
  const names = listOwners(owners).filter((name) => !read.has(name));
  return names.filter((name) => probeLock(ownerPath(owners, name)) === "held")
    .map((name) =>
      `what process ${pidOf(owners, name)} holds, if it does not only wait: ` +
      `it lives (owner ${name})`
    );
}

function listOwners(owners: string): string[] {
  try {
    return [...Deno.readDirSync(owners)].map(({ name }) => name)
      .filter(isOwnerName).sort();
  } catch {
    return [];
  }
}

/** The process that an owner file names, for people. */
function pidOf(owners: string, name: string): string {
  using file = openRegular(ownerPath(owners, name), { read: true });
  const bytes = new Uint8Array(1024);
  const count = file?.readSync(bytes) ?? 0;
  const text = new TextDecoder().decode(bytes.subarray(0, count));
  return /"pid":(\d{1,10})\b/.exec(text)?.[1] ?? "of unknown id";
}
