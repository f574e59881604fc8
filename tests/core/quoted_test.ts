import { assertEquals } from "@std/assert";
import { quoted, quotedJson } from "../../lib/core/quoted.ts";

Deno.test("quoted() puts plain text into quotes", () => {
  assertEquals(quoted("Größe 4G"), '"Größe 4G"');
});

Deno.test("quoted() shows what would steer a terminal or hide", () => {
  assertEquals(quoted("\x1b[2J\r\n"), '"\\u001b[2J\\r\\n"');
  assertEquals(quoted("\x7f\x9b1m"), '"\\u007f\\u009b1m"');
  assertEquals(quoted("a\u202eb\u200bc\u2028"), '"a\\u202eb\\u200bc\\u2028"');
  assertEquals(quoted("\ud800"), '"\\ud800"');
  assertEquals(quoted("a\u{e0041}\xad"), '"a\\udb40\\udc41\\u00ad"');
});

Deno.test("quoted() cuts long text and says so", () => {
  assertEquals(quoted("x".repeat(81)), `"${"x".repeat(80)}…"`);
  assertEquals(quoted("x".repeat(80)), `"${"x".repeat(80)}"`);
  assertEquals(quoted("abcdef", 3), '"abc…"');
});

Deno.test("quotedJson() shows any value of a file as short and as harmless", () => {
  assertEquals(quotedJson(4), "4");
  assertEquals(quotedJson("\x9b"), '"\\u009b"');
  assertEquals(quotedJson({ a: "\x9b" }), '{"a":"\\u009b"}');
  assertEquals(quotedJson([1, 2, 3, 4], 4), "[1,2…");
});
