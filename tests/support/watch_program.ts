/**
 * A program that says the type of each event of a pool.
 *
 * @module
 */
import { ResourcePool } from "../../mod.ts";

await using pool = new ResourcePool({ path: Deno.args[0] });
for await (const { type } of pool.watch()) console.log(type);
