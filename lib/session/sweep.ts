/**
 * Removing what the dead left beside the state file.
 *
 * @module
 */
import type { PoolState } from "../core/state.ts";
import { removeBell, sweepBells } from "../os/bell.ts";
import { sweepOwners } from "../os/owner_lock.ts";
import { directoryOf, isOfPool, sweepDrafts } from "../os/paths.ts";
import { sidePath } from "../store/state_file.ts";
import type { Store } from "../store/store.ts";

/**
 * Removes the owner files, guards, bells and drafts of processes that are gone for a
 * minute, but for those that are needed to tell that something in the state is theirs.
 */
export async function sweepLeftovers(
  path: string,
  store: Pick<Store, "view">,
  wallMs: number,
): Promise<void> {
  const owners = sidePath(path, "owners");
  const bells = sidePath(path, "bells");
  await sweepOwners(owners, {
    wallMs,
    standing: () => store.view(idsOf),
    removeSide: (owner) => removeBell(bells, owner),
  });
  sweepBells(bells, owners, wallMs);
  sweepDrafts(directoryOf(path), (name) => isOfPool(path, name), wallMs);
}

function idsOf({ leases, waiters, work }: PoolState): string[] {
  return [...leases, ...waiters, ...work].map(({ id }) => id);
}
