import { assertEquals } from "@std/assert";
import { inOrderOf, momentMs } from "../../lib/core/moment.ts";

Deno.test("momentMs() takes a time without an offset for UTC", () => {
  const noon = Date.UTC(2026, 10, 23, 12);
  for (
    const text of [
      "2026-11-23T12:00:00Z",
      "2026-11-23T12:00:00",
      "2026-11-23T12:00:00.000000",
      "2026-11-23T13:30:00+01:30",
    ]
  ) {
    assertEquals(momentMs(text), noon, text);
  }
  assertEquals(momentMs("yesterday"), NaN);
});

Deno.test("inOrderOf() goes by moments, whatever the precision and the offset", () => {
  const times = [
    "soon",
    "2026-11-23T12:00:21.320Z",
    "2026-11-23T12:00:21Z",
    "2026-11-23T13:00:21.100000+01:00",
    "2026-11-23T12:00:20.999999",
  ];
  assertEquals(inOrderOf(times, (time) => time), [
    ...[times[4], times[2], times[3], times[1]],
    "soon",
  ]);
});
