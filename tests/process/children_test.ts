/**
 * Locks of a program whose other threads start children: from its fork until it has
 * become another program, a child has all files of the program open, and their locks.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { OwnerLock, ownerPath, probeLock } from "../../lib/os/owner_lock.ts";
import { StateFile } from "../../lib/store/state_file.ts";
import { Folder } from "../support/processes.ts";

Deno.test("locks fall at once, also while another thread starts children", async () => {
  using folder = new Folder();
  const owners = `${folder.state}.owners`;
  const url = new URL("../support/child_starter.ts", import.meta.url);
  const starter = new Worker(url, { type: "module" });
  let isEnough = false;
  starter.onmessage = () => isEnough = true;
  try {
    const stayed = { owner: 0, probe: 0, state: 0 };
    while (!isEnough) {
      const lock = OwnerLock.create(owners);
      lock.abandon();
      const path = ownerPath(owners, lock.name);
      const options = { exclusive: true };
      if (probeLock(path, options) !== "free") stayed.owner++;
      // That probe had the lock itself.
      if (probeLock(path, options) !== "free") stayed.probe++;
      Deno.removeSync(path);
      {
        using file = new StateFile(folder.state);
        file.tryLock(true, {});
      }
      using file = new StateFile(folder.state);
      if (!file.tryLock(true, {})) stayed.state++;
      // The thread says that it is enough between two rounds.
      await new Promise((resolve) => setTimeout(resolve));
    }
    assertEquals(stayed, { owner: 0, probe: 0, state: 0 });
  } finally {
    starter.terminate();
  }
});
