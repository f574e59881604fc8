// deno-lint-ignore-file no-import-prefix
/**
 * `@std/assert` where JSR cannot be reached: equality by `es-toolkit`, the
 * difference shown and the remaining checks by `node:assert`.
 *
 * Unlike the original, two maps whose keys are objects are equal only when
 * they share those objects.
 *
 * @module
 */
import nodeAssert from "node:assert";
import { isEqual } from "npm:es-toolkit@1.53.2/predicate";

/** What every assertion here throws. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

// deno-lint-ignore no-explicit-any
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

function failure(summary: string, message?: string): AssertionError {
  return new AssertionError(message ? `${summary}: ${message}` : summary);
}

function show(value: unknown): string {
  return Deno.inspect(value, { depth: 10, strAbbreviateSize: 1000 });
}

/** The difference as `node:assert` draws it; empty where it sees none. */
function difference(actual: unknown, expected: unknown): string {
  try {
    nodeAssert.deepStrictEqual(actual, expected);
    return "";
  } catch (error) {
    return `\n${(error as Error).message}`;
  }
}

export function equal(a: unknown, b: unknown): boolean {
  return isEqual(a, b);
}

export function assert(value: unknown, message = ""): asserts value {
  if (!value) throw new AssertionError(message);
}

export function assertFalse(
  value: unknown,
  message?: string,
): asserts value is false {
  if (value) throw failure("Expected a falsy value", message);
}

export function fail(message?: string): never {
  throw failure("Failed assertion", message);
}

export function unreachable(reason?: string): never {
  throw failure("Unreachable", reason);
}

export function assertEquals<T>(
  actual: T,
  expected: T,
  message?: string,
): void {
  if (isEqual(actual, expected)) return;
  throw failure(
    `Values are not equal${difference(actual, expected)}`,
    message,
  );
}

export function assertNotEquals<T>(
  actual: T,
  expected: T,
  message?: string,
): void {
  if (!isEqual(actual, expected)) return;
  throw failure(`Expected a value other than ${show(actual)}`, message);
}

export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  message?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  throw failure(
    `Values are not strictly equal: ${show(actual)}, ${show(expected)}`,
    message,
  );
}

export function assertNotStrictEquals<T>(
  actual: T,
  expected: T,
  message?: string,
): void {
  if (!Object.is(actual, expected)) return;
  throw failure(`Expected another value than ${show(actual)}`, message);
}

export function assertExists<T>(
  actual: T,
  message?: string,
): asserts actual is NonNullable<T> {
  if (actual !== undefined && actual !== null) return;
  throw failure(`Expected a value, not ${actual}`, message);
}

export function assertInstanceOf<
  // deno-lint-ignore no-explicit-any
  T extends abstract new (...args: any[]) => any,
>(
  actual: unknown,
  expectedType: T,
  message?: string,
): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  throw failure(
    `Expected an instance of ${expectedType.name}, not ${show(actual)}`,
    message,
  );
}

export function assertStringIncludes(
  actual: string,
  expected: string,
  message?: string,
): void {
  if (actual.includes(expected)) return;
  throw failure(
    `Expected ${show(actual)} to contain ${show(expected)}`,
    message,
  );
}

export function assertMatch(
  actual: string,
  expected: RegExp,
  message?: string,
): void {
  if (expected.test(actual)) return;
  throw failure(`Expected ${show(actual)} to match ${expected}`, message);
}

export function assertNotMatch(
  actual: string,
  expected: RegExp,
  message?: string,
): void {
  if (!expected.test(actual)) return;
  throw failure(`Expected ${show(actual)} not to match ${expected}`, message);
}

export function assertArrayIncludes<T>(
  actual: ArrayLike<T> & object,
  expected: ArrayLike<T> & object,
  message?: string,
): void {
  const present = Array.from(actual);
  const missing = Array.from(expected).filter((wanted) =>
    !present.some((value) => isEqual(value, wanted))
  );
  if (missing.length === 0) return;
  throw failure(
    `Expected ${show(actual)} to include ${show(missing)}`,
    message,
  );
}

