/**
 * What operators do to the leases and requests of others.
 *
 * Loaded when one does; most programs only take leases.
 *
 * @module
 */
import { CorruptStateError, SchemaVersionMismatch } from "../core/errors.ts";
import { Image } from "../core/image.ts";
import { withoutMarks } from "../core/marks.ts";
import type { LeaseRecord } from "../core/model.ts";
import * as operations from "../core/operations.ts";
import { salvage } from "../core/salvage.ts";
import type { PoolState } from "../core/state.ts";
import * as transitions from "../core/transitions.ts";
import type { Session } from "../session/session.ts";
import { deadOf } from "../session/undertaker.ts";
import {
  type EntryStatus,
  entryStatus,
  type LeaseStatus,
  leaseStatus,
} from "../status.ts";

/**
 * Takes a lease away, by its id or the beginning of it.
 *
 * @throws {RangeError} if the id names no lease, or more than one
 */
export async function releaseById(
  { store }: Session,
  id: string,
): Promise<LeaseStatus> {
  const { value } = await store.transact((state) => {
    const lease = operations.named(withoutMarks(state.leases), id, {
      action: "release",
      what: "lease",
      command: "list",
    });
    return takeAway(state, [lease])[0];
  }, { urgent: true, robs: true });
  return value;
}

/** Takes away all leases that have a label. */
export async function releaseByLabel(
  { store }: Session,
  label: string,
): Promise<LeaseStatus[]> {
  const { value } = await store.transact(
    (state) =>
      takeAway(
        state,
        withoutMarks(state.leases).filter((lease) => lease.label === label),
      ),
    { urgent: true, robs: true },
  );
  return value;
}

/** Takes leases away from their holders. */
function takeAway(
  state: PoolState,
  leases: readonly LeaseRecord[],
): LeaseStatus[] {
  const busy = state.busyLeases();
  for (const lease of leases) transitions.release(state, lease.id);
  return leases.map((lease) => leaseStatus(lease, busy));
}

/**
 * Cancels a request that waits.
 *
 * @throws {RangeError} if the id names no waiter, or more than one
 * @throws {TypeError} if it is one of the Python package
 */
export async function cancelRequest(
  session: Session,
  id: string,
): Promise<EntryStatus> {
  const { value } = await session.store.transact(
    (state) => operations.cancel(state, id, session.stamp()),
    { urgent: true, robs: true },
  );
  return entryStatus(value, new Map(), null);
}

/**
 * Changes the priority of a request or of a lease.
 *
 * @throws {RangeError} if the id names neither, or more than one
 */
export async function changePriority(
  { store }: Session,
  id: string,
  priority: number,
): Promise<operations.PriorityChange> {
  const { value } = await store.transact(
    (state) => operations.setPriority(state, id, priority),
    { robs: true },
  );
  return value;
}

/**
 * Asks a lease back by hand.
 *
 * @throws {RangeError} if the id names no lease, or more than one
 * @throws {TypeError} if its holder did not offer it, or works on it
 */
export async function askBack(
  session: Session,
  id: string,
): Promise<LeaseStatus> {
  const { value } = await session.store.transact(
    (state) => operations.askBack(state, id, session.stamp()),
    { robs: true },
  );
  return leaseStatus(value, new Set());
}

/**
 * Drops all leases, the queue and the capacities.
 *
 * @returns the path of what is kept of a file that could not be read, and was replaced:
 * null where it was empty; undefined where none was
 * @throws {CorruptStateError} if it cannot be read, without `force`, or is no state file
 * @throws {SchemaVersionMismatch} if it is of another version, without `force`
 */
export async function dropAll(
  session: Session,
  { force }: { readonly force: boolean },
): Promise<string | null | undefined> {
  const { store, undertaker } = session;
  try {
    const dead = deadOf(await undertaker.examine({ patient: false }));
    await store.transact((state) => {
      operations.reset(state, session.stamp(), dead);
      for (const name of [...state.resources.keys()]) state.unsetResource(name);
    }, { urgent: true, robs: true });
    return undefined;
  } catch (error) {
    const isUnreadable = error instanceof CorruptStateError ||
      error instanceof SchemaVersionMismatch;
    if (!force || !isUnreadable) throw error;
    const copyPath = await store.replace(await emptied(session));
    store.ringEveryone();
    return copyPath;
  }
}

/** A file in the place of a damaged one, which tells those who can be read there. */
async function emptied(session: Session): Promise<Uint8Array> {
  const image = new Image(Image.empty(), "");
  const bytes = await session.store.peek().catch((error) => {
    // A file that is too long is read by nobody.
    if (error instanceof CorruptStateError) return new Uint8Array();
    throw error;
  });
  const { leases, entries } = salvage(bytes);
  for (const lease of leases) image.state.addLease(lease);
  for (const entry of entries) image.state.addEntry(entry);
  operations.reset(image.state, session.stamp());
  image.commit();
  return image.bytes;
}
