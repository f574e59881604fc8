/**
 * What is kept of a damaged file, and that nobody else's file is taken for one.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { CorruptStateError, StateAccessError } from "../../lib/core/errors.ts";
import { Image } from "../../lib/core/image.ts";
import { keepDamaged } from "../../lib/store/damaged.ts";
import { Folder } from "../support/processes.ts";

const NOW_MS = Date.parse("2026-01-02T03:04:05.678Z");
const EMPTY = Image.empty();

/** A pool without its beginning. */
function beheaded(): Uint8Array {
  return EMPTY.slice().fill(0, 0, 20);
}

const encode = (text: string) => new TextEncoder().encode(text);

const DAMAGED: Readonly<Record<string, Uint8Array>> = {
  "one that breaks off": EMPTY.subarray(0, 100),
  "one of zeros": new Uint8Array(4096),
  "one of white space": encode(" \n"),
  "one without its beginning": beheaded(),
  "one with a write begun": encode(
    `!${new TextDecoder().decode(EMPTY).slice(1)}`,
  ),
  "one with its first write begun": encode("!".padEnd(4096)),
  "one of another version": encode(' {"version": 4}'),
  "one that is too large": new Uint8Array(17 * 2 ** 20).fill(0x20),
};

for (const [what, bytes] of Object.entries(DAMAGED)) {
  Deno.test(`keepDamaged() keeps ${what}, byte for byte`, () => {
    using folder = new Folder();
    Deno.writeFileSync(folder.state, bytes);
    const copy = keepDamaged(folder.state, NOW_MS);
    assertEquals(copy, `${folder.state}.damaged-20260102T030405Z`);
    const kept = Deno.readFileSync(copy!);
    assert(
      kept.length === bytes.length && kept.every((b, i) => b === bytes[i]),
    );
  });
}

const FOREIGN: Readonly<Record<string, Uint8Array>> = {
  "a name": encode("vm\n"),
  "users": encode("root:x:0:0:root:/root:/bin/bash\n"),
  "a list": encode("[]"),
  "a comment": encode("! of the X server\n*font: fixed\n"),
  "a film": Uint8Array.of(0, 0, 0, 32, ...encode("ftypisom")),
};

for (const [what, bytes] of Object.entries(FOREIGN)) {
  Deno.test(`keepDamaged() refuses a file that is no pool: ${what}`, () => {
    using folder = new Folder();
    Deno.writeFileSync(folder.state, bytes);
    assertThrows(
      () => keepDamaged(folder.state, NOW_MS),
      CorruptStateError,
      "name another with --state",
    );
    assertEquals([...Deno.readDirSync(folder.path)].length, 1);
  });
}

Deno.test("keepDamaged() keeps nothing of an empty file, and no copy that is not whole", () => {
  using folder = new Folder();
  Deno.writeTextFileSync(folder.state, "");
  assertEquals(keepDamaged(folder.state, NOW_MS), null);
  Deno.writeTextFileSync(folder.state, "{");
  const copy = keepDamaged(folder.state, NOW_MS)!;
  // One is there under that name: it is not written over.
  Deno.writeTextFileSync(folder.state, "{}");
  assertThrows(() => keepDamaged(folder.state, NOW_MS), StateAccessError);
  assertEquals(Deno.readTextFileSync(copy), "{");
});
