import { assert, assertEquals, assertThrows } from "@std/assert";
import { equalBytes } from "../../lib/core/bytes.ts";
import { decodeState } from "../../lib/core/codec.ts";
import { isAtomic } from "../../lib/core/edit.ts";
import { CorruptStateError } from "../../lib/core/errors.ts";
import { Image } from "../../lib/core/image.ts";
import type { EntryRecord, LeaseRecord } from "../../lib/core/model.ts";
import type { PoolState } from "../../lib/core/state.ts";
import { entryRecord, leaseRecord } from "../support/records.ts";
import { randomSeed, seededRandom } from "../support/random.ts";

/** A file that edits are applied to, as the store does. */
class FakeFile {
  bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes.slice();
  }

  write({ patches, length }: ReturnType<Image["commit"]>): void {
    if (length !== this.bytes.length) {
      const grown = new Uint8Array(length).fill(0x20);
      grown.set(this.bytes.subarray(0, length));
      this.bytes = grown;
    }
    for (const { offset, bytes } of patches) this.bytes.set(bytes, offset);
  }
}

function assertSame(file: FakeFile, state: PoolState): void {
  const text = new TextDecoder().decode(file.bytes);
  const { resources, leases, entries } = decodeState(text, "file");
  assertEquals(resources, state.resources);
  const byId = (a: { id: string }, b: { id: string }) => a.id < b.id ? -1 : 1;
  assertEquals(leases.toSorted(byId), [...state.leases].sort(byId));
  const waiters = state.waiters.map(({ entry }) => entry);
  assertEquals(entries.slice(0, waiters.length), waiters);
  assertEquals(
    entries.slice(waiters.length).toSorted(byId),
    [...state.work].sort(byId),
  );
}

type Random = (below: number) => number;

/** One random change, as transactions make them. */
function change(state: PoolState, random: Random, next: () => string): void {
  const pick = <T>(items: Iterable<T>): T | undefined => {
    const list = [...items];
    return list[random(list.length || 1)];
  };
  const label = ["x", "a longer label", "é…\u{1f642}", null][random(4)];
  const resources = new Map([["ram_mb", random(100_000)]]);
  switch (random(8)) {
    case 0:
    case 1:
      state.addLease(leaseRecord({ id: next(), label, resources }));
      break;
    case 2: {
      const lease = pick(state.leases);
      if (lease !== undefined) state.removeLease(lease);
      break;
    }
    case 3:
    case 4:
      state.addEntry(
        entryRecord({ id: next(), label, resources, priority: random(3) }),
      );
      break;
    case 5: {
      const waiter = pick(state.waiters);
      if (waiter === undefined) break;
      state.removeEntry(waiter.entry);
      state.addLease(leaseRecord({ id: waiter.id, label, resources }));
      if (random(2) === 0) {
        state.addEntry({ ...waiter.entry, lease_id: waiter.id });
      }
      break;
    }
    case 6: {
      const entry = pick(state.work);
      if (entry !== undefined) state.removeEntry(entry);
      break;
    }
    case 7:
      if (random(4) === 0) {
        state.setResource(`${"n".repeat(random(60) + 1)}`, random(9));
      } else {
        const lease = pick(state.leases);
        if (lease === undefined) break;
        state.replaceLease(lease, { label: "replaced".repeat(random(9)) });
      }
  }
}

const seed = randomSeed();
Deno.test(`Image.commit() and update() keep three readers of one file equal (RESLOCK_SEED=${seed})`, () => {
  const random = seededRandom(seed);
  let sequence = 0;
  const next = () => `abcdefghij-${sequence++}`;
  let inPlace = 0;
  for (let round = 0; round < 12; round++) {
    const file = new FakeFile(Image.empty());
    const images = [0, 1, 2].map(() => new Image(file.bytes, "file"));
    for (let step = 0; step < 250; step++) {
      const at = random(images.length);
      if (images[at].update(file.bytes)) inPlace++;
      else images[at] = new Image(file.bytes, "file");
      const image = images[at];
      assert(equalBytes(image.bytes, file.bytes));
      assertSame(file, image.state);
      // Few large states and many small ones: rounds differ in what they keep.
      for (let i = random(3); i >= 0; i--) change(image.state, random, next);
      if (round % 3 > 0 && image.state.leases.size > round * 4) {
        image.state.removeLease([...image.state.leases][0]);
      }
      file.write(image.commit());
      assert(equalBytes(image.bytes, file.bytes));
      assertSame(file, image.state);
    }
  }
  assert(inPlace > 2000, `only ${inPlace} of 3000 updates were in place`);
});

