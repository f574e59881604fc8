import { assertEquals, assertStringIncludes } from "@std/assert";
import { compileFailure } from "../../tools/compile.ts";

Deno.test("compileFailure() puts a missing runtime into one line", () => {
  const text = compileFailure(
    "error: Setting up base binary\n" +
      "error sending request for url (https://dl.deno.land/denort.zip)",
  );
  assertEquals(text.split("\n").length, 1);
  assertStringIncludes(text, "deno run -A build/reslock.js");
});

Deno.test("compileFailure() shows what else went wrong", () => {
  const text = compileFailure("error: No space left on device");
  assertStringIncludes(text, "No space left on device");
  assertStringIncludes(text, "deno run -A build/reslock.js");
});
