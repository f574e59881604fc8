import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  checkLabel,
  checkName,
  formatAmount,
  formatApart,
  formatMb,
  isSizeName,
  parseAmount,
  parseCount,
  parseSize,
} from "../../lib/core/amount.ts";
import { randomSeed, seededRandom } from "../support/random.ts";

type ErrorClass = new (message: string) => Error;

/** Each message names the value in quotes and ends with a way out. */
function assertRefused(
  run: () => unknown,
  kind: ErrorClass,
  message: string,
): void {
  const error = assertThrows(run, kind, message);
  assertEquals(error.constructor, kind);
  assertMatch(error.message, /^Cannot .+: .+[^.]$/);
}

Deno.test("parseSize() reads every way in which people write a size", () => {
  const sizes: readonly (readonly [string, number])[] = [
    ["4096", 4096],
    ["1", 1],
    ["007", 7],
    ["4096M", 4096],
    ["4096MB", 4096],
    ["4096MiB", 4096],
    ["4G", 4096],
    ["4GB", 4096],
    ["4GiB", 4096],
    ["4Gi", 4096],
    ["4g", 4096],
    ["4gib", 4096],
    ["4 GB", 4096],
    ["  4G\t", 4096],
    ["7.5G", 7680],
    ["0.5G", 512],
    ["0.0009765625G", 1],
    ["1.50G", 1536],
    ["1T", 1_048_576],
    ["1.5T", 1_572_864],
    ["1024K", 1],
    ["2048kb", 2],
    ["3072.0K", 3],
    [String(Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER],
  ];
  for (const [text, mb] of sizes) assertEquals(parseSize(text), mb, text);
});

Deno.test("parseSize() refuses what is no size", () => {
  const texts = [
    "",
    " ",
    "G",
    ".5G",
    "4.G",
    "4..5G",
    "1,5G",
    "+4G",
    "--4G",
    "4e3",
    "0x10",
    "1_000",
    "Infinity",
    "NaN",
    "four",
    "4 4G",
    "٤G",
    "４G",
    "²",
    "1".repeat(65),
  ];
  for (const text of texts) {
    assertRefused(() => parseSize(text), SyntaxError, "not a number");
  }
});

Deno.test("parseSize() refuses units that it does not know", () => {
  for (
    const text of ["4X", "4B", "4Gb/s", "4GG", "4 bytes", "4Ġ", "4P", "4iB"]
  ) {
    assertRefused(() => parseSize(text), SyntaxError, "unit is unknown");
  }
  // The sign for kelvin looks like a K and is none.
  assertRefused(() => parseSize("1024\u212a"), SyntaxError, "unit is unknown");
});

Deno.test("parseSize() refuses what is not above 0, unless 0 is meant", () => {
  for (const text of ["0", "0G", "0.0", "-1", "-4G", "-0", "-0.1"]) {
    assertRefused(() => parseSize(text), RangeError, "must be above 0");
  }
  assertEquals(parseSize("0", { orZero: true }), 0);
  assertEquals(parseSize("0.0G", { orZero: true }), 0);
  assertRefused(
    () => parseSize("-1", { orZero: true }),
    RangeError,
    "must be 0 or more",
  );
});

Deno.test("parseSize() refuses a fraction of a MiB and offers the next size", () => {
  assertRefused(
    () => parseSize("7.3G"),
    RangeError,
    'Cannot use the size "7.3G" as it is not a whole number of MB: write 7476M',
  );
  assertRefused(() => parseSize("512K"), RangeError, "write 1M");
  assertRefused(() => parseSize("1.5"), RangeError, "write 2M");
});

Deno.test("parseSize() refuses what is not a safe integer", () => {
  for (const text of ["9007199254740992", "8796093022208G", "9".repeat(64)]) {
    assertRefused(() => parseSize(text), RangeError, "too large");
  }
  assertEquals(parseSize("8796093022207G"), 8_796_093_022_207 * 1024);
});

Deno.test("parseSize() is exact for any size with two decimals", () => {
  const seed = randomSeed();
  const random = seededRandom(seed);
  for (let i = 0; i < 500; i++) {
    const hundredths = random(1_000_000) + 1;
    const text = `${Math.floor(hundredths / 100)}.${
      String(hundredths % 100).padStart(2, "0")
    }G`;
    const note = `${text} (RESLOCK_SEED=${seed})`;
    if (hundredths * 1024 % 100 === 0) {
      assertEquals(parseSize(text), hundredths * 1024 / 100, note);
    } else {
      assertThrows(() => parseSize(text), RangeError, "whole number", note);
    }
  }
});

Deno.test("parseSize() shows hostile text without obeying it", () => {
  assertThrows(() => parseSize("\x1b[2J"), SyntaxError, '"\\u001b[2J"');
});

Deno.test("parseCount() reads whole numbers above 0", () => {
  assertEquals(parseCount("1"), 1);
  assertEquals(parseCount(" 16 "), 16);
  assertEquals(parseCount("2.0"), 2);
  assertEquals(parseCount("0", { orZero: true }), 0);
});

Deno.test("parseCount() refuses anything else", () => {
  assertRefused(() => parseCount("0"), RangeError, "must be above 0");
  assertRefused(() => parseCount("-2"), RangeError, "must be above 0");
  assertRefused(
    () => parseCount("1.5"),
    RangeError,
    'Cannot use the amount "1.5" as it is not a whole number: write 2',
  );
  assertRefused(() => parseCount("9007199254740992"), RangeError, "too large");
  assertRefused(() => parseCount(""), SyntaxError, "not a number");
  assertRefused(() => parseCount("two"), SyntaxError, "not a number");
  assertRefused(() => parseCount("4G"), SyntaxError, "only sizes have a unit");
});

Deno.test("parseAmount() reads a size where the name says MB", () => {
  for (
    const name of [
      "ram_mb",
      "vram_mb",
      "gpu_GPU-1_vram_mb",
      "disk_mb@/data",
      "disk_mb@/mnt/a\nb",
    ]
  ) {
    assertEquals(isSizeName(name), true, name);
    assertEquals(parseAmount(name, "4G"), 4096, name);
  }
  for (const name of ["cpu_cores", "_mbx", "disk_mb", "mb", "net_eth0_mbps"]) {
    assertEquals(isSizeName(name), name === "disk_mb", name);
  }
  assertEquals(parseAmount("gpu_slots", "2"), 2);
  assertThrows(() => parseAmount("gpu_slots", "2G"), SyntaxError);
  assertEquals(parseAmount("ram_mb", "0", { orZero: true }), 0);
});

Deno.test("formatMb() writes a size as people read it", () => {
  const sizes: readonly (readonly [number, string])[] = [
    [0, "0 MB"],
    [1, "1 MB"],
    [512, "512 MB"],
    [1023, "1023 MB"],
    [1024, "1 GB"],
    [7680, "7.5 GB"],
    [8192, "8 GB"],
    [24_135, "23.5 GB"],
    [24_576, "24 GB"],
    [81_559, "79.6 GB"],
    [1_048_576, "1 TB"],
    [1_572_864, "1.5 TB"],
    [2 ** 30, "1 PB"],
    [2 ** 42, "4096 PB"],
    [-512, "-512 MB"],
  ];
  for (const [mb, text] of sizes) assertEquals(formatMb(mb), text);
});

Deno.test("formatMb() never tells more than there is", () => {
  assertEquals(formatMb(8191), "7.99 GB");
  assertEquals(formatMb(1_048_575), "1023.9 GB");
});

Deno.test("formatMb() writes what is missing with the same unit as what is there", () => {
  for (const mb of [1, 512, 7680, 1_258_291]) {
    assertEquals(formatMb(-mb), `-${formatMb(mb)}`);
  }
  assertEquals(formatMb(-7680), "-7.5 GB");
});

Deno.test("formatMb() is read back by parseSize() where it is exact", () => {
  for (const mb of [1, 512, 1024, 1280, 7680, 24_576, 1_572_864]) {
    assertEquals(parseSize(formatMb(mb)), mb);
  }
});

Deno.test("formatAmount() writes a size where the name says MB", () => {
  assertEquals(formatAmount("ram_mb", 8192), "8 GB");
  assertEquals(formatAmount("disk_mb@/data", 512), "512 MB");
  assertEquals(formatAmount("cpu_cores", 8192), "8192");
});

Deno.test("checkName() takes any readable name", () => {
  for (
    const name of [
      "ram_mb",
      "disk_mb@/mnt/größe",
      "конструктор",
      "constructor",
      "🦕",
      " ",
      "x".repeat(200),
    ]
  ) checkName(name);
});

Deno.test("checkName() refuses what would harm a file or a terminal", () => {
  assertRefused(() => checkName(""), RangeError, "empty");
  assertRefused(() => checkName("x".repeat(201)), RangeError, "too long");
  for (const name of ["a\nb", "\x1b[2J", "a\0", "\x9b", "a\u2028b", "\x7f"]) {
    assertRefused(() => checkName(name), SyntaxError, "control character");
  }
  for (const name of ["\ud800", "a\udc00b"]) {
    assertRefused(() => checkName(name), SyntaxError, "half a character");
  }
  assertRefused(() => checkName("__proto__"), RangeError, "special");
  for (const value of [undefined, null, 4, {}]) {
    assertRefused(
      () => checkName(value as unknown as string),
      TypeError,
      "type",
    );
  }
});

Deno.test("formatApart() shows a difference that is too small for a unit", () => {
  assertEquals(formatApart("ram_mb", 24_576, 24_564), ["24 GB", "23.9 GB"]);
  assertEquals(formatApart("ram_mb", 24_570, 24_564), ["24570 MB", "24564 MB"]);
  assertEquals(formatApart("ram_mb", 24_564, 24_564), ["23.9 GB", "23.9 GB"]);
  assertEquals(formatApart("slots", 4, 2), ["4", "2"]);
});

Deno.test("checkLabel() refuses the same but knows no special word", () => {
  checkLabel("__proto__");
  checkLabel("llama 70b, for Anna");
  assertRefused(() => checkLabel(""), RangeError, "empty label");
  assertRefused(() => checkLabel("x\r"), SyntaxError, "control character");
  assertRefused(() => checkLabel("x".repeat(201)), RangeError, "too long");
});
