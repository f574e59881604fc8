/**
 * What processes that were killed leave beside the state, and that it goes.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { ResourcePool } from "../../mod.ts";
import { Actor } from "./actor.ts";
import type { Folder } from "./processes.ts";

/** Makes what dead owners left a minute older, as sweeping waits for that. */
function age(folder: Folder): void {
  const before = Date.now() / 1000 - 120;
  for (const name of folder.names("state.json.owners")) {
    Deno.utimeSync(`${folder.state}.owners/${name}`, before, before);
  }
}

/** What the killed left goes with the next death, a minute later. */
export async function assertSwept(
  folder: Folder,
  pool: ResourcePool,
): Promise<void> {
  assert(folder.names("state.json.owners").length > 0);
  age(folder);
  await using last = await Actor.start(folder.state);
  const { id } = await last.acquire({ slot: 1 });
  await last.kill();
  assertEquals((await pool.status()).leases, []);
  const [owner] = id.split("-");
  assertEquals(folder.names("state.json.owners"), [owner]);
  assertEquals(folder.names("state.json.bells"), []);
  assertEquals(folder.names("").filter((name) => name.endsWith(".new")), []);
}
