import { assert, assertEquals } from "@std/assert";
import { diagnosePool, findAll } from "../../lib/doctor/diagnosis.ts";
import { ResourcePool } from "../../mod.ts";
import { Folder } from "../support/processes.ts";
import { system } from "./made_up_system.ts";

Deno.test("findAll() tells of a check that cannot be made, and makes the others", async () => {
  const well = await findAll(system());
  const broken = system({
    tryLocks: () => {
      throw new Error("Cannot lock a file: call your administrator");
    },
    fileSystem: () => Promise.reject(new Error("it is too dark")),
  });
  const found = await findAll(broken);
  const saidOf = (wanted: string) =>
    found.filter(({ name }) => name === wanted)
      .map(({ level, message, advice }) => [level, message, advice]);
  assertEquals(saidOf("locks"), [
    ["warning", "Cannot lock a file", "call your administrator"],
  ]);
  assertEquals(saidOf("file system"), [
    ["warning", "it is too dark", "this could not be told"],
  ]);
  const names = (findings: typeof well) =>
    new Set(findings.map(({ name }) => name));
  assertEquals(names(found), names(well));
});

Deno.test("diagnosePool() tells of a fix that failed, and what is wrong still", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 1 });
  Deno.chmodSync(folder.path, 0o1777);
  // Not to be opened to all, as it has another name, elsewhere.
  const journal = `${folder.state}.journal`;
  Deno.writeTextFileSync(journal, "");
  Deno.chmodSync(journal, 0o600);
  Deno.linkSync(journal, `${folder.path}/other`);
  const copy = `${folder.path}/capacities.json`;
  Deno.chmodSync(copy, 0o600);
  const chosen = { path: folder.state, rule: "path" } as const;
  const { checks, fixed } = await diagnosePool(chosen, { fix: true });
  assertEquals(fixed, [`Set the mode of "${copy}" to 666`]);
  const [failure] = checks.filter(({ name }) => name === "fix");
  assertEquals(failure.level, "warning");
  assert(failure.message.startsWith(`Cannot set the mode of "${journal}"`));
  const files = checks.filter(({ name }) => name === "files");
  assertEquals(files.map(({ level }) => level), ["problem"]);
  assert(files[0].message.includes(journal));
});
