/**
 * Amounts and names as people write and read them.
 *
 * The pool counts whole numbers: MiB for every name that ends in `_mb` and for the
 * free space of a mount, pieces for all others. Nothing is rounded on the way in.
 *
 * @module
 */
import { diskOfKey } from "./model.ts";
import { quoted, quotedValue } from "./quoted.ts";

/** How amounts are read. */
export interface AmountOptions {
  /** Whether 0 is meant, as it may be for a capacity. @default {false} */
  readonly orZero?: boolean;
}

const KIB_PER_UNIT: Readonly<Record<string, bigint>> = {
  K: 1n,
  M: 2n ** 10n,
  G: 2n ** 20n,
  T: 2n ** 30n,
};
const KIB_PER_MIB = 2n ** 10n;
const UNITS = ["MB", "GB", "TB", "PB"];

const NUMBER = /^(-?)([0-9]+)(?:\.([0-9]+))?\s*([^\s.\d]*)$/;
const SIZE_UNIT = /^([KMGT])I?B?$/;
/** Long enough for every number in range; a longer one costs time to multiply. */
const MAX_AMOUNT_LENGTH = 64;
const MAX_NAME_LENGTH = 200;
/** Of one request, or of all capacities: each is written into the file that all read. */
export const MAX_NAMES = 1024;
/** Controls and line ends: what would steer a terminal or break a list in two. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u;

interface WrittenNumber {
  /** All digits, without the point. */
  readonly digits: bigint;
  /** What the digits are to be divided by. */
  readonly scale: bigint;
  readonly negative: boolean;
  /** In upper case. */
  readonly unit: string;
}

function readNumber(text: string): WrittenNumber | undefined {
  if (text.length > MAX_AMOUNT_LENGTH) return undefined;
  const match = NUMBER.exec(text.trim());
  if (match === null) return undefined;
  const [, sign, whole, fraction = "", unit] = match;
  return {
    digits: BigInt(whole + fraction),
    scale: 10n ** BigInt(fraction.length),
    negative: sign === "-",
    unit: unit.toUpperCase(),
  };
}

/** Checks the range of `digits / scale` and makes it a number. */
function toAmount(
  text: string,
  { digits, scale, negative }: Omit<WrittenNumber, "unit">,
  what: string,
  unit: string,
  { orZero = false }: AmountOptions,
): number {
  if (negative || (digits === 0n && !orZero)) {
    throw new RangeError(
      `Cannot use the ${what} ${quoted(text)} as it must be ` +
        `${orZero ? "0 or more" : "above 0"}: write ${orZero ? 0 : 1}${unit} ` +
        `or more`,
    );
  }
  if (digits % scale !== 0n) {
    throw new RangeError(
      `Cannot use the ${what} ${quoted(text)} as it is not a whole number` +
        `${unit && " of MB"}: write ${digits / scale + 1n}${unit}`,
    );
  }
  const amount = digits / scale;
  if (amount > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new RangeError(
      `Cannot use the ${what} ${quoted(text)} as it is too large: ` +
        `write ${Number.MAX_SAFE_INTEGER}${unit} or less`,
    );
  }
  return Number(amount);
}

/**
 * Reads a size: `4G`, `4GB`, `4Gi`, `4GiB`, `1.5T`, `4096M`, or `4096`, which means MB.
 *
 * Every unit is a power of 1024, as with the Python package.
 *
 * @returns MiB
 * @example
 * ```ts
 * import { parseSize } from "jsr:@reslock/reslock";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseSize("1.5G"), 1536);
 * assertEquals(parseSize("512"), 512);
 * ```
 *
 * @throws {SyntaxError} if it is not a number with a unit
 * @throws {RangeError} if it is not above 0, not a whole number of MiB, or too large
 */
export function parseSize(text: string, options: AmountOptions = {}): number {
  const written = readNumber(text);
  if (written === undefined) {
    throw new SyntaxError(
      `Cannot read the size ${quoted(text)} as it is not a number with a ` +
        `unit: write it like 4G, 1.5T or 512M`,
    );
  }
  const unit = written.unit === "" ? "M" : SIZE_UNIT.exec(written.unit)?.[1];
  if (unit === undefined) {
    throw new SyntaxError(
      `Cannot read the size ${quoted(text)} as its unit is unknown: ` +
        `use K, M, G or T, such as 4G`,
    );
  }
  return toAmount(
    text,
    {
      digits: written.digits * KIB_PER_UNIT[unit],
      scale: written.scale * KIB_PER_MIB,
      negative: written.negative,
    },
    "size",
    "M",
    options,
  );
}

/**
 * Reads a number of pieces, such as cores or slots.
 *
 * @throws {SyntaxError} if it is not a number
 * @throws {RangeError} if it is not above 0, not whole, or too large
 */
