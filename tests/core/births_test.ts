import { assert, assertEquals } from "@std/assert";
import {
  type Birth,
  decodeBirths,
  encodeBirth,
  isSuccessor,
} from "../../lib/core/births.ts";

const BIRTH: Birth = {
  id: "0123456789ab",
  pid: 4321,
  view: "boot/pid:[1]/time:[2]",
  ticks: 123_456,
};

Deno.test("decodeBirths() reads what encodeBirth() wrote", () => {
  const other = { ...BIRTH, id: "ba9876543210", ticks: 0 };
  const text = encodeBirth(BIRTH) + encodeBirth(other);
  assertEquals(decodeBirths(text), [BIRTH, other]);
});

Deno.test("decodeBirths() leaves out what was cut off or overwritten anywhere", () => {
  const line = encodeBirth(BIRTH);
  const whole = encodeBirth({ ...BIRTH, ticks: 99 });
  for (let end = 0; end < line.length - 1; end++) {
    const cut = line.slice(0, end);
    assertEquals(decodeBirths(cut), [], cut);
    const spliced = cut + whole.slice(end);
    const expected = spliced === whole ? [99] : [];
    assertEquals(decodeBirths(spliced).map(({ ticks }) => ticks), expected);
  }
  assertEquals(decodeBirths("\n \n0 0 0 0 0\nx"), []);
});

Deno.test("isSuccessor() is true of a later process of the same id in the same view alone", () => {
  const now = { ...BIRTH, ticks: BIRTH.ticks + 1 };
  assert(isSuccessor(now, BIRTH));
  assert(!isSuccessor(BIRTH, BIRTH));
  assert(!isSuccessor(BIRTH, now));
  assert(!isSuccessor(now, { ...BIRTH, view: "boot2/pid:[1]/time:[2]" }));
  assert(!isSuccessor(now, { ...BIRTH, id: "x" }));
  assert(!isSuccessor(now, { ...BIRTH, pid: 1 }));
});
