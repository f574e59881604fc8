import { assertEquals, assertRejects } from "@std/assert";
import { keepCapacities, readCapacities } from "../lib/capacities.ts";
import { capacitiesPath } from "../lib/os/paths.ts";
import { ResourcePool, StateAccessError } from "../mod.ts";
import { Folder } from "./support/processes.ts";

function copyOf(folder: Folder): Record<string, number> | undefined {
  const copy = readCapacities(folder.state);
  return copy && Object.fromEntries(copy);
}

Deno.test("capacitiesPath() keeps pools of one directory apart", () => {
  assertEquals(capacitiesPath("/pool/state.json"), "/pool/capacities.json");
  assertEquals(capacitiesPath("state.json"), "./capacities.json");
  assertEquals(capacitiesPath("/state.json"), "/capacities.json");
  assertEquals(capacitiesPath("/pool/a.json"), "/pool/a.json.capacities.json");
});

Deno.test("ResourcePool keeps a copy of the capacities, and of nothing else", async () => {
  using folder = new Folder();
  await using pool = new ResourcePool({ path: folder.state });
  await pool.setResources({ slot: 2, ram_mb: 1024 });
  assertEquals(copyOf(folder), { slot: 2, ram_mb: 1024 });
  await pool.unsetResources(["ram_mb"]);
  assertEquals(copyOf(folder), { slot: 2 });
  const before = Deno.statSync(capacitiesPath(folder.state)).mtime;
  await (await pool.acquire({ slot: 1 })).release();
  await pool.setResources({ slot: 2 });
  assertEquals(Deno.statSync(capacitiesPath(folder.state)).mtime, before);
  await pool.reset();
  assertEquals(copyOf(folder), {});
});

Deno.test("keepCapacities() writes the last state, of many who write at once", async () => {
  using folder = new Folder();
  let last = 0;
  await Promise.all(Array.from({ length: 20 }, async () => {
    last++;
    await keepCapacities(
      folder.state,
      () => Promise.resolve(new Map([["slot", last]])),
    );
  }));
  assertEquals(copyOf(folder), { slot: 20 });
});

Deno.test("keepCapacities() writes to no file that has another name or is none", async () => {
  using folder = new Folder();
  const path = capacitiesPath(folder.state);
  const keep = () =>
    keepCapacities(folder.state, () => Promise.resolve(new Map()));
  const other = `${folder.path}/precious`;
  for (const link of [Deno.linkSync, Deno.symlinkSync]) {
    Deno.writeTextFileSync(other, "precious");
    link(other, path);
    await assertRejects(keep, StateAccessError, path);
    assertEquals(Deno.readTextFileSync(other), "precious");
    Deno.removeSync(path);
  }
  Deno.mkdirSync(path);
  await assertRejects(keep, StateAccessError, path);
});

Deno.test("ResourcePool.setResources() succeeds where no copy can be kept, and says so", async () => {
  using folder = new Folder();
  Deno.mkdirSync(capacitiesPath(folder.state));
  const warnings: string[] = [];
  await using pool = new ResourcePool({
    path: folder.state,
    onWarning: (message) => warnings.push(message),
  });
  assertEquals(await pool.setResources({ slot: 1 }), ["slot"]);
  assertEquals(warnings.length, 1);
});

Deno.test("readCapacities() takes nothing that is not whole", () => {
  using folder = new Folder();
  const path = capacitiesPath(folder.state);
  assertEquals(copyOf(folder), undefined);
  for (const text of ["", '{"slot":', '{"slot":"2"}', "[]", "\0\0\0"]) {
    Deno.writeTextFileSync(path, text);
    assertEquals(copyOf(folder), undefined, text);
  }
  Deno.writeTextFileSync(path, '{"__proto__":1}');
  assertEquals([...readCapacities(folder.state)!], [["__proto__", 1]]);
});