export function parseCount(text: string, options: AmountOptions = {}): number {
  const written = readNumber(text);
  if (written === undefined) {
    throw new SyntaxError(
      `Cannot read the amount ${quoted(text)} as it is not a number: ` +
        `write it like 2`,
    );
  }
  if (written.unit !== "") {
    throw new SyntaxError(
      `Cannot read the amount ${quoted(text)} as only sizes have a unit: ` +
        `leave it out, or use a resource whose name ends in "_mb"`,
    );
  }
  return toAmount(text, written, "amount", "", options);
}

/** Whether amounts of this resource are MiB. */
export function isSizeName(name: string): boolean {
  return name.endsWith("_mb") || diskOfKey(name) !== undefined;
}

/** Reads an amount of a resource: a size where its name says so, else a count. */
export function parseAmount(
  name: string,
  text: string,
  options: AmountOptions = {},
): number {
  return isSizeName(name)
    ? parseSize(text, options)
    : parseCount(text, options);
}

/** MiB for people: `512 MB`, `7.5 GB`, `1.2 TB`; exact where two decimals suffice. */
export function formatMb(mb: number): string {
  if (mb < 0) return `-${formatMb(-mb)}`;
  let value = mb;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  // Cut, not rounded: 8191 MB must not read as the 8 GB that it cannot serve.
  const steps = value < 10 ? 100 : 10;
  return `${Math.trunc(value * steps) / steps} ${UNITS[unit]}`;
}

/** An amount of a resource for people: a size where its name says so. */
export function formatAmount(name: string, amount: number): string {
  return isSizeName(name) ? formatMb(amount) : String(amount);
}

/** Two amounts of a resource, in MB where they would read as the same though they differ. */
export function formatApart(
  name: string,
  a: number,
  b: number,
): readonly [string, string] {
  const [one, other] = [formatAmount(name, a), formatAmount(name, b)];
  return one === other && a !== b ? [`${a} MB`, `${b} MB`] : [one, other];
}

function checkText(what: string, text: string): void {
  if (typeof text !== "string") {
    throw new TypeError(
      `Cannot use a ${what} that is of type ${typeof text}: give a string`,
    );
  }
  if (text === "") {
    throw new RangeError(
      `Cannot use an empty ${what}: give at least one character`,
    );
  }
  if (text.length > MAX_NAME_LENGTH) {
    throw new RangeError(
      `Cannot use the ${what} ${quoted(text, 40)} as it is too long: ` +
        `use at most ${MAX_NAME_LENGTH} characters`,
    );
  }
  if (!text.isWellFormed()) {
    throw new SyntaxError(
      `Cannot use the ${what} ${quoted(text)} as it holds half a character ` +
        `(a lone surrogate): take it out`,
    );
  }
  if (CONTROL.test(text)) {
    throw new SyntaxError(
      `Cannot use the ${what} ${quoted(text)} as it holds a control ` +
        `character: take it out`,
    );
  }
}

/**
 * Checks the name of a resource.
 *
 * @throws {TypeError} if it is not a string
 * @throws {RangeError} if it is empty, longer than 200 characters, or `__proto__`
 * @throws {SyntaxError} if it holds control characters or is not well-formed
 */
export function checkName(name: string): void {
  checkText("resource name", name);
  if (name === "__proto__") {
    // Other programs keep amounts in plain objects, where this name sets no key.
    throw new RangeError(
      `Cannot use the resource name "__proto__" as it is special to ` +
        `JavaScript: choose another one`,
    );
  }
}

/**
 * What a caller gives amounts of, and the amounts, which may be anything yet.
 *
 * @param action what is done with them, for the error
 * @throws {TypeError} if it is no object
 */
export function entriesOf(
  amounts: unknown,
  action: string,
): [name: string, amount: unknown][] {
  const isObject = typeof amounts === "object" && amounts !== null;
  if (isObject && !Array.isArray(amounts)) return Object.entries(amounts);
  throw new TypeError(
    `Cannot ${action} ${quotedValue(amounts)} as it is not an object: give ` +
      `amounts by resource name`,
  );
}

/**
 * Checks how many resources are named.
 *
 * @param action what is done with them, for the error
 * @throws {RangeError} if there are more than 1024
 */
export function checkNameCount(action: string, count: number): void {
  if (count <= MAX_NAMES) return;
  throw new RangeError(
    `Cannot ${action} ${count} resources as ${MAX_NAMES} are the limit: name fewer`,
  );
}

/**
 * Checks the label of a request.
 *
 * @throws {TypeError} if it is not a string
 * @throws {RangeError} if it is empty or longer than 200 characters
 * @throws {SyntaxError} if it holds control characters or is not well-formed
 */
export function checkLabel(label: string): void {
  checkText("label", label);
}