Deno.test("Image reads the layout of the Python package and replaces it", () => {
  const text = JSON.stringify(
    {
      version: 5,
      resources: { ram_mb: 5 },
      leases: [{ ...wire(leaseRecord({ id: "0123456789ab" })) }],
      queue: [{ ...wire(entryRecord({ id: "ba9876543210", priority: 1 })) }],
    },
    null,
    2,
  );
  const file = new FakeFile(new TextEncoder().encode(text));
  const image = new Image(file.bytes, "file");
  assert(image.foreign);
  assertEquals(image.state.leases.size, 1);
  image.state.addEntry(entryRecord({ id: "abcdefghij-4", priority: 7 }));
  file.write(image.commit());
  assert(!image.foreign);
  assertEquals(image.state.waiters.map((waiter) => waiter.priority), [7, 1]);
  assertSame(file, image.state);
});

Deno.test("Image.update() parses only the lines that another process changed", () => {
  const file = new FakeFile(Image.empty());
  const writer = new Image(file.bytes, "file");
  for (let i = 0; i < 100; i++) {
    writer.state.addLease(leaseRecord({ id: `abcdefghij-${i}` }));
  }
  file.write(writer.commit());
  const reader = new Image(file.bytes, "file");
  const before = new Set(reader.state.leases);
  writer.state.removeLease(writer.state.lease("abcdefghij-50")!);
  writer.state.addLease(leaseRecord({ id: "abcdefghij-200" }));
  file.write(writer.commit());
  assert(reader.update(file.bytes));
  const kept = [...reader.state.leases].filter((lease) => before.has(lease));
  assertEquals(kept.length, 99);
  assertSame(file, reader.state);
});

Deno.test("Image.commit() lays a file out smaller once most of it is free", () => {
  const file = new FakeFile(Image.empty());
  const image = new Image(file.bytes, "file");
  for (let i = 0; i < 1000; i++) {
    image.state.addLease(leaseRecord({ id: `abcdefghij-${i}` }));
  }
  file.write(image.commit());
  const large = file.bytes.length;
  for (const lease of [...image.state.leases].slice(10)) {
    image.state.removeLease(lease);
  }
  file.write(image.commit());
  assert(file.bytes.length < large / 10);
  assertSame(file, image.state);
});

Deno.test("Image.commit() writes one lease more within a page, unless room is short", () => {
  const image = new Image(Image.empty(), "file");
  const lease = leaseRecord({ id: "0123456789-4" });
  let pieces = 0;
  for (let i = 0; i < 300; i++) {
    image.state.addLease(leaseRecord({ id: `abcdefghij-${4 * i}` }));
    image.commit();
    image.state.addLease(lease);
    if (!isAtomic(image.commit())) pieces++;
    image.state.removeLease(lease);
    image.commit();
  }
  // A row is an eleventh of a page: placed anywhere, 27 of them would cross its end,
  // beside those for which the file has to grow.
  assert(pieces <= 15, `${pieces} of 300 were not`);
});

Deno.test("Image.update() refuses rows whose commas another process broke", () => {
  const image = () => {
    const image = new Image(Image.empty(), "file");
    for (let i = 0; i < 4; i++) {
      image.state.addLease(leaseRecord({ id: `abcdefghij-${4 * i}` }));
    }
    image.commit();
    return image;
  };
  const starts = [
    ...new TextDecoder().decode(image().bytes)
      .matchAll(/^[ ,](?=\{)/gm),
  ].map(({ index }) => index);
  for (const start of starts) {
    const bytes = image().bytes.slice();
    bytes[start] = bytes[start] === 0x20 ? 0x2c : 0x20;
    assert(!image().update(bytes));
    // The same where the line itself has gone.
    const gone = image().bytes.slice();
    gone.fill(0x20, start, gone.indexOf(0x0a, start));
    assertEquals(image().update(gone), start !== starts[0]);
  }
});

for (
  const [what, bytes] of [
    ["an empty file", ""],
    ["half a file", new TextDecoder().decode(Image.empty()).slice(0, 40)],
    ["a list", "[]"],
    ["a mark of byte order", "\ufeff" + '{"version":5}'],
    ["a zero byte", '{"version":5}\0'],
    ["rows without a comma", twoRows().replace(",{", " {")],
    ["a row that is not a lease", twoRows().replace('"pid":', '"pit":')],
  ]
) {
  Deno.test(`Image refuses ${what}`, () => {
    assertThrows(
      () => new Image(new TextEncoder().encode(bytes), "/pool/state.json"),
      CorruptStateError,
      "/pool/state.json",
    );
  });
}

function twoRows(): string {
  const image = new Image(Image.empty(), "file");
  image.state.addLease(leaseRecord({ id: "abcdefghij-0" }));
  image.state.addLease(leaseRecord({ id: "abcdefghij-4" }));
  image.commit();
  return new TextDecoder().decode(image.bytes);
}

function wire(record: LeaseRecord | EntryRecord): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [
      name,
      value instanceof Map ? Object.fromEntries(value) : value,
    ]),
  );
}
