/**
 * Whether the place of a pool is any good, said once a process.
 *
 * @module
 */
import { fileSystemTrouble, readFileSystem } from "./os/file_system.ts";
import type { PathRule } from "./os/paths.ts";

/** Directories that were looked at. */
const checked = new Set<string>();

/** Warns if the file system of a directory is no good for a pool. */
export async function checkPlace(
  directory: string,
  { rule, onWarning }: {
    readonly rule: PathRule;
    readonly onWarning: (message: string) => void;
  },
): Promise<void> {
  if (checked.has(directory)) return;
  checked.add(directory);
  const fileSystem = await readFileSystem(directory);
  if (fileSystem === undefined) return;
  // A layer of a container does all that a pool needs. What can be wrong is that
  // others have another one, and whoever named the place has thought of that.
  const isNamed = rule === "path" || rule === "RESLOCK_DIR";
  if (fileSystem.kind === "layered" && isNamed) return;
  const trouble = fileSystemTrouble(fileSystem, directory);
  if (trouble) onWarning(`${trouble.what}: ${trouble.advice}`);
}
