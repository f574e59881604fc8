import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Image } from "../../lib/core/image.ts";
import { salvage } from "../../lib/core/salvage.ts";
import { randomSeed, seededRandom } from "../support/random.ts";
import { entryRecord, leaseRecord } from "../support/records.ts";

const LEASES = 30;
const ENTRIES = 10;

/** The file of a pool, of several pages. */
function file(): Uint8Array {
  const image = new Image(Image.empty(), "");
  image.state.setResource("slot", 100);
  for (let i = 0; i < LEASES; i++) {
    const label = i % 3 === 0 ? 'é {"id":[,' : null;
    image.state.addLease(leaseRecord({ id: `abcdefghij-${4 * i}`, label }));
  }
  for (let i = 0; i < ENTRIES; i++) {
    image.state.addEntry(entryRecord({ id: `klmnopqrst-${4 * i}` }));
  }
  image.commit();
  return image.bytes;
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytesOf = (text: string) => new TextEncoder().encode(text);

Deno.test("salvage() reads all of a whole file, ours or of another layout", () => {
  const layouts = [
    file(),
    bytesOf(JSON.stringify(JSON.parse(text(file())))),
    bytesOf(JSON.stringify(JSON.parse(text(file())), null, 2)),
  ];
  for (const bytes of layouts) {
    const { version, resources, leases, entries, lost } = salvage(bytes);
    assertEquals(version, "5");
    assertEquals([...resources!], [["slot", 100]]);
    assertEquals([leases.length, entries.length], [LEASES, ENTRIES]);
    assertEquals(leases[0].label, 'é {"id":[,');
    assertEquals(lost, []);
  }
});

Deno.test("salvage() reads the whole records of a file that was cut off anywhere", () => {
  const whole = file();
  const ends = [...text(whole).matchAll(/\}(?=\n)/g)].map(({ index }) => index);
  for (let length = 0; length < whole.length; length += 97) {
    const { leases, entries } = salvage(whole.subarray(0, length));
    // Of what was written with more bytes than characters this is a lower bound.
    const complete = ends.filter((end) => end < length - 30).length - 1;
    assert(leases.length + entries.length >= complete, String(length));
    assertEquals(entries.length > 0 && leases.length < LEASES, false);
  }
});

Deno.test("salvage() reads what lies around a page that is gone", () => {
  const bytes = file();
  bytes.fill(0, 4096, 8192);
  const { resources, leases, entries, lost } = salvage(bytes);
  assertEquals([...resources!], [["slot", 100]]);
  assert(leases.length > 5 && leases.length < LEASES);
  assertEquals(entries.length, ENTRIES);
  assertEquals(lost.length, 1);
  bytes.fill(0, 0, 4096);
  const rest = salvage(bytes);
  assertEquals(rest.resources, undefined);
  assert(rest.leases.length > 0);
  assertStringIncludes(rest.lost[0], "the beginning at byte 0");
});

Deno.test("salvage() reads beside the mark of a write that was cut off", () => {
  const bytes = file();
  bytes[0] = 0x21;
  const { leases, lost } = salvage(bytes);
  assertEquals(leases.length, LEASES);
  assertEquals(lost, ["what the write that was cut off was to change"]);
});

Deno.test("salvage() takes no record whose fields are wrong, and those beside it", () => {
  const state = JSON.parse(text(file()));
  state.leases[1].pid = "4242";
  state.leases[2].more = 1;
  delete state.queue[0].queued_at;
  const { leases, entries, lost } = salvage(bytesOf(JSON.stringify(state)));
  assertEquals([leases.length, entries.length], [LEASES - 2, ENTRIES - 1]);
  assertEquals(lost.length, 3);
  assertStringIncludes(lost[0], '{"id":"abcdefghij-4"');
});

Deno.test("salvage() takes a record that is there twice once", () => {
  const state = JSON.parse(text(file()));
  state.leases.push(state.leases[0]);
  const { leases } = salvage(bytesOf(JSON.stringify(state)));
  assertEquals(leases.length, LEASES);
});

Deno.test("salvage() says of a file without anything that all is lost", () => {
  for (const bytes of [new Uint8Array(0), new Uint8Array(5000)]) {
    const { resources, leases, lost } = salvage(bytes);
    assertEquals([resources, leases.length], [undefined, 0]);
    assertEquals(lost.length, 1);
  }
  assertEquals(salvage(bytesOf("[]\n")).leases, []);
});

Deno.test("salvage() gets through a million beginnings of records", () => {
  for (const row of ['\n{"id":"', "\n{", '\n,{"a":{', '{"id":[']) {
    const bytes = bytesOf('{"version":5,"leases":[' + row.repeat(2 ** 20));
    assertEquals(salvage(bytes).leases, []);
  }
});

const seed = randomSeed();

Deno.test(`salvage() ends, and takes only what is right, whatever is in the file (RESLOCK_SEED=${seed})`, () => {
  const random = seededRandom(seed);
  const ids = new Set(salvage(file()).leases.map(({ id }) => id));
  for (let round = 0; round < 300; round++) {
    const bytes = file();
    for (let hit = random(20); hit >= 0; hit--) {
      const at = random(bytes.length);
      bytes.fill(random(256), at, at + 1 + random(100));
    }
    const { leases, lost } = salvage(bytes);
    assert(lost.length <= 51);
    const strange = leases.filter(({ id }) => !ids.has(id));
    // A hit may have changed a letter of an id or two.
    assert(strange.length < 20);
  }
});
