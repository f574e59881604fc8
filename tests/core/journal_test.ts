import { assertEquals } from "@std/assert";
import { crc32 } from "../../lib/core/bytes.ts";
import { decodeJournal, encodeJournal } from "../../lib/core/journal.ts";

const edit = {
  length: 4096,
  patches: [
    { offset: 1, bytes: Uint8Array.of(1, 2, 3) },
    { offset: 4000, bytes: new Uint8Array(96).fill(7) },
  ],
};

Deno.test("decodeJournal() gives back what encodeJournal() was given", () => {
  const bytes = encodeJournal(edit);
  const longer = new Uint8Array(bytes.length + 500).fill(9);
  longer.set(bytes);
  assertEquals(decodeJournal(bytes), edit);
  assertEquals(decodeJournal(longer), edit);
});

Deno.test("decodeJournal() refuses every shorter and every altered journal", () => {
  const bytes = encodeJournal(edit);
  for (let length = 0; length < bytes.length; length++) {
    assertEquals(decodeJournal(bytes.subarray(0, length)), undefined);
  }
  for (let at = 0; at < bytes.length; at++) {
    const altered = bytes.slice();
    altered[at] ^= 0x40;
    assertEquals(decodeJournal(altered), undefined, `byte ${at}`);
  }
});

Deno.test("decodeJournal() refuses a patch that reaches outside of the state", () => {
  const bytes = encodeJournal({ ...edit, length: 4095 });
  assertEquals(decodeJournal(bytes), undefined);
});

Deno.test("crc32() gives the check value of the standard", () => {
  assertEquals(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
});
