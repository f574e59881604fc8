import { assertEquals, assertThrows } from "@std/assert";
import {
  filesOf,
  guardPath,
  isOwnersFile,
  makeGuard,
  OwnerLock,
  ownerPath,
  probeLock,
  sweepOwners,
} from "../../lib/os/owner_lock.ts";
import { ours } from "../support/pools.ts";
import { Folder } from "../support/processes.ts";

const DEAD = "dead000000";
const OTHER = "other00000";
const LEASE = ours("dead");
const GUARD = `${LEASE}.c`;
/** Long after everything here was made. */
const LATER = () => Date.now() + 120_000;

function ownersOf(folder: Folder, ...names: string[]): string {
  const owners = `${folder.path}/owners`;
  Deno.mkdirSync(owners, { recursive: true });
  for (const name of names) Deno.writeTextFileSync(`${owners}/${name}`, "");
  return owners;
}

/** Sweeps, and what was removed beside the owners' files. */
async function sweep(
  owners: string,
  { wallMs = LATER(), standing = [], during = () => {} }: {
    readonly wallMs?: number;
    readonly standing?: readonly string[];
    readonly during?: () => void;
  } = {},
): Promise<string[]> {
  const sides: string[] = [];
  await sweepOwners(owners, {
    wallMs,
    standing: () => {
      during();
      return Promise.resolve(standing);
    },
    removeSide: (owner) => void sides.push(owner),
  });
  return sides;
}

Deno.test("OwnerLock is seen by others until its end", () => {
  using folder = new Folder();
  const owners = ownersOf(folder);
  const lock = OwnerLock.create(owners);
  const path = ownerPath(owners, lock.name);
  assertEquals(probeLock(path), "held");
  lock.abandon();
  // Others' entries are nobody's now: the file is the proof.
  assertEquals(probeLock(path), "free");
  const other = OwnerLock.create(owners);
  other.close();
  assertEquals(probeLock(ownerPath(owners, other.name)), "unknown");
});

Deno.test("probeLock() takes nobody who probes as well for an owner", () => {
  using folder = new Folder();
  const owners = ownersOf(folder, DEAD);
  using other = Deno.openSync(ownerPath(owners, DEAD));
  other.lockSync(false);
  assertEquals(probeLock(ownerPath(owners, DEAD)), "free");
  // A guard is held shared, by each of its commands.
  const options = { exclusive: true };
  assertEquals(probeLock(ownerPath(owners, DEAD), options), "held");
});

Deno.test("sweepOwners() removes files that are nobody's, a minute after they were made", async () => {
  using folder = new Folder();
  const owners = ownersOf(folder, DEAD, OTHER, GUARD, "notes.txt");
  const living = OwnerLock.create(owners);
  const all = folder.names("owners");
  assertEquals(await sweep(owners, { wallMs: Date.now() }), []);
  assertEquals(folder.names("owners"), all);
  // What an entry or lease needs its files for, they stay for.
  assertEquals(await sweep(owners, { standing: [LEASE] }), [OTHER]);
  assertEquals(
    folder.names("owners"),
    all.filter((name) => name !== OTHER),
  );
  assertEquals(await sweep(owners), [DEAD]);
  assertEquals(folder.names("owners"), [living.name, "notes.txt"].sort());
  living.close();
});

Deno.test("sweepOwners() leaves one that was locked meanwhile", async () => {
  using folder = new Folder();
  const owners = ownersOf(folder, DEAD);
  using file = Deno.openSync(ownerPath(owners, DEAD));
  const during = () => file.lockSync(true);
  assertEquals(await sweep(owners, { during }), []);
  assertEquals(folder.names("owners"), [DEAD]);
});

Deno.test("sweepOwners() leaves one that took the place of what it has locked", async () => {
  using folder = new Folder();
  const owners = ownersOf(folder, DEAD);
  const path = ownerPath(owners, DEAD);
  const real = Deno.FsFile.prototype.tryLockSync;
  Deno.FsFile.prototype.tryLockSync = function (exclusive) {
    // Just before it has the lock another one sweeps, and a new file comes.
    if (exclusive) {
      Deno.removeSync(path);
      Deno.writeTextFileSync(path, "new");
    }
    return real.call(this, exclusive);
  };
  try {
    assertEquals(await sweep(owners), []);
  } finally {
    Deno.FsFile.prototype.tryLockSync = real;
  }
  assertEquals(Deno.readTextFileSync(path), "new");
});

Deno.test("makeGuard() makes a guard young again for the next command", () => {
  using folder = new Folder();
  const owners = ownersOf(folder, DEAD);
  const path = makeGuard(owners, LEASE);
  assertEquals(path, guardPath(owners, LEASE));
  Deno.utimeSync(path, 0, 0);
  makeGuard(owners, LEASE);
  assertEquals(
    Date.now() - Deno.statSync(path).mtime!.getTime() < 60_000,
    true,
  );
  Deno.removeSync(path);
  Deno.symlinkSync(ownerPath(owners, DEAD), path);
  assertThrows(() => makeGuard(owners, LEASE), Error, "somebody else's");
});

Deno.test("filesOf() and isOwnersFile() agree", () => {
  assertEquals(filesOf(LEASE), [DEAD, GUARD]);
  assertEquals(filesOf("0123456789ab"), []);
  assertEquals([...filesOf(LEASE), "notes.txt", "a.c"].map(isOwnersFile), [
    ...[true, true],
    ...[false, false],
  ]);
});
