import { assertEquals, assertThrows } from "@std/assert";
import { ExitError, UsageError } from "../../lib/cli/failure.ts";
import {
  type Choice,
  findTargets,
  readChoice,
  type Wording,
} from "../../lib/cli/targets.ts";

const WORDING: Wording = {
  action: "cancel",
  what: "waiter",
  see: "status",
  mistaken: {
    things: [{ id: "lease00000-4", label: null }],
    hint: 'use "reslock release"',
  },
};
const THINGS = [
  { id: "k3v9x0q7ta-4", label: "train" },
  { id: "k3v9x0q7ta-8", label: "train" },
  { id: "w07hq4nb2e-4", label: null },
];

function ids(choice: Choice): string[] {
  return findTargets(THINGS, choice, WORDING).map(({ id }) => id);
}

function refusal(choice: Choice): string {
  return assertThrows(() => ids(choice), ExitError).message;
}

Deno.test("findTargets() takes an id, the beginning of one, or a label", () => {
  assertEquals(ids({ id: "k3v9x0q7ta-8" }), ["k3v9x0q7ta-8"]);
  assertEquals(ids({ id: "w07" }), ["w07hq4nb2e-4"]);
  assertEquals(ids({ label: "train" }), ["k3v9x0q7ta-4", "k3v9x0q7ta-8"]);
});

Deno.test("findTargets() says what is wrong, and what was probably meant", () => {
  assertEquals(
    refusal({ id: "k3v" }),
    'Cannot cancel "k3v" as 2 waiters begin with it: write more of the id, ' +
      'see "reslock status"',
  );
  assertEquals(
    refusal({ id: "zzzz" }),
    'Cannot cancel "zzzz" as no waiter has this id: see "reslock status"',
  );
  assertEquals(
    refusal({ id: "w70h" }),
    'Cannot cancel "w70h" as no waiter has this id: did you mean ' +
      '"w07hq4nb2e-4"? If not, see "reslock status"',
  );
  assertEquals(
    refusal({ id: "train" }),
    'Cannot cancel "train" as it is a label and no id: name it with --label',
  );
  assertEquals(
    refusal({ label: "llama" }),
    'Cannot cancel "llama" as no waiter has this label: see "reslock status"',
  );
  assertEquals(
    refusal({ label: "trian" }),
    'Cannot cancel "trian" as no waiter has this label: did you mean "train"? ' +
      'If not, see "reslock status"',
  );
  assertEquals(
    refusal({ id: "lease0" }),
    'Cannot cancel "lease0" as it is no waiter: use "reslock release"',
  );
});

Deno.test("readChoice() wants one of the two", () => {
  assertEquals(readChoice("a", undefined, WORDING), { id: "a" });
  assertEquals(readChoice(undefined, "a", WORDING), { label: "a" });
  for (const both of ["a", undefined]) {
    assertThrows(() => readChoice(both, both, WORDING), UsageError);
  }
});
