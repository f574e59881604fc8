/**
 * The directory of the pool that a whole machine shares. It is found by all as
 * soon as it exists.
 *
 * @module
 */
import { StateAccessError } from "../../mod.ts";

const DIRECTORY = "/var/lib/reslock";
/** Everyone may add files, nobody may remove another's, as in `/tmp`. */
const MODE = 0o1777;

/** Makes the directory, or mends its mode; returns the state file's path. */
export function makeSystemDirectory(): string {
  try {
    Deno.mkdirSync(DIRECTORY, { recursive: true });
    Deno.chmodSync(DIRECTORY, MODE);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StateAccessError(
      `Cannot make the directory "${DIRECTORY}" (${reason}): ` +
        `run "reslock init --system" as root`,
      { path: DIRECTORY },
      { cause: error },
    );
  }
  return `${DIRECTORY}/state.json`;
}
