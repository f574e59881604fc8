import { assertEquals } from "@std/assert";
import { createBell, Ringer, sweepBells, watch } from "../../lib/os/bell.ts";
import { Folder, within } from "../support/processes.ts";

const LIVING = "living0000";
const GONE = "gone000000";

/** Bells of an owner whose file is there and of one whose file is not, and other things. */
function scene(folder: Folder) {
  const bells = `${folder.path}/bells`;
  const owners = `${folder.path}/owners`;
  createBell(bells, LIVING);
  createBell(bells, GONE);
  Deno.mkdirSync(owners);
  Deno.writeTextFileSync(`${owners}/${LIVING}`, "");
  Deno.writeTextFileSync(`${bells}/notes.txt`, "");
  return { bells, owners };
}

Deno.test("sweepBells() removes the bells of owners that are gone, a minute later", () => {
  using folder = new Folder();
  const { bells, owners } = scene(folder);
  sweepBells(bells, owners, Date.now() + 50_000);
  // An owner makes its file before its bell, but closes it before the bell, too.
  assertEquals(folder.names("bells"), [GONE, LIVING, "notes.txt"]);
  sweepBells(bells, owners, Date.now() + 120_000);
  // Who waits for long is not rung for long.
  assertEquals(folder.names("bells"), [LIVING, "notes.txt"]);
});

Deno.test("sweepBells() follows no link to a folder of others", () => {
  using folder = new Folder();
  const { bells, owners } = scene(folder);
  const link = `${folder.path}/link`;
  Deno.symlinkSync(bells, link);
  sweepBells(link, owners, Date.now() + 120_000);
  assertEquals(folder.names("bells"), [GONE, LIVING, "notes.txt"]);
});

Deno.test("Ringer.ring() is heard by who watches the bell", async () => {
  using folder = new Folder();
  const bells = `${folder.path}/bells`;
  createBell(bells, LIVING);
  const heard = Promise.withResolvers<void>();
  const bell = watch(`${bells}/${LIVING}`, ["modify"], () => heard.resolve())!;
  bell.setRef(true);
  const ringer = new Ringer(bells);
  ringer.ring(LIVING);
  await within("the bell", 5000, heard.promise);
  ringer.close();
  bell.close();
});

Deno.test("Ringer.ring() writes neither through a link nor to another name of a file", () => {
  using folder = new Folder();
  const bells = `${folder.path}/bells`;
  createBell(bells, LIVING);
  const victim = `${folder.path}/victim`;
  Deno.writeTextFileSync(victim, "text");
  Deno.linkSync(victim, `${bells}/${GONE}`);
  Deno.symlinkSync(victim, `${bells}/linked0000`);
  const ringer = new Ringer(bells);
  for (const name of [GONE, GONE, "linked0000", "missing000"]) {
    ringer.ring(name);
  }
  ringer.close();
  assertEquals(Deno.readTextFileSync(victim), "text");
  assertEquals(ringer.owners().sort(), [GONE, "linked0000", LIVING].sort());
});
