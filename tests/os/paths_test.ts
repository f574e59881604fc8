import { assert, assertEquals, assertThrows } from "@std/assert";
import { StateAccessError } from "../../lib/core/errors.ts";
import {
  choosePath,
  createFile,
  ensureSharedDirectory,
  ensureSideDirectory,
  isOfPool,
  sweepDrafts,
} from "../../lib/os/paths.ts";
import { setEnv } from "../support/fake_cards.ts";
import { Folder, runTool } from "../support/processes.ts";

const DAY_MS = 86_400_000;
const DRAFT = "reslock-0123456789.new";

Deno.test("sweepDrafts() removes what a pool had not yet put into place, and nothing else", async () => {
  using folder = new Folder();
  const state = `${folder.path}/pool.json`;
  const ours = [
    `pool.json.${DRAFT}`,
    `pool.json.journal.${DRAFT}`,
    `pool.json.capacities.json.${DRAFT}`,
  ];
  const theirs = [
    "settings.production.new",
    "pool.json.production.new",
    "pool.json.0123456789.new",
    `pool.json.${DRAFT}.bak`,
    `my_pool.json.${DRAFT}`,
    `pool.jsonc.${DRAFT}`,
    `.${DRAFT}`,
  ];
  for (const name of [...ours, ...theirs]) {
    Deno.writeTextFileSync(`${folder.path}/${name}`, "half");
  }
  const emptyDirectory = `pool.json.owners.${DRAFT}`;
  const fullDirectory = `pool.json.bells.${DRAFT}`;
  for (const name of [emptyDirectory, fullDirectory]) {
    Deno.mkdirSync(`${folder.path}/${name}`);
  }
  Deno.writeTextFileSync(`${folder.path}/${fullDirectory}/theirs`, "");
  const fifo = `pool.json.gpus.${DRAFT}`;
  await runTool("mkfifo", `${folder.path}/${fifo}`);
  const link = `pool.json.cores.${DRAFT}`;
  Deno.symlinkSync(theirs[0], `${folder.path}/${link}`);
  const stay = [...theirs, fullDirectory, fifo, link];
  const sweep = (wallMs: number) =>
    sweepDrafts(folder.path, (name) => isOfPool(state, name), wallMs);
  sweep(Date.now());
  assertEquals(
    folder.names(""),
    [...ours, emptyDirectory, ...stay].sort(),
    "somebody may be about to put them into place",
  );
  sweep(Date.now() + DAY_MS);
  assertEquals(folder.names(""), stay.sort());
});

Deno.test("isOfPool() keeps pools of one directory apart", () => {
  assert(!isOfPool("/pool/state.json", "state.jsonc"));
  assert(isOfPool("/pool/state.json", "capacities.json"));
  assert(!isOfPool("/pool/a.json", "capacities.json"));
});

for (const ensure of [ensureSharedDirectory, ensureSideDirectory]) {
  Deno.test(`${ensure.name}() shows a directory when all can use it, not before`, () => {
    using folder = new Folder();
    const path = `${folder.path}/directory`;
    const real = Deno.chmodSync;
    Deno.chmodSync = () => {
      throw new Error("Killed here");
    };
    try {
      assertThrows(() => ensure(path), StateAccessError, "Killed here");
    } finally {
      Deno.chmodSync = real;
    }
    assertEquals(folder.names(""), []);
    ensure(path);
    assertEquals(Deno.statSync(path).mode! & 0o7777, 0o1777);
    assertEquals(folder.names(""), ["directory"]);
  });

  Deno.test(`${ensure.name}() uses one that another makes at the same moment`, () => {
    using folder = new Folder();
    const path = `${folder.path}/directory`;
    const real = Deno.renameSync;
    Deno.renameSync = (from, to) => {
      Deno.mkdirSync(path, { mode: 0o700 });
      Deno.writeTextFileSync(`${path}/theirs`, "");
      real(from, to);
    };
    try {
      ensure(path);
    } finally {
      Deno.renameSync = real;
    }
    assertEquals(folder.names(""), ["directory"]);
    assertEquals(folder.names("directory"), ["theirs"]);
  });
}

Deno.test("createFile() is done though somebody swept its draft", () => {
  using folder = new Folder();
  const path = `${folder.path}/file`;
  const real = Deno.linkSync;
  Deno.linkSync = (from, to) => {
    real(from, to);
    Deno.removeSync(from);
  };
  try {
    assert(createFile(path, Uint8Array.of(0x20)));
  } finally {
    Deno.linkSync = real;
  }
  assertEquals(folder.names(""), ["file"]);
});

Deno.test("choosePath() takes the first place that is named or there", () => {
  using folder = new Folder();
  const system = `${folder.path}/system`;
  const chosen = (given?: string) => {
    const { path, rule } = choosePath(given, system);
    return `${rule} ${path}`;
  };
  using _home = setEnv({ HOME: "/home/ann", RESLOCK_DIR: "" });
  assertEquals(chosen(), "home /home/ann/.reslock/state.json");
  Deno.mkdirSync(system);
  assertEquals(chosen(), `system ${system}/state.json`);
  using _named = setEnv({ RESLOCK_DIR: "/named" });
  assertEquals(chosen(), "RESLOCK_DIR /named/state.json");
  assertEquals(chosen("/given"), "path /given");
});

// Two pools would hand out the same memory twice.
Deno.test("choosePath() passes over no directory that is there and cannot be looked at", () => {
  using folder = new Folder();
  using _home = setEnv({ HOME: "/home/ann", RESLOCK_DIR: "" });
  const system = `${folder.path}/system`;
  // The system cannot tell what is at the end of it.
  Deno.symlinkSync(system, system);
  assertEquals(choosePath(undefined, system).rule, "system");
});
