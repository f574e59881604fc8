import { assertEquals } from "@std/assert";
import { decodeEntry, decodeState, encodeEntry } from "../../lib/core/codec.ts";
import { decodeFamiliar } from "../../lib/core/familiar.ts";
import type { EntryRecord } from "../../lib/core/model.ts";
import { entryRecord } from "../support/records.ts";

const PATH = "/pool/state.json";

/** What the tables alone make of a line. */
function slowly(text: string): EntryRecord | string {
  try {
    return decodeState(`{"version":5,"queue":[${text}]}`, PATH).entries[0];
  } catch (error) {
    return `refused as ${(error as Error).name}`;
  }
}

function quickly(text: string): EntryRecord | string {
  try {
    return decodeEntry(text, PATH);
  } catch (error) {
    return `refused as ${(error as Error).name}`;
  }
}

const ask = { resources: new Map([["slot", 1]]), priority: 3, label: "a b" };
const known = encodeEntry(entryRecord(ask));

Deno.test("decodeFamiliar() knows a wish from the second entry on, whoever asks", () => {
  const first = entryRecord({ ...ask, priority: 17 });
  assertEquals(decodeFamiliar(encodeEntry(first)), undefined);
  decodeEntry(encodeEntry(first), PATH);
  const second = entryRecord({
    ...{ ...first, id: "0000000000-12", pid: 7, host_pid: 1 },
    ...{ label: null, queued_at: "2026-02-03T04:05:06.789Z" },
  });
  const decoded = decodeFamiliar(encodeEntry(second) + "   ");
  assertEquals(decoded, second);
  assertEquals(encodeEntry(decoded!), encodeEntry(second));
});

for (
  const [what, from, to] of [
    ["an id twice", '"resources"', '"id":"x","resources"'],
    ["an id again in the amounts", '"priority"', '"id":"y","priority"'],
    ["a time twice", '"label"', '"queued_at":"never","label"'],
    ["an unknown field", '"label"', '"extra":1,"label"'],
    ["__proto__ as a field", '"label"', '"__proto__":{},"label"'],
    ["a label with a quotation mark", '"a b"', '"a\\"b"'],
    ["a label with a control character", '"a b"', '"a\u0001b"'],
    ["a label of half a pair", '"a b"', '"a\ud800b"'],
    ["a label that looks like fields", '"a b"', '"a\\",\\"label\\":null"'],
    ["a pid of zero", "4242", "0"],
    ["a pid that begins with zero", "4242", "04242"],
    ["a huge pid", "4242", "42424242424242424242"],
    ["a fraction", '"priority":3', '"priority":3.5'],
    ["a tab before its brace", "{", "\t{"],
    ["a no-break space behind it", "}", "}\u00a0"],
    ["nothing behind the amounts", /"vram_mb".*/, "}"],
    ["another host", '"host_pid":null', '"host_pid":9'],
  ] as const
) {
  Deno.test(`decodeEntry() takes a line with ${what} for what the tables do, also after a familiar one`, () => {
    decodeEntry(known, PATH);
    const text = known.replace(from, to);
    // Twice: the first may make a wish familiar that must not be.
    for (let i = 0; i < 2; i++) assertEquals(quickly(text), slowly(text));
    const other = text.replace("abcdefghij-0", "zzzzzzzzzz-8");
    assertEquals(quickly(other), slowly(other));
  });
}
