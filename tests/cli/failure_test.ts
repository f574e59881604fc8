import { assertEquals } from "@std/assert";
import {
  AcquireTimeoutError,
  CorruptStateError,
  ImpossibleRequestError,
  LockTimeoutError,
  SchemaVersionMismatch,
  StateAccessError,
} from "../../mod.ts";
import { ExitError, failureOf, UsageError } from "../../lib/cli/failure.ts";

const path = "/state.json";

Deno.test("failureOf() gives each error its exit code", () => {
  const timeout = new AcquireTimeoutError("x", { request: {}, waitedMs: 1 });
  const impossible = new ImpossibleRequestError("x", {
    resource: "a",
    requested: 2,
    capacity: 1,
  });
  const cases: [error: unknown, alone: number, inRun: number][] = [
    [new UsageError("x"), 2, 2],
    [new ExitError("x", 75), 75, 75],
    [timeout, 124, 124],
    [new CorruptStateError("x", { path }), 3, 3],
    [new StateAccessError("x", { path }), 3, 3],
    [new SchemaVersionMismatch("x", { path, found: 4, expected: 5 }), 3, 3],
    [new LockTimeoutError("x", { path, waitedMs: 1 }), 1, 125],
    [impossible, 1, 125],
    [new RangeError("x"), 1, 125],
    ["thrown text", 1, 125],
  ];
  for (const [error, alone, inRun] of cases) {
    assertEquals(failureOf(error, "release").exitCode, alone, String(error));
    assertEquals(failureOf(error, "run").exitCode, inRun, String(error));
  }
});

Deno.test("failureOf() tells what went wrong first", () => {
  const first = new CorruptStateError("first", { path });
  const then = new SuppressedError(new Error("then"), first);
  const later = new SuppressedError(new Error("later"), then);
  assertEquals(failureOf(later), {
    message: 'first; see "reslock doctor"',
    exitCode: 3,
  });
});

Deno.test("failureOf() says it in one harmless line", () => {
  const text = "\x1b[1mtwo\x1b[22m\nlines, \x07 and an end.";
  assertEquals(
    failureOf(new Error(text)).message,
    "two lines, \\u0007 and an end",
  );
});

Deno.test("failureOf() points to the help for wrong words", () => {
  const help = (error: Error, command?: string) =>
    failureOf(error, command).message;
  assertEquals(
    help(new UsageError("Wrong"), "run"),
    'Wrong. See "reslock run --help"',
  );
  assertEquals(help(new UsageError("Who?")), 'Who? See "reslock --help"');
});