export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  message?: string,
): void {
  try {
    nodeAssert.partialDeepStrictEqual(actual, expected);
  } catch (error) {
    throw failure((error as Error).message, message);
  }
}

export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance: number = Number.isFinite(expected)
    ? Math.abs(expected * 1e-7)
    : 1e-7,
  message?: string,
): void {
  if (Object.is(actual, expected)) return;
  if (Math.abs(expected - actual) <= tolerance) return;
  throw failure(
    `Expected ${actual} to be within ${tolerance} of ${expected}`,
    message,
  );
}

export function assertGreater<T>(
  actual: T,
  expected: T,
  message?: string,
): void {
  if (actual > expected) return;
  throw failure(`Expected ${show(actual)} > ${show(expected)}`, message);
}

export function assertGreaterOrEqual<T>(
  actual: T,
  expected: T,
  message?: string,
): void {
  if (actual >= expected) return;
  throw failure(`Expected ${show(actual)} >= ${show(expected)}`, message);
}

export function assertLess<T>(actual: T, expected: T, message?: string): void {
  if (actual < expected) return;
  throw failure(`Expected ${show(actual)} < ${show(expected)}`, message);
}

export function assertLessOrEqual<T>(
  actual: T,
  expected: T,
  message?: string,
): void {
  if (actual <= expected) return;
  throw failure(`Expected ${show(actual)} <= ${show(expected)}`, message);
}

export function assertIsError<E extends Error = Error>(
  error: unknown,
  errorClass?: ErrorClass<E>,
  messageIncludes?: string | RegExp,
  message?: string,
): asserts error is E {
  if (!(error instanceof Error)) {
    throw failure(`Expected an Error, not ${show(error)}`, message);
  }
  if (errorClass && !(error instanceof errorClass)) {
    throw failure(
      `Expected an error of class ${errorClass.name}, not ${show(error)}`,
      message,
    );
  }
  if (messageIncludes === undefined) return;
  const found = typeof messageIncludes === "string"
    ? error.message.includes(messageIncludes)
    : messageIncludes.test(error.message);
  if (!found) {
    throw failure(
      `Expected the error's message to include ${show(messageIncludes)}, ` +
        `not ${show(error.message)}`,
      message,
    );
  }
}

export function assertThrows(
  fn: () => unknown,
  message?: string,
): unknown;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClass: ErrorClass<E>,
  messageIncludes?: string,
  message?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  ...expected: unknown[]
): unknown {
  try {
    fn();
  } catch (error) {
    checkThrown(error, expected);
    return error;
  }
  throw failure("Expected the function to throw", messageOf(expected));
}

export function assertRejects(
  fn: () => PromiseLike<unknown>,
  message?: string,
): Promise<unknown>;
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass: ErrorClass<E>,
  messageIncludes?: string,
  message?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  ...expected: unknown[]
): Promise<unknown> {
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch {
    throw failure(
      "The function threw when it was expected to reject",
      messageOf(expected),
    );
  }
  if (typeof promise?.then !== "function") {
    throw failure(
      "The function returned no promise when it was expected to reject",
      messageOf(expected),
    );
  }
  try {
    await promise;
  } catch (error) {
    checkThrown(error, expected);
    return error;
  }
  throw failure("Expected the function to reject", messageOf(expected));
}

/** `(message)` or `(errorClass, messageIncludes, message)`. */
function messageOf(expected: readonly unknown[]): string | undefined {
  return (typeof expected[0] === "string" ? expected[0] : expected[2]) as
    | string
    | undefined;
}

function checkThrown(error: unknown, expected: readonly unknown[]): void {
  const [errorClass, messageIncludes] = expected;
  if (typeof errorClass !== "function") return;
  assertIsError(
    error,
    errorClass as ErrorClass<Error>,
    messageIncludes as string | undefined,
    messageOf(expected),
  );
}
