import { assertEquals } from "@std/assert";
import type { PoolState } from "../../lib/core/state.ts";
import { systemClock } from "../../lib/os/clock.ts";
import { FileStore } from "../../lib/store/file_store.ts";
import { StateFile } from "../../lib/store/state_file.ts";
import type { Observer } from "../../lib/store/store.ts";
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
