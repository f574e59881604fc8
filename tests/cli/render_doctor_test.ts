import { assert, assertEquals } from "@std/assert";
import {
  renderDiagnosis,
  renderRecovered,
  renderSalvaged,
} from "../../lib/cli/render_doctor.ts";
import { diagnosisJson, salvagedJson } from "../../lib/cli/json.ts";
import { FORMATS } from "../../lib/cli/formats.ts";
import { jsonSchema } from "../../lib/cli/schema_view.ts";
import type { Check, Diagnosis, Salvaged } from "../../mod.ts";
import { NOW_MS, SAMPLE_POOL, SAMPLE_REGISTRY } from "./sample_pool.ts";
import { schemaFaults } from "./schema_check.ts";
import { assertGolden } from "./support.ts";

function check(
  name: string,
  level: Check["level"],
  message: string,
  advice = "",
): Check {
  return { name, level, message, advice };
}

const DIAGNOSIS: Diagnosis = {
  path: "/var/lib/reslock/state.json",
  checks: [
    check(
      "place",
      "ok",
      'The pool is in "/var/lib/reslock/state.json", as it is that of the machine',
    ),
    check(
      "other pools",
      "problem",
      'The same is handed out a second time in "/home/bob/.reslock/state.json" (2 leases)',
      'agree on one, such as by "sudo reslock init --system", and remove the others when nobody uses them',
    ),
    check("file system", "ok", "It is local (ext4, 80506 MB free)"),
    check(
      "watches",
      "warning",
      "Few programs more can be woken at once (125 of 128 inotify instances of this user are in use)",
      'allow more: "sysctl fs.inotify.max_user_instances=1024" as root',
    ),
    check(
      "locks",
      "problem",
      'Process 4242 ("evil \x1b[2J' + "x".repeat(90) +
        '") was stopped while it held the lock',
      '"kill -CONT 4242" lets it go on',
    ),
  ],
  fixed: ['Set the mode of "/var/lib/reslock" to 1777'],
};

const SALVAGED: Salvaged = {
  damage:
    'Cannot read the state file "/home/ada/.reslock/state.json" as it is ' +
    "not JSON: it was left as it is, and so on",
  pool: SAMPLE_POOL,
  capacitiesFrom: "copy",
  lost: [
    'a record at byte 4711: {"id":"k3v9x2m1qa-4","pi\x1b[2J',
    "lease p8m2c5w1zd-4: its process 77 is dead",
  ],
};

for (const columns of [60, 100, 200]) {
  for (const color of [false, true]) {
    const name = `${columns}${color ? "_color" : ""}`;
    const view = { columns, color, nowMs: NOW_MS };

    Deno.test(`renderDiagnosis() fits ${columns} columns ${color ? "in" : "without"} colour`, () => {
      assertGolden(`doctor_${name}`, renderDiagnosis(DIAGNOSIS, view));
    });

    Deno.test(`renderSalvaged() fits ${columns} columns ${color ? "in" : "without"} colour`, () => {
      const surroundings = { registry: SAMPLE_REGISTRY };
      assertGolden(
        `salvaged_${name}`,
        renderSalvaged(SALVAGED, view, surroundings),
      );
    });
  }
}

Deno.test("renderDiagnosis() and renderSalvaged() print nothing that steers a terminal", () => {
  const view = { columns: 100, color: false, nowMs: NOW_MS };
  assert(!renderDiagnosis(DIAGNOSIS, view).includes("\x1b"));
  assert(!renderSalvaged(SALVAGED, view).includes("\x1b"));
});

Deno.test("renderDiagnosis() sums up in its last line", () => {
  const sum = (...levels: Check["level"][]) => {
    const checks = levels.map((level) => check("x", level, "y"));
    const view = { columns: 100, color: false, nowMs: NOW_MS };
    return renderDiagnosis({ path: "/x", checks, fixed: [] }, view)
      .trimEnd().split("\n").at(-1);
  };
  assertEquals(sum("ok", "ok"), "All is well");
  assertEquals(sum("ok", "warning"), "No problems, 1 warning");
  assertEquals(sum("problem", "warning", "warning"), "1 problem, 2 warnings");
  assertEquals(sum("problem", "problem"), "2 problems");
});

Deno.test("renderRecovered() counts what was kept and lost, and names the copy", () => {
  const copyPath = "/home/ada/.reslock/state.json.damaged-1";
  assertEquals(
    renderRecovered({ ...SALVAGED, copyPath }),
    "Recovered /home/ada/.reslock/state.json: 4 leases and 3 requests kept, " +
      `2 things lost\nThe damaged file is kept as ${copyPath}\n`,
  );
});

Deno.test("jsonSchema() describes what diagnosisJson() and salvagedJson() make", () => {
  const values = [
    [FORMATS.doctor, diagnosisJson(DIAGNOSIS)],
    [FORMATS.salvage, salvagedJson(SALVAGED)],
    [FORMATS.salvage, salvagedJson({ ...SALVAGED, capacitiesFrom: null })],
  ] as const;
  for (const [format, value] of values) {
    const parsed = JSON.parse(JSON.stringify(value));
    assertEquals(schemaFaults(jsonSchema(format), parsed), []);
  }
});
