/**
 * A worker that shares through this package.
 *
 * @module
 */
import { ResourcePool } from "../../mod.ts";
import { RESOURCE } from "./reslock_resource.ts";
import { type Lock, serve, type WorkerOptions } from "./worker.ts";

function openPool({ path }: WorkerOptions): Lock {
  const pool = new ResourcePool({ path });
  return {
    acquire: ({ amount = 1, priority = 0 }, onQueued) =>
      pool.acquire({ [RESOURCE]: amount }, { priority, onQueued }),
    [Symbol.asyncDispose]: () => pool.close(),
  };
}

await serve(openPool);
