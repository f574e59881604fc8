/**
 * Files beside the state that nobody needs any more.
 *
 * @module
 */
import { isOwnerName } from "../core/ids.ts";
import { filesOf, isOwnersFile } from "../os/owner_lock.ts";
import { directoryOf, isDraftOf, isOfPool } from "../os/paths.ts";
import { sidePath } from "../store/state_file.ts";
import { counted, type Finding, ok, warning } from "./check.ts";
import type { System } from "./system.ts";

const NAME = "side files";
/** A draft is there for a moment, and an owner's file before its first entry. */
const STALE_AFTER_MS = 60_000;

/** Whether dead processes have left files. */
export async function checkSideFiles(system: System): Promise<Finding> {
  const { path } = system.chosen;
  const owners = sidePath(path, "owners");
  const bells = sidePath(path, "bells");
  for (const folder of [owners, bells]) {
    const facts = system.facts(folder);
    if (typeof facts !== "string" && facts.kind !== "directory") {
      // By a link here somebody may have files swept that are not the pool's.
      return warning(NAME, "Not looked at", "see what is said of files");
    }
  }
  const needed = await filesInUse(system);
  if (needed === undefined) {
    return ok(NAME, "Not looked at, as the pool cannot be read");
  }
  const names = system.list(owners);
  const left = [
    ...names.filter((name) =>
      isOwnersFile(name) && !needed.has(name) &&
      system.probeOwner(`${owners}/${name}`) === "free"
    ).map((name) => `${owners}/${name}`),
    ...system.list(bells)
      .filter((name) => isOwnerName(name) && !names.includes(name))
      .map((name) => `${bells}/${name}`),
    ...system.list(directoryOf(path))
      .filter((name) => isDraftOf(name, (of) => isOfPool(path, of)))
      .map((name) => `${directoryOf(path)}/${name}`),
    ...system.list(bells).filter((name) => isDraftOf(name, isOwnerName))
      .map((name) => `${bells}/${name}`),
  ].filter((file) => isStale(system, file));
  if (left.length === 0) return ok(NAME, "Nothing was left behind");
  return warning(
    NAME,
    `Dead processes have left ${
      counted(left.length, "file")
    }, which do no harm`,
    'their users, or root, can remove them with "reslock doctor --fix"',
    [{ kind: "bury" }],
  );
}

/** The files of all who are in the pool, whether they live or not. */
async function filesInUse(system: System): Promise<Set<string> | undefined> {
  try {
    const { leases, queue } = await system.status();
    return new Set([...leases, ...queue].flatMap(({ id }) => filesOf(id)));
  } catch {
    return undefined;
  }
}

function isStale(system: System, path: string): boolean {
  const facts = system.facts(path);
  // Directories are made as drafts, too.
  return typeof facts !== "string" &&
    (facts.kind === "file" || facts.kind === "directory") &&
    system.nowMs() - facts.changedMs > STALE_AFTER_MS;
}
