/** Prints what is said of the pool that is named, as one line of JSON. */
import { diagnose } from "../../mod.ts";

console.log(JSON.stringify(await diagnose({ path: Deno.args[0] })));
