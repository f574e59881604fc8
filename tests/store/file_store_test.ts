import { assert, assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { StateAccessError } from "../../lib/core/errors.ts";
import { Image } from "../../lib/core/image.ts";
import type { PoolState } from "../../lib/core/state.ts";
import { createBell } from "../../lib/os/bell.ts";
import { type Clock, systemClock } from "../../lib/os/clock.ts";
import { FileStore } from "../../lib/store/file_store.ts";
import { StateFile } from "../../lib/store/state_file.ts";
import type { Observer } from "../../lib/store/store.ts";
import { Crash, CrashingDisk } from "../support/crashing_file.ts";
import { lease, waiter } from "../support/pools.ts";
import { Folder } from "../support/processes.ts";

function storeOf(folder: Folder, observer: Partial<Observer>): FileStore {
  return new FileStore({
    file: new StateFile(folder.state),
    bells: `${folder.state}.bells`,
    clock: systemClock,
    observer: {
      owner: undefined,
      prepare: () => {},
      observe: () => {},
      ...observer,
    },
    lockTimeoutMs: 5000,
  });
}

for (
  const [what, ask] of Object.entries({
    transact: (store: FileStore) =>
      store.transact((state) => state.setResource("asked", 1), {
        urgent: true,
      }),
    view: (store: FileStore) => store.view(() => {}),
  })
) {
  Deno.test(`FileStore begins a ${what}() that its observer asks for when it has been told`, async () => {
    using folder = new Folder();
    const told: string[] = [];
    let asked: Promise<unknown> | undefined;
    const observe = (state: PoolState) => {
      const names = () => [...state.resources.keys()].join();
      told.push(`begins with ${names()}`);
      asked ??= ask(store);
      told.push(`ends with ${names()}`);
    };
    const store = storeOf(folder, { observe });
    await store.transact((state) => state.setResource("first", 1));
    await asked;
    const then = what === "transact" ? "first,asked" : "first";
    assertEquals(told, [
      "begins with first",
      "ends with first",
      `begins with ${then}`,
      `ends with ${then}`,
    ]);
    store.close();
  });
}

const PATH = "/pool/state.json";

/** A store on files in memory. */
function storeIn(
  disk: CrashingDisk,
  { open = disk.open, bells = "/nowhere", ...clock }: {
    readonly open?: CrashingDisk["open"];
    readonly bells?: string;
  } & Partial<Clock> = {},
): FileStore {
  return new FileStore({
    file: new StateFile(PATH, open),
    bells,
    clock: { wallMs: () => 0, monotonicMs: () => 1000, ...clock },
    observer: { owner: undefined, prepare: () => {}, observe: () => {} },
    lockTimeoutMs: 5000,
  });
}

function newDisk(bytes = Image.empty()): CrashingDisk {
  const disk = new CrashingDisk();
  disk.put(PATH, bytes);
  disk.put(`${PATH}.journal`, new Uint8Array(16));
  return disk;
}

const namesIn = (state: PoolState) => [...state.resources.keys()];

/** A disk on which a write was cut off that only its journal tells of. */
async function unfinished(): Promise<CrashingDisk> {
  for (let crashAt = 1;; crashAt++) {
    const disk = newDisk();
    const store = storeIn(disk);
    disk.crashAt = crashAt;
    const long = "x".repeat(5000);
    await assertRejects(
      () =>
        store.transact((state) => {
          for (const name of ["a", "b"]) state.setResource(name + long, 1);
        }),
      Crash,
    );
    store.close();
    disk.crashAt = Infinity;
    if (disk.get(PATH)[0] === 0x21) return disk;
  }
}

Deno.test("FileStore.view() completes a write that was cut off", async () => {
  const disk = await unfinished();
  const store = storeIn(disk);
  assertEquals((await store.view(namesIn)).length, 2);
  assertEquals(disk.get(PATH)[0], 0x7b);
  store.close();
});

Deno.test("FileStore.view() reads a write that was cut off where it cannot complete it", async () => {
  for (
    const [what, failing] of Object.entries({
      "as others have it locked": { tryLock: (writes: boolean) => !writes },
      "as it may only look": {
        write: () => {
          throw new StateAccessError("not allowed", { path: PATH });
        },
      },
    })
  ) {
    const disk = await unfinished();
    const open = (path: string) => ({ ...disk.open(path), ...failing });
    let now = 0;
    const store = storeIn(disk, { open, monotonicMs: () => now += 6000 });
    assertEquals((await store.view(namesIn)).length, 2, what);
    assertEquals(disk.get(PATH)[0], 0x21, what);
    store.close();
  }
});

Deno.test("FileStore.view() tells of what else goes wrong as it completes a write", async () => {
  const disk = await unfinished();
  const store = storeIn(disk);
  disk.crashAt = disk.calls + 1;
  await assertRejects(() => store.view(namesIn), Crash);
  store.close();
});

Deno.test("FileStore lets a file rest that a Python client wrote, though nothing in it is its own", async () => {
  const native = newDisk();
  const text =
    '{"version": 5, "resources": {"slot": 1}, "leases": [], "queue": []}';
  const foreign = newDisk(new TextEncoder().encode(text));
  for (const [disk, rests] of [[native, false], [foreign, true]] as const) {
    using time = new FakeTime();
    const store = storeIn(disk, { monotonicMs: () => time.now });
    await store.transact((state) => {
      state.setResource("first", 1);
      time.tick(5);
    });
    let done = false;
    const next = store.transact((state) => state.setResource("second", 1))
      .then(() => done = true);
    await time.tickAsync(0);
    assertEquals(done, !rests);
    await time.tickAsync(10);
    assert(done);
    await next;
    store.close();
  }
});

Deno.test("FileStore rings who came to the front of the queue, unless it came just now", async () => {
  using folder = new Folder();
  const bells = `${folder.path}/bells`;
  const wallMs = Date.parse("2026-01-02T03:04:05.000Z");
  const names = [..."abcdefghij"];
  // The last but one came a moment ago, and the clock was put back since the last one.
  const ages = [...new Array(7).fill(60_000), 1000, -1000, 60_000];
  const waiters = names.map((name, at) => {
    const queued_at = new Date(wallMs - ages[at]).toISOString();
    return waiter(name, { slot: 1 }, { queued_at });
  });
  const store = storeIn(newDisk(), { bells, wallMs: () => wallMs });
  await store.transact((state) => {
    state.setResource("slot", 1);
    state.addLease(lease("held", { slot: 1 }));
    for (const entry of waiters) state.addEntry(entry);
  });
  for (const name of names) createBell(bells, name.padEnd(10, "0"));
  /** Who is rung when so many from the front of the queue leave. */
  const rungAsLeave = async (count: number) => {
    const paths = names.map((name) => `${bells}/${name.padEnd(10, "0")}`);
    for (const path of paths) Deno.utimeSync(path, 0, 0);
    await store.transact((state) => {
      for (const { entry } of state.waiters.slice(0, count)) {
        state.removeEntry(entry);
      }
    });
    return names.filter((_, at) => Deno.statSync(paths[at]).mtime!.getTime());
  };
  assertEquals(await rungAsLeave(1), ["g"]);
  assertEquals(await rungAsLeave(1), []);
  assertEquals(await rungAsLeave(2), ["i", "j"]);
  store.close();
});
