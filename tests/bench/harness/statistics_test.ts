import { assertEquals, assertThrows } from "@std/assert";
import {
  median,
  medianRatio,
  quantile,
  rotated,
  shuffled,
  summarize,
} from "../../../bench/harness/statistics.ts";

Deno.test("quantile() lies between two neighbours in proportion", () => {
  const values = [40, 10, 30, 20];
  assertEquals(quantile(values, 0), 10);
  assertEquals(quantile(values, 0.5), 25);
  assertEquals(quantile(values, 0.9), 37);
  assertEquals(quantile(values, 1), 40);
  assertEquals(values, [40, 10, 30, 20]);
});

Deno.test("quantile() of nothing is an error", () => {
  assertThrows(() => quantile([], 0.5), RangeError, "there are none");
});

Deno.test("summarize() keeps the figures that tables show", () => {
  const values = Array.from({ length: 101 }, (_, index) => index);
  const expected = { count: 101, min: 0, median: 50, p99: 99, max: 100 };
  assertEquals(summarize(values), expected);
  assertEquals(median([7]), 7);
});

Deno.test("medianRatio() compares within rounds", () => {
  // The second round was slow for both, the third for one.
  assertEquals(medianRatio([1, 10, 9], [2, 20, 3]), 0.5);
  assertThrows(() => medianRatio([1], []), RangeError, "numbers differ");
});

Deno.test("rotated() begins with another one in each round", () => {
  assertEquals(rotated(["a", "b", "c"], 0), ["a", "b", "c"]);
  assertEquals(rotated(["a", "b", "c"], 4), ["b", "c", "a"]);
  assertEquals(rotated([], 1), []);
});

Deno.test("shuffled() keeps every value once", () => {
  const values = Array.from({ length: 50 }, (_, index) => index);
  assertEquals(shuffled(values).sort((a, b) => a - b), values);
});
