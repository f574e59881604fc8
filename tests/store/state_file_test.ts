import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeState } from "../../lib/core/codec.ts";
import { CorruptStateError, StateAccessError } from "../../lib/core/errors.ts";
import { encodeJournal } from "../../lib/core/journal.ts";
import { type Edit, isAtomic } from "../../lib/core/edit.ts";
import { Image } from "../../lib/core/image.ts";
import type { PoolState } from "../../lib/core/state.ts";
import { StateFile } from "../../lib/store/state_file.ts";
import { Crash, CrashingDisk } from "../support/crashing_file.ts";
import { leaseRecord } from "../support/records.ts";

const PATH = "/pool/state.json";
const JOURNAL = `${PATH}.journal`;

function addLeases(state: PoolState, count: number, label: string): void {
  for (let i = 0; i < count; i++) {
    state.addLease(leaseRecord({ id: `abcdefghij-${label}${4 * i}`, label }));
  }
}

/** A disk with a pool of some leases, and the edit that changes it. */
function scene(
  before: (state: PoolState) => void,
  change: (state: PoolState) => void,
) {
  const image = new Image(Image.empty(), PATH);
  before(image.state);
  image.commit();
  const disk = new CrashingDisk();
  disk.put(PATH, image.bytes);
  disk.put(JOURNAL, new Uint8Array(16));
  change(image.state);
  const edit = image.commit();
  return {
    disk,
    edit,
    old: meaning(disk.get(PATH)),
    new: meaning(image.bytes),
  };
}

/** What a file says, whatever its layout. */
function meaning(bytes: Uint8Array): string {
  const { leases } = decodeState(new TextDecoder().decode(bytes), PATH);
  return leases.map(({ id, label }) => `${id} ${label}`).sort().join();
}

function write(disk: CrashingDisk, edit: Edit): void {
  using file = new StateFile(PATH, disk.open);
  file.tryLock(true, {});
  file.read(true);
  file.write(edit);
}

function read(disk: CrashingDisk, exclusive: boolean): string {
  using file = new StateFile(PATH, disk.open);
  file.tryLock(exclusive, {});
  return meaning(file.read(exclusive));
}

const removeFirst = (state: PoolState) =>
  state.removeLease([...state.leases][0]);

const scenes = {
  "one row within a page": scene(
    (state) => addLeases(state, 3, "1"),
    (state) => addLeases(state, 1, "2"),
  ),
  "rows in several pages": scene(
    (state) => addLeases(state, 60, "1"),
    (state) => {
      for (const lease of [...state.leases]) {
        if (Number(lease.id.slice(-1)) % 4 === 0) {
          state.replaceLease(lease, { label: "2" });
        }
      }
    },
  ),
  "a file that grows": scene(
    (state) => addLeases(state, 3, "1"),
    (state) => addLeases(state, 80, "2"),
  ),
  "a file that becomes smaller": scene(
    (state) => addLeases(state, 400, "1"),
    (state) => {
      for (const lease of [...state.leases].slice(5)) state.removeLease(lease);
    },
  ),
  "the first of many rows": scene(
    (state) => addLeases(state, 60, "1"),
    removeFirst,
  ),
};

for (const [what, { disk, edit, ...states }] of Object.entries(scenes)) {
  Deno.test(`StateFile.write() killed anywhere leaves the state before or after: ${what}`, () => {
    const atomic = isAtomic(edit) && edit.length === disk.get(PATH).length;
    const whole = disk.copy();
    write(whole, edit);
    assertEquals(read(whole, true), states.new);
    assert(whole.calls >= 1);
    const seen = new Set<string>();
    for (let call = 1; call <= whole.calls; call++) {
      for (const arrives of [0, 0.01, 0.3, 0.5, 0.99]) {
        // One write within a page is all there or not: the system's promise.
        if (atomic && arrives > 0) continue;
        const torn = disk.copy();
        torn.crashAt = call;
        torn.arrives = arrives;
        assertThrows(() => write(torn, edit), Crash);
        const looked = read(torn.copy(), false);
        const repaired = read(torn, true);
        assertEquals(looked, repaired, `call ${call}, ${arrives} of it`);
        assert(
          repaired === states.old || repaired === states.new,
          `call ${call}, ${arrives} of it: a third state`,
        );
        assertEquals(torn.get(PATH)[0], 0x7b);
        seen.add(repaired);
      }
    }
    // A test that only ever saw one of them would prove nothing.
    assertEquals(seen.size, atomic ? 1 : 2);
  });
}

/** Two changes of a few bytes, in two pages: short enough for each byte to be the last. */
function shortEdit() {
  const made = scene(
    (state) => addLeases(state, 24, "1"),
    (state) => {
      for (const id of ["abcdefghij-10", "abcdefghij-192"]) {
        state.replaceLease(state.lease(id)!, { label: "2" });
      }
    },
  );
  assert(!isAtomic(made.edit));
  return made;
}

