import { assert, assertEquals } from "@std/assert";
import { FORMATS } from "../../lib/cli/formats.ts";
import { statusJson } from "../../lib/cli/json.ts";
import {
  allSchemas,
  jsonSchema,
  renderSchema,
} from "../../lib/cli/schema_view.ts";
import {
  EMPTY_POOL,
  NOW_MS,
  SAMPLE_POOL,
  SAMPLE_REGISTRY,
} from "./sample_pool.ts";
import { schemaFaults } from "./schema_check.ts";
import { assertGolden } from "./support.ts";

Deno.test("renderSchema() shows each format once", () => {
  const view = { columns: 100, color: false, plain: false, nowMs: NOW_MS };
  assertGolden("schema", renderSchema(view));
});

Deno.test("allSchemas() has a schema for everything that --json prints", () => {
  assertEquals(Object.keys(allSchemas()), [
    "schema_version",
    ...[
      "state",
      "status",
      "list",
      "orphans",
      "init",
      "detect",
      "set",
      "release",
    ],
    ...["why", "cancel", "priority", "reclaim", "watch", "history"],
    ...["doctor", "salvage"],
  ]);
});

Deno.test("jsonSchema() describes what statusJson() makes", () => {
  const schema = jsonSchema(FORMATS.status);
  for (const pool of [SAMPLE_POOL, EMPTY_POOL]) {
    const value = JSON.parse(
      JSON.stringify(statusJson(pool, SAMPLE_REGISTRY)),
    );
    assertEquals(schemaFaults(schema, value), []);
  }
});

Deno.test("statusJson() tells of each lease and request whose process it is", () => {
  const { leases, queue } = statusJson(SAMPLE_POOL, SAMPLE_REGISTRY) as Record<
    string,
    { readonly process: unknown }[]
  >;
  assertEquals(leases.map(({ process }) => process).slice(1, 3), [{
    pid: 777,
    user: "grace",
    command: "python train.py --resume \x1b[31m",
    container: null,
    stopped: true,
  }, null]);
  assertEquals(queue[0].process, {
    pid: 23456,
    user: "ada",
    command: "whisper-server",
    container: null,
    stopped: false,
  });
});

Deno.test("jsonSchema() refuses a field too many, too few, and of another type", () => {
  const schema = jsonSchema(FORMATS.status);
  const value = JSON.parse(JSON.stringify(statusJson(SAMPLE_POOL)));
  assert(schemaFaults(schema, { ...value, more: 1 }).length > 0);
  assert(schemaFaults(schema, { ...value, path: undefined }).length > 0);
  assert(schemaFaults(schema, { ...value, path: 5 }).length > 0);
  assert(schemaFaults(schema, { ...value, used: { a: "5" } }).length > 0);
});
