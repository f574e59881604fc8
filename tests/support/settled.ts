/**
 * Has Deno begin what it otherwise begins a moment after the program: the thread that
 * hears signals. Where that thread or its descriptors cannot be had, Deno ends.
 */
export function settle(): void {
  const listener = () => {};
  Deno.addSignalListener("SIGUSR2", listener);
  Deno.removeSignalListener("SIGUSR2", listener);
}
