// What the tests and tools rely on in @std. The names are bare, so this holds
// for the real packages where JSR can be reached, else for the adapters.
import * as assertions from "@std/assert";
import { parseArgs } from "@std/cli/parse-args";
import { unicodeWidth } from "@std/cli/unicode-width";
import { ensureDir } from "@std/fs/ensure-dir";
import { exists } from "@std/fs/exists";
import { walk } from "@std/fs/walk";
import { basename, fromFileUrl } from "@std/path";
import { join } from "@std/path/join";
import { FakeTime } from "@std/testing/time";

const { assertEquals, assertRejects, assertThrows, AssertionError, equal } =
  assertions;

class Point {
  constructor(readonly x: number) {}
}

const withoutPrototype = Object.assign(Object.create(null), { x: 1 });

const EQUAL: [string, unknown, unknown][] = [
  ["NaN", NaN, NaN],
  ["zeros", 0, -0],
  ["nested objects", { a: [{ b: 1 }] }, { a: [{ b: 1 }] }],
  ["keys in another order", { a: 1, b: 2 }, { b: 2, a: 1 }],
  ["an object without prototype", withoutPrototype, { x: 1 }],
  ["one within another", [{ a: withoutPrototype }], [{ a: { x: 1 } }]],
  ["maps", new Map([["a", { x: 1 }]]), new Map([["a", { x: 1 }]])],
  ["sets of objects", new Set([{ a: 1 }, 2]), new Set([2, { a: 1 }])],
  ["bytes", new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  ["dates", new Date(5), new Date(5)],
  ["instances", new Point(1), new Point(1)],
];

const DIFFERENT: [string, unknown, unknown][] = [
  ["values", { a: 1 }, { a: 2 }],
  ["types", 1, "1"],
  ["null and undefined", null, undefined],
  ["undefined and missing", { a: undefined }, {}],
  ["array and object", [], {}],
  ["map and object", new Map(), {}],
  ["map and set", new Map(), new Set()],
  ["maps", new Map([["a", 1]]), new Map([["a", 2]])],
  ["keys of maps", new Map([["a", 1]]), new Map([["b", 1]])],
  ["sets", new Set([1]), new Set([2])],
  ["bytes", new Uint8Array([1]), new Uint8Array([2])],
  ["instance and object", new Point(1), { x: 1 }],
  ["lengths", [1], [1, 2]],
];

for (const [what, a, b] of EQUAL) {
  Deno.test(`equal() takes as equal: ${what}`, () => {
    assertions.assert(equal(a, b));
    assertEquals(a, b);
    assertThrows(() => assertions.assertNotEquals(a, b), AssertionError);
  });
}

for (const [what, a, b] of DIFFERENT) {
  Deno.test(`equal() tells apart: ${what}`, () => {
    assertions.assert(!equal(a, b));
    assertThrows(() => assertEquals(a, b), AssertionError);
    assertions.assertNotEquals(a, b);
  });
}

const WRONG: Record<string, () => unknown> = {
  assert: () => assertions.assert(0),
  assertAlmostEquals: () => assertions.assertAlmostEquals(1, 1.1),
  assertArrayIncludes: () => assertions.assertArrayIncludes([1], [2]),
  assertExists: () => assertions.assertExists(undefined),
  assertFalse: () => assertions.assertFalse(1),
  assertGreater: () => assertions.assertGreater(1, 1),
  assertGreaterOrEqual: () => assertions.assertGreaterOrEqual(0, 1),
  assertInstanceOf: () => assertions.assertInstanceOf({}, Point),
  assertLess: () => assertions.assertLess(1, 1),
  assertLessOrEqual: () => assertions.assertLessOrEqual(2, 1),
  assertMatch: () => assertions.assertMatch("a", /b/),
  assertNotMatch: () => assertions.assertNotMatch("a", /a/),
  assertNotStrictEquals: () => assertions.assertNotStrictEquals(1, 1),
  assertObjectMatch: () => assertions.assertObjectMatch({ a: 1 }, { a: 2 }),
  assertStrictEquals: () => assertions.assertStrictEquals({}, {}),
  assertStringIncludes: () => assertions.assertStringIncludes("a", "b"),
  fail: () => assertions.fail("why"),
  unreachable: () => assertions.unreachable(),
};

for (const [name, check] of Object.entries(WRONG)) {
  Deno.test(`${name}() throws an AssertionError`, () => {
    assertThrows(check, AssertionError);
  });
}

Deno.test("Every assertion lets pass what it asks for", () => {
  assertions.assert("text");
  assertions.assertAlmostEquals(0.1 + 0.2, 0.3);
  assertions.assertArrayIncludes([1, { a: 2 }], [{ a: 2 }]);
  assertions.assertExists(0);
  assertions.assertFalse("");
  assertions.assertGreater(2, 1);
  assertions.assertGreaterOrEqual(1, 1);
  assertions.assertInstanceOf(new Point(1), Point);
  assertions.assertLess(1, 2);
  assertions.assertLessOrEqual(1, 1);
  assertions.assertMatch("abc", /b/);
  assertions.assertNotMatch("abc", /d/);
  assertions.assertNotStrictEquals({}, {});
  assertions.assertObjectMatch({ a: 1, b: { c: 2, d: 3 } }, { b: { c: 2 } });
  assertions.assertStrictEquals(NaN, NaN);
  assertions.assertStringIncludes("abc", "b");
});

Deno.test("assertThrows() returns the error and checks its class and text", () => {
  const error = new RangeError("too large");
  const fail = () => {
    throw error;
  };
  assertions.assertStrictEquals(assertThrows(fail, RangeError, "large"), error);
  assertions.assertStrictEquals(assertThrows(fail), error);
  assertThrows(() => assertThrows(fail, TypeError), AssertionError);
  assertThrows(() => assertThrows(fail, RangeError, "small"), AssertionError);
  assertThrows(() => assertThrows(() => {}), AssertionError);
});

Deno.test("assertRejects() returns the error and checks its class and text", async () => {
  const error = new RangeError("too large");
  const reject = () => Promise.reject(error);
  assertions.assertStrictEquals(
    await assertRejects(reject, RangeError, "large"),
    error,
  );
  const wrong: (() => Promise<unknown>)[] = [
    () => assertRejects(reject, TypeError),
    () => assertRejects(reject, RangeError, "small"),
    () => assertRejects(() => Promise.resolve()),
    // Thrown, not rejected.
    () =>
      assertRejects(() => {
        throw error;
      }),
  ];
  for (const attempt of wrong) {
    assertions.assertInstanceOf(
      await attempt().catch((error: unknown) => error),
      AssertionError,
    );
  }
});

Deno.test("FakeTime turns the clock and runs the timers on its way", async () => {
  using time = new FakeTime(1_000);
  const seen: number[] = [];
  setTimeout(() => seen.push(Date.now()), 50);
  await time.tickAsync(49);
  assertEquals(seen, []);
  await time.tickAsync(1);
  assertEquals(seen, [1_050]);
  assertEquals(time.now, 1_050);
});

Deno.test("FakeTime gives the real clock back", () => {
  const before = Date.now();
  {
    using time = new FakeTime(0);
    assertEquals([time.now, Date.now()], [0, 0]);
  }
  assertions.assertGreaterOrEqual(Date.now(), before);
});

Deno.test("unicodeWidth() counts columns", () => {
  assertEquals(unicodeWidth("abc"), 3);
  assertEquals(unicodeWidth("漢字"), 4);
  assertEquals(unicodeWidth("e\u0301 \u{1f40d}\u200b"), 4);
});

Deno.test("parseArgs() reads flags, values and the rest", () => {
  const args = parseArgs(["--json", "--seed", "5", "one", "--", "two"], {
    boolean: ["json"],
    string: ["seed"],
    "--": true,
  });
  assertEquals(args.json, true);
  assertEquals(args.seed, "5");
  assertEquals(args._, ["one"]);
  assertEquals(args["--"], ["two"]);
});

Deno.test("The files and paths are where they should be", async () => {
  const root = await Deno.makeTempDir();
  await ensureDir(join(root, "a", "b"));
  await ensureDir(join(root, "a", "b"));
  await Deno.writeTextFile(join(root, "a", "b", "c.ts"), "");
  await Deno.writeTextFile(join(root, "a", "d.md"), "");

  assertEquals(await exists(join(root, "a")), true);
  assertEquals(await exists(join(root, "z")), false);
  const found: string[] = [];
  for await (
    const entry of walk(root, { includeDirs: false, exts: [".ts"] })
  ) found.push(entry.path);
  assertEquals(found, [join(root, "a", "b", "c.ts")]);
  assertEquals(basename(fromFileUrl(import.meta.url)), "std_adapters_test.ts");
  await Deno.remove(root, { recursive: true });
});