Deno.test("StateFile.write() cut off at any byte leaves the state before or after", () => {
  const { disk, edit, ...states } = shortEdit();
  const whole = disk.copy();
  write(whole, edit);
  const seen = new Set<string>();
  let offsets = 0;
  for (let call = 1; call <= whole.calls; call++) {
    for (let byte = 0;; byte++) {
      const torn = disk.copy();
      torn.crashAt = call;
      torn.arrivingBytes = byte;
      assertThrows(() => write(torn, edit), Crash);
      const repaired = read(torn, true);
      assert(
        repaired === states.old || repaired === states.new,
        `call ${call}, ${byte} bytes of it: a third state`,
      );
      seen.add(repaired);
      offsets++;
      if (byte >= torn.bytesOfCrash) break;
    }
  }
  assertEquals(seen.size, 2);
  assert(offsets > 1000, `only ${offsets} offsets`);
});

Deno.test("StateFile.read() refuses a mark beside a journal that was cut off at any byte", () => {
  const { disk, edit, ...states } = shortEdit();
  const whole = disk.copy();
  write(whole, edit);
  const journal = whole.get(JOURNAL);
  const marked = disk.get(PATH);
  marked[0] = 0x21;
  const { length } = encodeJournal(edit);
  for (let bytes = 0; bytes <= length; bytes++) {
    const torn = new CrashingDisk();
    torn.put(PATH, marked);
    torn.put(JOURNAL, journal.slice(0, bytes));
    if (bytes === length) assertEquals(read(torn, true), states.new);
    else assertThrows(() => read(torn, true), CorruptStateError, JOURNAL);
  }
});

Deno.test("StateFile.read() survives a repair that is killed, too", () => {
  const { disk, edit, new: after } = scenes["rows in several pages"];
  const torn = disk.copy();
  torn.crashAt = 4;
  torn.arrives = 0.5;
  assertThrows(() => write(torn, edit), Crash);
  for (let call = 1; call < 40; call++) {
    torn.calls = 0;
    torn.crashAt = call;
    try {
      assertEquals(read(torn, true), after);
      return;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
  }
  throw new Error("The repair never came to its end");
});

Deno.test("StateFile.read() ignores a journal beside a state without the mark", () => {
  const { disk, edit } = scenes["rows in several pages"];
  const used = disk.copy();
  write(used, edit);
  const later = new TextEncoder().encode('{"version":5}');
  used.put(PATH, later);
  assertEquals(read(used, true), "");
  assertEquals(used.get(PATH), later);
});

Deno.test("StateFile.write() takes white space before another client's brace away", () => {
  const disk = new CrashingDisk();
  const text = '\n{"version":5}'.padEnd(4096);
  disk.put(PATH, new TextEncoder().encode(text));
  const image = new Image(disk.get(PATH), PATH);
  addLeases(image.state, 1, "1");
  const edit = image.commit();
  assert(isAtomic(edit) && edit.length === text.length);
  disk.put(JOURNAL, new Uint8Array(16));
  write(disk, edit);
  assertEquals(read(disk, true), "abcdefghij-10 1");
});

for (const journal of [new Uint8Array(0), new Uint8Array(4096).fill(7)]) {
  Deno.test(`StateFile.read() refuses a mark beside a journal of ${journal.length} bytes that is not whole`, () => {
    const disk = new CrashingDisk();
    const marked = Image.empty();
    marked[0] = 0x21;
    disk.put(PATH, marked);
    disk.put(JOURNAL, journal);
    for (const exclusive of [true, false]) {
      assertThrows(() => read(disk, exclusive), CorruptStateError, JOURNAL);
    }
    assertEquals(disk.get(PATH), marked);
  });
}

Deno.test("StateFile.write() refuses what is too long, and nothing that is no longer than before", () => {
  const { disk, edit, ...states } = scenes["a file that grows"];
  const write = (limit: number, disk: CrashingDisk) => {
    using file = new StateFile(PATH, disk.open);
    file.tryLock(true, {});
    file.read(true);
    file.write(edit, limit);
  };
  const refusing = disk.copy();
  const error = assertThrows(
    () => write(edit.length - 1, refusing),
    StateAccessError,
  );
  assert(error.message.includes(`${edit.length - 1} are the limit`));
  assertEquals(read(refusing, true), states.old);
  const full = disk.copy();
  write(edit.length, full);
  assertEquals(read(full, true), states.new);
  write(0, full);
});

Deno.test("StateFile.read() refuses a file of more than 16 MiB", () => {
  const disk = new CrashingDisk();
  disk.put(PATH, new Uint8Array(16 * 1024 * 1024 + 1));
  assertThrows(() => read(disk, true), CorruptStateError, "16777216");
});
