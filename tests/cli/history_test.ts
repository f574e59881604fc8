import { assertEquals, assertStringIncludes } from "@std/assert";
import { ResourcePool } from "../../mod.ts";
import { Folder } from "../support/processes.ts";
import { assertFormat, call, ok } from "./support.ts";

Deno.test("reslock history shows who had what, and is of its format", async () => {
  using folder = new Folder();
  const { state } = folder;
  assertStringIncludes(await ok(state, "history"), "Nothing has ended");
  {
    await using pool = new ResourcePool({ path: state });
    await pool.setResources({ slots: 1 });
    await (await pool.acquire({ slots: 1 }, { label: "train" })).release();
    const lease = await pool.acquire({ slots: 1 }, { label: "other" });
    await lease.release();
  }
  const shown = await ok(state, "history");
  for (const part of ["train", "slots 1", "MEDIAN", "In use over"]) {
    assertStringIncludes(shown, part);
  }
  const json = await ok(state, "history", "--label", "train", "--json");
  assertFormat("history", json);
  assertEquals(JSON.parse(json).ended.length, 1);
  assertEquals(JSON.parse(json).waits[0].granted, 1);
  const none = await ok(state, "history", "--since", "1ms", "--json");
  assertEquals(JSON.parse(none).ended, []);
  const { code, err } = await call(["history", "-l", "trian", "-s", state]);
  assertEquals(code, 1);
  assertStringIncludes(err, "reslock history");
});
