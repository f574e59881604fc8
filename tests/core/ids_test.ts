import { assertEquals } from "@std/assert";
import { isOwnerName, nativeId, parseNativeId } from "../../lib/core/ids.ts";

Deno.test("parseNativeId() reads what nativeId() was told", () => {
  for (const confirms of [false, true]) {
    for (const yields of [false, true]) {
      for (const sequence of [1, 2, 999_999_999]) {
        const id = nativeId("abc0123xyz", sequence, { confirms, yields });
        assertEquals(parseNativeId(id), {
          owner: "abc0123xyz",
          confirms,
          yields,
        });
      }
    }
  }
});

for (
  const id of [
    "0123456789ab",
    "../state.json-1",
    "abcdefghij-",
    "abcdefghi-4",
    "abcdefghij-1234567890123456",
    "ABCDEFGHIJ-4",
    "abcdefghij-4\n",
    "",
  ]
) {
  Deno.test(`parseNativeId() takes ${JSON.stringify(id)} for somebody else's`, () => {
    assertEquals(parseNativeId(id), undefined);
  });
}

Deno.test("isOwnerName() lets nothing through that leads elsewhere", () => {
  assertEquals(isOwnerName("abcdefghij"), true);
  for (const name of ["..", "abcdefghi/", "abcdefghij.c", "abcdefghijk", ""]) {
    assertEquals(isOwnerName(name), false);
  }
});
