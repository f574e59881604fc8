/**
 * The layers of the code are those that `lib/README.md` shows, each file says what
 * it is for, and each has a test.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { ROOT } from "./support/deno.ts";

/** From the lowest; a folder stands for all that is in it. */
const TIERS: readonly (readonly string[])[] = [
  ["lib/core/"],
  ["lib/os/"],
  ["lib/births.ts", "lib/capacities.ts", "lib/history.ts"],
  ["lib/mounts.ts", "lib/outlook.ts", "lib/place.ts", "lib/usage.ts"],
  ["lib/looks.ts"],
  ["lib/outside.ts"],
  ["lib/liveness.ts"],
  ["lib/store/"],
  ["lib/status.ts"],
  ["lib/lookout.ts"],
  ["lib/lease/"],
  ["lib/session/"],
  ["lib/pool/"],
  ["lib/doctor/"],
  ["lib/doctor.ts", "lib/machine.ts"],
  ["mod.ts"],
  ["lib/cli/"],
  ["cli.ts"],
];

/** Tests that call files which have none of their own name. */
const ALSO_TESTED: Readonly<Record<string, readonly string[]>> = {
  "tests/core/card_choice_test.ts": ["core/aim"],
  "tests/core/codec_test.ts": ["core/model", "core/errors"],
  "tests/core/explain_test.ts": ["core/coming_back", "core/explanation"],
  "tests/core/image_test.ts": ["core/bytes", "core/layout", "core/section"],
  "tests/core/operations_test.ts": ["core/marks"],
  "tests/core/reclaim_test.ts": ["core/least_loss"],
  "tests/core/scheduler_test.ts": ["core/ledger"],
  "tests/faults/own_test.ts": ["session/sweep"],
  "tests/os/gpu/nvidia_test.ts": ["os/gpu/error", "os/gpu/source"],
  "tests/doctor/place_test.ts": ["doctor/check"],
  "tests/process/doctor_test.ts": [
    ...["doctor", "doctor/practice", "doctor/recovery", "doctor/system"],
    "cli/doctor",
  ],
  "tests/pool_test.ts": [
    ...["lease/host", "os/clock", "pool/options", "pool/pool"],
    ...["session/drafter", "session/duty", "session/session", "status"],
    ...["pool/beside", "pool/looking", "pool/steering", "store/store"],
  ],
  "tests/process/file_systems_test.ts": ["place"],
  "tests/process/driver_check_test.ts": ["looks", "os/driver", "outside"],
  "tests/process/handoff_test.ts": ["session/waker"],
  "tests/process/permissions_test.ts": ["machine", "os/permissions"],
  "tests/process/users_test.ts": ["os/file"],
  "tests/cli/bad_input_test.ts": ["cli/exit_codes"],
  "tests/cli/commands_test.ts": [
    ...["cli/context", "cli/detect", "cli/init", "cli/list", "cli/pool"],
    ...["cli/others", "cli/release", "cli/reset", "cli/schema", "cli/set"],
    ...["cli/status", "cli/surroundings", "cli/unset"],
  ],
  "tests/cli/process_test.ts": ["cli/system_directory"],
  "tests/cli/follow_test.ts": ["cli/ending", "cli/wait", "cli/watch"],
  "tests/cli/orphans_test.ts": ["cli/render_orphans"],
  "tests/cli/run_cards_test.ts": ["cli/run/known_gpus", "cli/run/masked"],
  "tests/cli/run/waiting_test.ts": ["cli/run/waiting_line"],
  "tests/cli/run_pin_test.ts": ["cli/run/pin"],
  "tests/cli/top/top_test.ts": [
    ...["cli/top", "cli/top/frame", "cli/top/keys", "cli/top/model"],
    "cli/top/view",
  ],
  "tests/cli/render_pool_test.ts": [
    ...["cli/render", "cli/render_leases", "cli/render_queue"],
    ...["cli/render_outside", "cli/render_resources"],
  ],
  "tests/cli/run_test.ts": [
    ...["cli/run/asking", "cli/run/later", "cli/run/standing"],
  ],
  "tests/cli/steer_test.ts": [
    ...["cli/cancel", "cli/priority", "cli/reclaim", "cli/why"],
  ],
  "tests/cli/schema_view_test.ts": ["cli/formats", "cli/json"],
};

