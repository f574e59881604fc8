/** A thread that starts children, and says when it was many. */
for (let children = 0; children < 200; children++) {
  await new Deno.Command("true").output();
}
(self as unknown as Worker).postMessage("enough");
export {};
