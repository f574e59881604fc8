import { assertEquals } from "@std/assert";
import { restMs, type Vigil } from "../../lib/session/rhythm.ts";

const QUIET: Vigil = {
  ...{ place: undefined, listening: false, foreign: false },
  ...{ unheard: false, offering: false },
};
const HEARS = { hears: true, hasLooked: true };

Deno.test("restMs() lets a program sleep that neither waits nor listens", () => {
  assertEquals(restMs(QUIET, HEARS), undefined);
  assertEquals(restMs({ ...QUIET, listening: true }, HEARS), 2000);
});

Deno.test("restMs() grows with each place", () => {
  const rests = [0, 1, 5, 6, 7, 99].map((place) =>
    restMs({ ...QUIET, place }, HEARS)
  );
  assertEquals(rests, [8000, 24_000, 88_000, 42_000, 48_000, 300_000]);
});

Deno.test("restMs() is short for what nobody tells, mostly in front alone", () => {
  const cases: [Partial<Vigil>, number, number][] = [
    [{ offering: true }, 500, 500],
    [{ unheard: true }, 1000, 42_000],
    [{ foreign: true }, 100, 42_000],
    [{ offering: true, unheard: true }, 500, 500],
    [{ offering: true, foreign: true }, 100, 500],
  ];
  for (const [some, front, far] of cases) {
    assertEquals(restMs({ ...QUIET, ...some, place: 0 }, HEARS), front);
    assertEquals(restMs({ ...QUIET, ...some, place: 6 }, HEARS), far);
  }
});

Deno.test("restMs() lets who came just now look once, soon", () => {
  const first = { hears: true, hasLooked: false };
  assertEquals(restMs({ ...QUIET, place: 50 }, first), 2500);
});

Deno.test("restMs() polls where nothing can be watched, the further back the less", () => {
  const blind = { hears: false, hasLooked: true };
  const rests = [0, 9, 99, 999].map((place) =>
    restMs({ ...QUIET, place }, blind)
  );
  assertEquals(rests, [25, 250, 5000, 30_000]);
});
