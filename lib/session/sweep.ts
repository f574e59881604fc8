/**
 * Removing what the dead left beside the state file.
 *
 * @module
 */
import { removeBell, sweepBells } from "../os/bell.ts";
import { sweepOwners } from "../os/owner_lock.ts";
import { directoryOf, isOfPool, sweepDrafts } from "../os/paths.ts";
import { sidePath } from "../store/state_file.ts";

/**
 * Removes the owner files, guards, bells and drafts of processes that are gone for a
 * minute. Call it only after their entries have been removed from the state.
 */
export function sweepLeftovers(path: string, wallMs: number): void {
  const owners = sidePath(path, "owners");
  const bells = sidePath(path, "bells");
  sweepOwners(owners, wallMs, (owner) => removeBell(bells, owner));
  sweepBells(bells, owners, wallMs);
  sweepDrafts(directoryOf(path), (name) => isOfPool(path, name), wallMs);
}
