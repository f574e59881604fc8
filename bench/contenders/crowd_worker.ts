/**
 * Holds and waits for things that others look at: the crowd beside which something is
 * measured. Its leases and waiters are real ones, of a process that lives.
 *
 * @module
 */
import { ResourcePool } from "../../mod.ts";
import { RESOURCE } from "./reslock_resource.ts";

/** What the others do. */
export type CrowdKind = "leases" | "waiters elsewhere" | "waiters behind";

export interface CrowdOptions {
  readonly path: string;
  readonly kind: CrowdKind;
  readonly count: number;
}

/** One of the crowd; those that wait do so for ever. */
function join(pool: ResourcePool, kind: CrowdKind): Promise<unknown> {
  const label = "another one";
  if (kind === "leases") return pool.acquire({ plenty: 1 }, { label });
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const onQueued = resolve;
  const request = kind === "waiters behind"
    ? { [RESOURCE]: 2 }
    : { elsewhere: 1 };
  pool.acquire(request, { label, priority: -1, onQueued }).catch(() => {});
  return promise;
}

if (import.meta.main) {
  const { path, kind, count }: CrowdOptions = JSON.parse(Deno.args[0]);
  const pool = new ResourcePool({ path });
  await pool.setResources({ [RESOURCE]: 2, elsewhere: 1, plenty: count });
  // What makes them wait.
  if (kind === "waiters behind") await pool.acquire({ [RESOURCE]: 1 });
  if (kind === "waiters elsewhere") await pool.acquire({ elsewhere: 1 });
  for (let one = 0; one < count; one++) await join(pool, kind);
  console.log(JSON.stringify({ ready: Deno.pid }));
  await Deno.stdin.read(new Uint8Array(1));
  Deno.exit();
}
