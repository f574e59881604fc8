import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkFiles } from "../../lib/doctor/files.ts";
import type { FileFacts } from "../../lib/doctor/system.ts";
import { facts, folder, said, STATE, system } from "./made_up_system.ts";

type Files = Readonly<Record<string, FileFacts | "denied">>;

const SOUND: Files = {
  "/pool": folder(),
  [STATE]: facts(),
  [`${STATE}.owners`]: folder(),
  [`${STATE}.bells`]: folder(),
  [`${STATE}.journal`]: facts(),
  "/pool/capacities.json": facts(),
};

function check(changes: Files, more: Parameters<typeof system>[0] = {}) {
  return checkFiles(system({ ...more, files: { ...SOUND, ...changes } }));
}

Deno.test("checkFiles() has nothing against a pool of everyone's, of some, or of none yet", () => {
  assertEquals(said(check({})), ["ok: All users can use them (mode 1777)"]);
  const own = {
    "/pool": folder({ mode: 0o700 }),
    [STATE]: facts({ mode: 0o600 }),
  };
  assertEquals(said(check(own, { uid: 0 })), [
    "ok: Only some users can use them (mode 700)",
  ]);
  assertEquals(checkFiles(system({ files: {} })).map(({ level }) => level), [
    "ok",
  ]);
});

Deno.test("checkFiles() finds modes that keep users out, and says what sets them", () => {
  const cases: [path: string, FileFacts, wanted: number][] = [
    [STATE, facts({ mode: 0o644 }), 0o666],
    [`${STATE}.journal`, facts({ mode: 0o600 }), 0o666],
    [`${STATE}.owners`, folder({ mode: 0o755 }), 0o1777],
    [`${STATE}.bells`, folder({ mode: 0o777 }), 0o1777],
    ["/pool/capacities.json", facts({ mode: 0o644 }), 0o666],
  ];
  for (const [path, changed, mode] of cases) {
    const [finding, ...others] = check({ [path]: changed });
    assertEquals(others, []);
    assertEquals(finding.level, "problem", path);
    assertStringIncludes(finding.advice, `chmod ${mode.toString(8)} ${path}`);
    assertEquals(finding.fixes, [{ kind: "mode", path, mode }]);
  }
});

Deno.test("checkFiles() finds a pool of the machine that others cannot use", () => {
  const chosen = { path: STATE, rule: "system" } as const;
  const [closed] = check({ "/pool": folder({ mode: 0o755 }) }, { chosen });
  assertEquals(closed.level, "problem");
  assertEquals(closed.fixes, [{ kind: "mode", path: "/pool", mode: 0o1777 }]);
  for (const path of ["/pool", `${STATE}.owners`, `${STATE}.bells`]) {
    const [owned] = check({ [path]: folder({ uid: 1001 }) }, { chosen });
    assertEquals(owned.level, "warning");
    assertStringIncludes(owned.message, `"${path}" belongs to user 1001`);
  }
});

Deno.test("checkFiles() warns where everybody can remove the files of others", () => {
  const [finding] = check({ "/pool": folder({ mode: 0o777 }) });
  assertEquals(finding.level, "warning");
  assertEquals(finding.fixes, [{ kind: "mode", path: "/pool", mode: 0o1777 }]);
});

Deno.test("checkFiles() names what is not a file, and touches none of it", () => {
  for (const kind of ["directory", "link", "other"] as const) {
    const [finding] = check({ [STATE]: facts({ kind }) });
    assertEquals([finding.level, finding.fixes], ["problem", []]);
  }
  const [owners] = check({ [`${STATE}.owners`]: facts({ kind: "link" }) });
  assertEquals([owners.level, owners.fixes], ["problem", []]);
  const [place] = check({ "/pool": facts() });
  assertEquals(place.level, "problem");
});

Deno.test("checkFiles() finds a state file that this user may only read, or not see", () => {
  const canWrite = () => false;
  const [readOnly] = check({}, { canWrite });
  assertEquals(readOnly.level, "problem");
  assertStringIncludes(readOnly.advice, "said of the file system");
  const own = {
    "/pool": folder({ mode: 0o755 }),
    [STATE]: facts({ mode: 0o644 }),
  };
  const [closedToWrite] = check(own, { canWrite });
  assertStringIncludes(closedToWrite.advice, `chmod 666 ${STATE}`);
  assertEquals(check({ [STATE]: "denied" })[0].level, "problem");
  assertEquals(check({ "/pool": "denied" })[0].level, "problem");
  const [closed] = check({ "/pool": folder({ mode: 0o700, uid: 1001 }) });
  assertStringIncludes(closed.message, "for user 1001 alone");
});

Deno.test("checkFiles() warns of a state file with two names", () => {
  const [finding] = check({ [STATE]: facts({ links: 2 }) });
  assertEquals(finding.level, "warning");
});

Deno.test("checkFiles() has the folders made that this user cannot make", () => {
  const files = { "/pool": folder({ mode: 0o755 }), [STATE]: facts() };
  for (const uid of [0, null]) {
    assertEquals(checkFiles(system({ files, uid }))[0].level, "ok");
  }
  const own = { ...files, "/pool": folder({ mode: 0o755, uid: 1000 }) };
  assertEquals(checkFiles(system({ files: own }))[0].level, "ok");
  const found = checkFiles(system({ files }));
  assertEquals(found.flatMap(({ fixes }) => fixes), [
    { kind: "directory", path: `${STATE}.owners` },
    { kind: "directory", path: `${STATE}.bells` },
  ]);
});

Deno.test("checkFiles() misses no folder in a pool whose users can all make it", () => {
  const cases: [mode: number, owner: number][] = [
    [0o700, 1000],
    [0o770, 1000],
    [0o770, 1001],
    [0o2770, 1001],
  ];
  for (const [mode, uid] of cases) {
    const files = { "/pool": folder({ mode, uid }), [STATE]: facts() };
    assertEquals(said(checkFiles(system({ files }))), [
      `ok: Only some users can use them (mode ${mode.toString(8)})`,
    ]);
  }
});
