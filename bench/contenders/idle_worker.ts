/**
 * A Deno program that does nothing until its input ends: what any program costs.
 *
 * @module
 */
console.log(JSON.stringify({ ready: Deno.pid }));
await Deno.stdin.read(new Uint8Array(1));
