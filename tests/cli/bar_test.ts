import { assertEquals } from "@std/assert";
import { bar, sparkline } from "../../lib/cli/bar.ts";

function drawn(
  used: number,
  reserved: number,
  total: number,
  outside = 0,
): string {
  return bar({ used, outside, reserved, total }, 10)
    .map(({ text }) => text).join("");
}

Deno.test("bar() shares its cells between used, reserved and free", () => {
  assertEquals(drawn(5, 2, 10), "█████▒▒░░░");
  assertEquals(drawn(0, 0, 10), "░░░░░░░░░░");
  assertEquals(drawn(10, 0, 10), "██████████");
});

Deno.test("bar() shows a little of everything that is not nothing", () => {
  assertEquals(drawn(1, 0, 1000), "█░░░░░░░░░");
  assertEquals(drawn(999, 0, 1000), "█████████░");
  assertEquals(drawn(500, 1, 1000), "█████▒░░░░");
  assertEquals(drawn(0, 1, 1000), "▒░░░░░░░░░");
});

Deno.test("bar() shows what others have between what is leased and what is kept", () => {
  assertEquals(drawn(3, 2, 10, 4), "███▓▓▓▓▒▒░");
  assertEquals(drawn(0, 0, 10, 7), "▓▓▓▓▓▓▓░░░");
  assertEquals(drawn(2, 0, 10, 8), "██▓▓▓▓▓▓▓▓");
  assertEquals(drawn(500, 1, 1000, 1), "█████▓▒░░░");
});

Deno.test("bar() keeps its width where more is used than there is", () => {
  assertEquals(drawn(15, 0, 10), "██████████");
  assertEquals(drawn(1, 0, 0), "░░░░░░░░░░");
});

Deno.test("sparkline() shows the last values, one cell each", () => {
  assertEquals(sparkline([0, 0.01, 0.5, 1], 6), "   ▁▄█");
  assertEquals(sparkline([1, 0.5, 2, -1], 2), "█ ");
});
