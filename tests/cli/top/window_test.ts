import { assertEquals } from "@std/assert";
import {
  type Line,
  type Window,
  windowOf,
} from "../../../lib/cli/top/window.ts";

/** A heading, then entries of so many lines each, from some place on. */
function listOf(heights: readonly number[], first = 0): Line[] {
  return [
    { text: "heading" },
    ...heights.flatMap((height, index) =>
      Array.from({ length: height }, (_, line): Line => ({
        text: `${first + index}${".".repeat(line)}`,
        place: first + index,
      }))
    ),
  ];
}

function shown(
  body: readonly Line[],
  selected: number,
  height: number,
  count = body.at(-1)!.place! + 1,
): Window {
  const named = (sign: string, from: number, to: number) =>
    `${sign} ${from}-${to}`;
  return windowOf(body, { selected, count, height, named });
}

Deno.test("windowOf() shows all where there is room", () => {
  const body = listOf([1, 2, 1]);
  const lines = body.map(({ text }) => text);
  assertEquals(shown(body, 2, 5), { lines, page: 3 });
});

Deno.test("windowOf() tells what follows and what precedes", () => {
  const body = listOf([1, 1, 1, 1, 1, 1, 1, 1, 1]);
  assertEquals(shown(body, 0, 6), {
    lines: ["heading", "0", "1", "2", "3", "↓ 4-9"],
    page: 4,
  });
  assertEquals(shown(body, 3, 6).lines[0], "heading");
  // In the last line it would be hidden by what follows.
  assertEquals(shown(body, 4, 6), {
    lines: ["↑ 0-2", "2", "3", "4", "5", "↓ 6-9"],
    page: 4,
  });
  assertEquals(shown(body, 8, 6), {
    lines: ["↑ 0-4", "4", "5", "6", "7", "8"],
    page: 5,
  });
});

Deno.test("windowOf() begins with no rest of an entry, and has all of the selected one", () => {
  const body = listOf([3, 3, 3, 3, 3, 3]);
  assertEquals(shown(body, 2, 7), {
    lines: ["↑ 0-2", "2", "2.", "2..", "3", "3.", "↓ 4-6"],
    page: 2,
  });
  for (let selected = 0; selected < 6; selected++) {
    for (let height = 6; height < 20; height++) {
      const { lines } = shown(body, selected, height);
      const own = lines.filter((line) => line.startsWith(`${selected}`));
      assertEquals(own.length, 3, `${selected} of ${height}: ${lines}`);
      if (!lines[0].startsWith("↑")) continue;
      assertEquals(/^\d$/.test(lines[1]), true, lines.join());
    }
  }
});

Deno.test("windowOf() counts those that were not even rendered", () => {
  const body = listOf(Array<number>(20).fill(1), 90);
  assertEquals(shown(body, 100, 7, 300), {
    lines: ["↑ 0-98", "98", "99", "100", "101", "102", "↓ 103-300"],
    page: 5,
  });
});

Deno.test("windowOf() needs each line of a low screen for the selected one", () => {
  const body = listOf([1, 1, 1, 1]);
  for (let height = 1; height < 5; height++) {
    for (let selected = 0; selected < 4; selected++) {
      const { lines } = shown(body, selected, height);
      assertEquals(lines.includes(`${selected}`), true, lines.join());
      assertEquals(lines.length, height);
    }
  }
});
