import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  decodeEntry,
  decodeLease,
  decodeState,
  encodeAmounts,
  encodeEntry,
  encodeLease,
} from "../../lib/core/codec.ts";
import {
  CorruptStateError,
  SchemaVersionMismatch,
} from "../../lib/core/errors.ts";
import { entryRecord, leaseRecord } from "../support/records.ts";

const PATH = "/pool/state.json";

Deno.test("encodeLease() and decodeLease() keep every field", () => {
  const lease = leaseRecord({
    id: "0123456789ab",
    host_pid: 7,
    resources: new Map([["ram_mb", 5], ["__proto__", 6], ["é\n", 7]]),
    priority: -3,
    acquired_at: "2026-11-23T21:15:21.320999+00:00",
    queued_at: "2026-11-23 21:15:21",
    wait_sec: 1.25,
    reclaimable: true,
    reclaim_requested: true,
    reclaim_requested_at: "2026-11-23T21:15:22Z",
    label: 'a "label" with \u{1f642} and \\',
    pids: [1, 2, 3],
    actual_resources: new Map([["ram_mb", 0]]),
    cpu_seconds: 0.5,
  });
  assertEquals(decodeLease(encodeLease(lease), PATH), lease);
});

Deno.test("encodeEntry() and decodeEntry() keep every field", () => {
  for (
    const ask of [
      { vram_mb: [3, 2, 1] },
      { vram_mb_each: 5, num_gpus: 2 },
      { resources: new Map([["cpu_cores", 4]]) },
    ]
  ) {
    const entry = entryRecord({
      ...ask,
      started_at: "2026-11-23T21:15:22Z",
      lease_id: "abcdefghij-4",
      estimated_seconds: 60,
      progress: 0.25,
      label: "x",
    });
    assertEquals(decodeEntry(encodeEntry(entry), PATH), entry);
  }
});

Deno.test("decodeLease() fills in what the Python package has a default for", () => {
  const lease = decodeLease(
    '{"id":"x","pid":2,"resources":{},"acquired_at":"2026-01-02T03:04:05.678Z"}',
    PATH,
  );
  assertEquals(
    lease,
    leaseRecord({ id: "x", pid: 2, queued_at: null, wait_sec: null }),
  );
});

function leaseJson(fields: Record<string, unknown>): string {
  return JSON.stringify({
    ...JSON.parse(encodeLease(leaseRecord())),
    ...fields,
  });
}

for (
  const [field, value, place] of [
    ["id", 5, ".id is not a string"],
    ["id", undefined, ".id is not there"],
    ["pid", "5", ".pid is not a whole number"],
    ["pid", 1.5, ".pid is not a whole number"],
    ["pid", 2 ** 53, ".pid is not a whole number"],
    ["resources", [], ".resources is not an object"],
    ["resources", { a: null }, '.resources["a"] is not a whole number'],
    ["label", "\ud800", ".label is not well-formed Unicode"],
    ["pids", [1, "2"], ".pids[1] is not a whole number"],
    ["reclaimable", 1, ".reclaimable is not true or false"],
    ["wait_sec", "1", ".wait_sec is not a number"],
    ["extra", 1, '["extra"] is not a known field'],
  ] as const
) {
  Deno.test(`decodeLease() names the place of ${field} = ${JSON.stringify(value)}`, () => {
    const error = assertThrows(
      () => decodeLease(leaseJson({ [field]: value }), PATH),
      CorruptStateError,
      `a lease${place}`,
    );
    assertEquals(error.path, PATH);
  });
}

for (
  const [what, fields] of [
    ["both shapes", { vram_mb: [1], vram_mb_each: 1, num_gpus: 1 }],
    ["no slots", { vram_mb: [] }],
    ["a slot of 0", { vram_mb: [4, 0] }],
    ["cards without an amount", { num_gpus: 1 }],
    ["an amount without cards", { vram_mb_each: 5 }],
    ["more cards than there can be", { vram_mb_each: 5, num_gpus: 1e9 }],
  ] as const
) {
  Deno.test(`decodeEntry() refuses a GPU ask with ${what}`, () => {
    const json = encodeEntry(entryRecord(fields));
    assertThrows(() => decodeEntry(json, PATH), CorruptStateError, "a queue");
  });
}

for (
  const [text, version] of [
    ['{"version":4,"leases":"whatever"}', 4],
    ['{"version":6}', 6],
    ['{"version":"5"}', "5"],
    ["{}", undefined],
  ] as const
) {
  Deno.test(`decodeState() refuses ${text} for its version alone`, () => {
    const error = assertThrows(
      () => decodeState(text, PATH),
      SchemaVersionMismatch,
      PATH,
    );
    assertEquals([error.found, error.expected], [version, 5]);
  });
}

Deno.test("decodeState() repeats neither long nor odd words of the file in its errors", () => {
  const long = "n".repeat(1_000_000);
  for (
    const text of [
      JSON.stringify({ version: { [long]: "\u009b2J" } }),
      JSON.stringify({ version: 5, [`\u202e${long}`]: 1 }),
      JSON.stringify({ version: 5, resources: { [`\u009b${long}`]: "x" } }),
      JSON.stringify({ version: 5, leases: [{ [long]: 1 }] }),
    ]
  ) {
    const { message } = assertThrows(() => decodeState(text, PATH), Error);
    assert(message.length < 600, `${message.length} characters`);
    assertEquals(message.match(/[\u009b\u202e]/), null);
  }
});

for (
  const [text, problem] of [
    ["", "it is not JSON"],
    ['{"version":5', "it is not JSON"],
    ["[]", "is not an object"],
    ['{"version":5,"queues":[]}', '["queues"] is not a known field'],
    ['{"version":5,"leases":{}}', "leases is not a list"],
    ['{"version":5,"leases":[{}]}', "leases[0].id is not there"],
    ['{"version":5,"resources":{"a":0.5}}', 'resources["a"] is not a whole'],
  ]
) {
  Deno.test(`decodeState() refuses ${text || "nothing"}`, () => {
    const error = assertThrows(
      () => decodeState(text, PATH),
      CorruptStateError,
    );
    assertStringIncludes(error.message, problem);
  });
}

Deno.test("encodeAmounts() writes any name as a key of its own", () => {
  const names = ["__proto__", "constructor", "a b", '"', "\u2028"];
  const map = new Map(names.map((name, index) => [name, index]));
  const { resources } = decodeState(
    `{"version":5,"resources":${encodeAmounts(map)}}`,
    PATH,
  );
  assertEquals(resources, map);
  assert(({} as Record<string, unknown>)["0"] === undefined);
});

Deno.test("decodeLease() refuses a number that is beyond all others", () => {
  const json = leaseJson({ wait_sec: 1 }).replace(
    '"wait_sec":1',
    '"wait_sec":1e999',
  );
  assertThrows(
    () => decodeLease(json, PATH),
    CorruptStateError,
    ".wait_sec is not a number",
  );
});
