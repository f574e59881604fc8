import { assertEquals } from "@std/assert";
import {
  chooseCores,
  formatPins,
  parseCpuList,
  parsePins,
} from "../../lib/core/pins.ts";

Deno.test("parseCpuList() reads cores and ranges, and nothing else", () => {
  assertEquals(parseCpuList("0"), [0]);
  assertEquals(parseCpuList("0-2,8\n"), [0, 1, 2, 8]);
  for (const text of ["", "a", "1-", "-1", "1,,2", "0-65536", "1 2"]) {
    assertEquals(parseCpuList(text), undefined, text);
  }
});

Deno.test("parsePins() reads what formatPins() writes, and passes over the rest", () => {
  const pins = [
    { leaseId: "k3v9x0q7ta-4", cores: [0, 1] },
    { leaseId: "0123456789ab", cores: [7] },
  ];
  assertEquals(parsePins(formatPins(pins)), pins);
  assertEquals(parsePins(`half a li\nx 1,\n\n\n${formatPins(pins)}y`), pins);
});

Deno.test("chooseCores() takes free ones, then those that the fewest have", () => {
  const pin = (...cores: number[]) => ({ leaseId: "x", cores });
  const allowed = [0, 1, 2, 3];
  const cases: [
    count: number,
    pins: number[][],
    cores: number[],
    shared: number,
  ][] = [
    [2, [], [0, 1], 0],
    [2, [[0, 2]], [1, 3], 0],
    [3, [[0, 2]], [0, 1, 3], 1],
    [2, [[0, 1], [2, 3], [0, 2]], [1, 3], 2],
    [9, [], [0, 1, 2, 3], 0],
    [1, [[7, 8]], [0], 0],
  ];
  for (const [count, pins, cores, shared] of cases) {
    assertEquals(
      chooseCores(count, allowed, pins.map((one) => pin(...one))),
      { cores, shared },
    );
  }
});
