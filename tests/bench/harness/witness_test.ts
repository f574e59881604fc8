import { assertEquals, assertThrows } from "@std/assert";
import { Witness } from "../../../bench/harness/witness.ts";

function withWitnesses(use: (one: Witness, other: Witness) => void): void {
  const path = Deno.makeTempFileSync();
  try {
    using one = new Witness(path, 2);
    using other = new Witness(path, 2);
    use(one, other);
  } finally {
    Deno.removeSync(path);
  }
}

Deno.test("Witness.enter() throws when more is held than there is", () => {
  withWitnesses((one, other) => {
    one.enter(1);
    other.enter(1);
    assertThrows(() => one.enter(1), Error, "3 were held at once");
  });
});

Deno.test("Witness.leave() makes room", () => {
  withWitnesses((one, other) => {
    one.enter(2);
    one.leave(2);
    other.enter(2);
    other.leave(1);
    one.enter(1);
  });
});

Deno.test("Witness.tick() counts the entries of all", () => {
  withWitnesses((one, other) => {
    assertEquals(one.tick(), 0);
    assertEquals(one.enter(1), 1);
    assertEquals(other.enter(1), 2);
    one.leave(1);
    assertEquals([one.tick(), other.tick()], [2, 2]);
  });
});
