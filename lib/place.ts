/**
 * Whether the place of a pool is any good, said once a process.
 *
 * @module
 */
import { fileSystemTrouble, readFileSystem } from "./os/file_system.ts";
import type { PathRule } from "./os/paths.ts";
import { isGranted } from "./os/permissions.ts";

/** Directories that were looked at. */
const checked = new Set<string>();

/** What a container shows that was given cards. */
const CARD_DEVICES = ["/dev/nvidiactl", "/dev/kfd", "/dev/dri"];

/**
 * Whether a pool in a layer of a container may do harm. A layer does all that a pool
 * needs; but others have another one, and hand out the same cards. Who named the
 * place has thought of that.
 */
function isShared(rule: PathRule): boolean {
  if (rule === "path" || rule === "RESLOCK_DIR") return false;
  return CARD_DEVICES.some((path) => {
    if (!isGranted({ name: "read", path })) return false;
    try {
      Deno.statSync(path);
      return true;
    } catch {
      return false;
    }
  });
}

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
  if (fileSystem.kind === "layered" && !isShared(rule)) return;
  const trouble = fileSystemTrouble(fileSystem, directory);
  if (trouble) onWarning(`${trouble.what}: ${trouble.advice}`);
}
