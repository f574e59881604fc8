import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { compileFailure, PERMISSION } from "../../tools/compile.ts";
import { Folder, runTool } from "../support/processes.ts";

Deno.test("compileFailure() puts a missing runtime into one line", () => {
  const text = compileFailure(
    "error: Setting up base binary\n" +
      "error sending request for url (https://dl.deno.land/denort.zip)",
  );
  assertEquals(text.split("\n").length, 1);
  assertStringIncludes(text, "deno run -A build/bundle/cli.js");
});

Deno.test("compileFailure() shows what else went wrong", () => {
  const text = compileFailure("error: No space left on device");
  assertStringIncludes(text, "No space left on device");
  assertStringIncludes(text, "deno run -A build/bundle/cli.js");
});

Deno.test({
  name: "PERMISSION lets the program see whose its process ids are",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    using folder = new Folder();
    const file = `${folder.path}/program.ts`;
    Deno.writeTextFileSync(
      file,
      `console.log(Deno.readLinkSync("/proc/self/ns/pid"))`,
    );
    const out = await runTool(
      ...[Deno.execPath(), "run", "--no-prompt", "--no-config"] as const,
      ...[PERMISSION, file],
    );
    assertMatch(out, /^pid:/);
  },
});
