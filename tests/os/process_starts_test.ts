import { assert, assertEquals } from "@std/assert";
import { KernelStarts, parseStart } from "../../lib/os/process_starts.ts";
import { Program } from "../support/processes.ts";

Deno.test("KernelStarts tells when a process began, the same each time", async () => {
  const starts = new KernelStarts();
  const view = starts.view;
  assert(view !== undefined && !view.includes(" "));
  assertEquals(new KernelStarts().view, view);
  const own = starts.ticksOf(Deno.pid)!;
  await using later = new Program("cat", { args: [] });
  assert(starts.ticksOf(later.pid)! > own);
  assertEquals(starts.ticksOf(Deno.pid), own);
  await later.kill();
  assertEquals(starts.ticksOf(later.pid), undefined);
});

Deno.test("KernelStarts tells nothing where nothing may be read", () => {
  const files = { readable: false, read: () => undefined, list: () => [] };
  const starts = new KernelStarts(files);
  assertEquals([starts.view, starts.ticksOf(1)], [undefined, undefined]);
});

Deno.test("parseStart() is not misled by the name of a program", () => {
  const rest = Array.from({ length: 40 }, (_, i) => i + 4).join(" ");
  assertEquals(parseStart(`7 (a) S 9) R ${rest}`), 22);
  for (const text of ["", "7 (a) R", "7 (a) R 1 2", `7 (a ${rest}`]) {
    assertEquals(parseStart(text), undefined, text);
  }
});
