/**
 * A program of this package that acquires and releases without a pause for a while, and
 * then says what came of it: `load_program.ts PATH LOAD`, the load as JSON.
 *
 * @module
 */
import { ResourcePool, type ResourceRequest } from "../../mod.ts";
import type { LoopResult } from "./python_client.ts";

/** What a program is to do. */
export interface Load {
  readonly seconds: number;
  readonly request: ResourceRequest;
  /** A file that is there as long as one holds a lease: the proof of being alone. */
  readonly token?: string;
  /** How many do so side by side in this one program. @default {1} */
  readonly parallel?: number;
}

const [path, text] = Deno.args;
const { seconds, request, token, parallel = 1 }: Load = JSON.parse(text);
await using pool = new ResourcePool({ path });
const end = performance.now() + seconds * 1000;
const errors: string[] = [];
let grants = 0;

async function acquireOnce(): Promise<void> {
  await using lease = await pool.acquire(request);
  if (token !== undefined) {
    Deno.openSync(token, { write: true, createNew: true }).close();
    Deno.removeSync(token);
  }
  if (parallel > 1) {
    // The others go on meanwhile.
    await new Promise((resolve) => setTimeout(resolve));
    if (lease.lost.aborted) throw lease.lost.reason;
  }
}

async function loop(): Promise<void> {
  while (performance.now() < end) {
    try {
      await acquireOnce();
      grants++;
    } catch (error) {
      errors.push(String(error));
    }
  }
}

await Promise.all(Array.from({ length: parallel }, loop));
const result: LoopResult = { grants, errors };
console.log(JSON.stringify(result));