/** What is not in a pure file, and what it would make the outcome depend on. */
const IMPURE = [
  /\bDeno\b/, // the machine
  /\b(?:performance|setTimeout|setInterval)\b/, // the time
  /\bDate\.now\b|\bnew Date\(\)/,
  /\b(?:Math\.random|crypto)\b/, // chance
  /\b(?:console|fetch|globalThis|process)\b/, // the world
];

function filesBelow(folder: string): string[] {
  const files: string[] = [];
  for (const { name, isDirectory } of Deno.readDirSync(`${ROOT}${folder}`)) {
    const path = `${folder}${name}`;
    if (isDirectory) files.push(...filesBelow(`${path}/`));
    else if (name.endsWith(".ts")) files.push(path);
  }
  return files.sort();
}

const LIB = filesBelow("lib/");
const FILES = [...LIB, "mod.ts", "cli.ts"];

function read(file: string): string {
  return Deno.readTextFileSync(`${ROOT}${file}`);
}

/** A file without its comments: examples import what the file itself does not. */
function codeOf(file: string): string {
  return read(file).replaceAll(/\/\*[^]*?\*\//g, "")
    .replaceAll(/(?<=^|\s)\/\/.*$/gm, "");
}

/** What a file imports; files by their path from the repository's folder. */
function importsOf(file: string, options: { late: boolean }): string[] {
  const fixed = /^(?:import|export)\b(?:[^;"]*\bfrom)?\s*"([^"]+)"/gm;
  const late = /\bimport\(\s*"([^"]+)"/g;
  const code = codeOf(file);
  const found = [...code.matchAll(fixed)];
  if (options.late) found.push(...code.matchAll(late));
  return found.map(([, specifier]) => pathOf(specifier, file));
}

/** What a file means by a specifier: a path from the repository's folder, or a package. */
function pathOf(specifier: string, file: string): string {
  return /^\.\.?\//.test(specifier)
    ? new URL(specifier, `file:///${file}`).pathname.slice(1)
    : specifier;
}

/** What a file imports at once, without what it needs for types alone. */
function loadedBy(file: string): string[] {
  const types = /^(?:import|export) type\b[^;"]*"([^"]+)"/gm;
  const unloaded = new Set(
    [...codeOf(file).matchAll(types)].map(([, name]) => pathOf(name, file)),
  );
  return importsOf(file, { late: false }).filter((name) => !unloaded.has(name));
}

/** All that is loaded with a file, itself included, and packages. */
function loadedWith(file: string, loaded = new Set<string>()): Set<string> {
  if (loaded.has(file)) return loaded;
  loaded.add(file);
  if (!isOwn(file)) return loaded;
  for (const imported of loadedBy(file)) loadedWith(imported, loaded);
  return loaded;
}

/** All that a file imports, at once or later. */
function allImportsOf(file: string): string[] {
  return importsOf(file, { late: true });
}

function tierOf(file: string): number {
  return TIERS.findIndex((tier) =>
    tier.some((part) =>
      part.endsWith("/") ? file.startsWith(part) : file === part
    )
  );
}

/** Of the repository, and not of a package or of Deno. */
function isOwn(specifier: string): boolean {
  return /^(?:lib\/|mod\.ts$|cli\.ts$)/.test(specifier);
}

Deno.test("allImportsOf() finds every form of import, and none in comments", () => {
  assert(allImportsOf("lib/pool/pool.ts").includes("lib/pool/beside.ts"));
  assert(allImportsOf("mod.ts").includes("lib/lease/lease.ts"));
  assert(allImportsOf("lib/cli/commands.ts").includes("lib/cli/run.ts"));
  assert(allImportsOf("cli.ts").includes("@cliffy/command"));
  assertEquals(allImportsOf("mod.ts").filter((name) => !isOwn(name)), []);
});

Deno.test("every file stands in one tier and imports lower ones, or its own folder", () => {
  const wrong: string[] = [];
  for (const file of FILES) {
    const tier = tierOf(file);
    if (tier < 0) wrong.push(`${file} stands in no tier`);
    for (const imported of allImportsOf(file).filter(isOwn)) {
      const other = tierOf(imported);
      const shares = other === tier && TIERS[tier][0].endsWith("/");
      if (other >= tier && !shares) wrong.push(`${file} imports ${imported}`);
    }
  }
  assertEquals(wrong, []);
});

Deno.test("no file imports itself by way of others", () => {
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]) => {
    assert(!path.includes(file), [...path, file].join(" imports "));
    if (done.has(file)) return;
    // What is loaded later finds everything else complete.
    for (const imported of importsOf(file, { late: false }).filter(isOwn)) {
      walk(imported, [...path, file]);
    }
    done.add(file);
  };
  for (const file of FILES) walk(file, []);
});

Deno.test("the command line sees the pool through mod.ts alone", () => {
  for (const file of LIB.filter((file) => file.startsWith("lib/cli/"))) {
    for (const imported of allImportsOf(file).filter(isOwn)) {
      assertMatch(imported, /^(?:mod\.ts$|lib\/cli\/)/, file);
    }
  }
});

Deno.test("only the command line imports packages, and only by their bare names", () => {
  for (const file of FILES) {
    const isCommandLine = file === "cli.ts" || file.startsWith("lib/cli/");
    const packages = allImportsOf(file).filter((name) =>
      !isOwn(name) && name !== "deno.json" && !name.startsWith("node:")
    );
    if (!isCommandLine) assertEquals(packages, [], file);
    for (const name of packages) assertMatch(name, /^@(?:cliffy|std)\//, file);
  }
});

Deno.test("a program that takes a lease loads nothing that it does not need", () => {
  const loaded = [...loadedWith("mod.ts")];
  for (const needed of ["lib/core/scheduler.ts", "lib/session/waker.ts"]) {
    assert(loaded.includes(needed), needed);
  }
  const superfluous = [
    /^lib\/core\/(?:cards|driver_notes|events|explain|forecast|operations)/,
    /^lib\/os\/(?:detection|driver|gpu|process_table|shared_driver)\b/,
    /^lib\/(?:capacities|mounts|outlook|status|usage)\.ts$/,
    /^lib\/pool\/(?:dry_run|looking|steering|watching)\.ts$/,
    /^lib\/doctor\//,
  ];
  // All but the error of a broken driver, which programs may want to tell apart.
  const found = loaded.filter((file) =>
    file !== "lib/os/gpu/error.ts" &&
    superfluous.some((pattern) => pattern.test(file))
  );
  assertEquals(found, []);
});

Deno.test("run and status load no other command, and no cliffy", () => {
  for (const name of ["run", "status"]) {
    const loaded = loadedWith(`lib/cli/${name}.ts`);
    assert(loaded.has("lib/cli/pool.ts"));
    assertEquals(loaded.has("@cliffy/command"), false, name);
    assertEquals(loaded.has("lib/cli/others.ts"), false, name);
  }
  assert(loadedWith("lib/cli/list.ts").has("@cliffy/command"));
});

Deno.test("lib/core/ is pure", () => {
  for (const file of LIB.filter((file) => file.startsWith("lib/core/"))) {
    const foreign = allImportsOf(file).filter((name) =>
      !name.startsWith("lib/core/")
    );
    assertEquals(foreign, [], file);
    const code = codeOf(file);
    for (const word of IMPURE) {
      assertEquals(word.exec(code)?.[0], undefined, file);
    }
  }
});

Deno.test("every file opens by saying what it is for", () => {
  // A comment before any code, whose last line is `@module`.
  const opening = /^\/\*\*\n \* \S(?:(?!\*\/)[^])*\n \* @module\n \*\//;
  assertEquals(FILES.filter((file) => !opening.test(read(file))), []);
});

Deno.test("every file of lib/ has a test of its name, or is named above", () => {
  const tests = filesBelow("tests/");
  const tested = Object.values(ALSO_TESTED).flat().map((name) =>
    `lib/${name}.ts`
  );
  const hasOwn = (file: string) =>
    tests.includes(file.replace("lib/", "tests/").replace(".ts", "_test.ts"));
  const lacking = LIB.filter((file) => !tested.includes(file) && !hasOwn(file));
  assertEquals(lacking, []);
  assertEquals(tested.filter(hasOwn), [], "need not be named any more");
  assertEquals(tested.filter((file) => !LIB.includes(file)), []);
  const gone = Object.keys(ALSO_TESTED).filter((file) => !tests.includes(file));
  assertEquals(gone, []);
});

Deno.test("lib/README.md names every part of every tier", () => {
  const [, table = ""] = read("lib/README.md").split("\n## Layers\n");
  const rows = table.split("\n## ")[0].split("\n")
    .filter((line) => line.startsWith("| `"));
  const named = rows.map((row) =>
    [...row.split("|")[1].matchAll(/`([^`]+)`/g)].map(([, name]) => name).sort()
  );
  const shown = TIERS.toReversed().map((tier) =>
    tier.map((part) => part.endsWith("/") ? part : part.replace("lib/", ""))
  );
  assertEquals(named, shown);
});
