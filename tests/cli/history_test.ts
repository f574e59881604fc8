import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ResourcePool } from "../../mod.ts";
import { Folder, until } from "../support/processes.ts";
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

Deno.test("reslock history shows as many as --limit says, and what --label and --since leave", async () => {
  using folder = new Folder();
  const { state } = folder;
  await using pool = new ResourcePool({ path: state });
  await pool.setResources({ slots: 2, seats: 1 });
  await using _running = await pool.acquire({ seats: 1 }, { label: "still" });
  for (const label of ["one", "two", "three"]) {
    await (await pool.acquire({ slots: 1 }, { label })).release();
  }
  await until("all is noted", () => pool.history().length === 3);
  const limited = await ok(state, "history", "--limit", "2");
  assertStringIncludes(limited, "The last 2 of 3 that ended\n");
  assertStringIncludes(limited, "and 1 more label\n");
  // What others have now is no part of what one label had.
  assertMatch(limited, /^seats .* at most/m);
  const one = await ok(state, "history", "--label", "one");
  assertStringIncludes(one, "1 ended\n");
  assertEquals(/^seats/m.test(one), false, one);
  assertEquals(
    await ok(state, "history", "--since", "1ms"),
    "Nothing ended in the last 1 ms\n",
  );
});
