/**
 * Changes of a state file as accidents and ill will make them: of its bytes, of its
 * lines, and of what it says.
 *
 * @module
 */

/** A whole number from 0 to below its argument. */
export type Random = (below: number) => number;

const ODD_BYTES = [0x00, 0x0a, 0x1b, 0x20, 0x21, 0x22, 0x2c, 0x5b, 0x5d, 0x7b];
const HIGH_BYTES = [0x7d, 0x7f, 0x80, 0xbf, 0xc0, 0xe2, 0xed, 0xf4, 0xff];

const ODD_NAMES = [
  ...["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"],
  ...["", "0", "-1", "4294967295", "id", "version", "lease_id", "vram_mb"],
  ...["disk_mb@/", "disk_mb@", "gpu__vram_mb", "gpu_A_vram_mb", "ram_mb"],
  ...["../../etc/passwd", "a\u001b[2Jb", "\u202eabc", "n".repeat(300)],
];

const ODD_TEXTS = [
  ...["../state.json-1", "abcdefghij-4", "abcdefghij-999999999999999"],
  ...[
    "\u001b]0;title\u0007",
    "\u009b31m",
    "\u0000",
    "\r\n",
    "\u2028",
    "\ufeff",
  ],
  ...["2026-13-45T99:99:99Z", "9".repeat(400), "-1", "x".repeat(5000), "😀"],
];

const ODD_NUMBERS = [
  ...[0, -0, 1, -1, 0.5, 1e-7, 1e21, 5e-324, 1.7976931348623157e308],
  ...[2 ** 31, 2 ** 32, 2 ** 53, 2 ** 53 - 1, -(2 ** 53 - 1), 1024, 1025],
];

/** What JSON can say and `JSON.stringify` never does. */
const ODD_LITERALS = [
  ...["1e999", "-1e999", "9007199254740993", "1E2", "-0", "0.0", "00", "NaN"],
  ...['"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', "{,}", "[1,]", "//", "'a'"],
  ...['{"a":1,"a":2}', '{"__proto__":{"polluted":1}}', "Infinity", "\u00a0"],
];

const HOLE = "a place for a literal";

function one<T>(values: readonly T[], random: Random): T {
  return values[random(values.length)];
}

/** The bytes of a text. */
export function toBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

// ------------------------------------------------------------------ bytes

function mutateBytes(
  bytes: Uint8Array,
  other: Uint8Array,
  random: Random,
): Uint8Array {
  const at = random(bytes.length + 1);
  const length = Math.min(bytes.length - at, random(random(8) === 0 ? 600 : 8));
  const before = bytes.subarray(0, at);
  const piece = bytes.subarray(at, at + length);
  const after = bytes.subarray(at + length);
  switch (random(7)) {
    case 0: {
      const changed = bytes.slice();
      if (at < changed.length) changed[at] ^= 1 << random(8);
      return changed;
    }
    case 1: {
      const odd = one(random(2) === 0 ? ODD_BYTES : HIGH_BYTES, random);
      return joined(before, Uint8Array.of(odd), after);
    }
    case 2:
      return joined(before, after);
    case 3:
      return joined(before, piece, piece, after);
    case 4:
      return before.slice();
    case 5: {
      const from = random(other.length + 1);
      return joined(before, other.subarray(from, from + random(400)), after);
    }
    default:
      return joined(before, new Uint8Array(length).fill(0x20), after);
  }
}

// ------------------------------------------------------------------ lines

/** Rows that move, come twice, or lose what stands between them. */
function mutateLines(bytes: Uint8Array, random: Random): Uint8Array {
  const lines = new TextDecoder("latin1").decode(bytes).split("\n");
  const at = random(lines.length);
  const to = random(lines.length);
  switch (random(6)) {
    case 0:
      lines.splice(at, 1);
      break;
    case 1:
      lines.splice(to, 0, lines[at]);
      break;
    case 2:
      lines.splice(to, 0, ...lines.splice(at, 1));
      break;
    case 3:
      lines[at] = (random(2) === 0 ? " " : ",") + lines[at].slice(1);
      break;
    case 4:
      lines.splice(at, 2, lines.slice(at, at + 2).join(one(["", " "], random)));
      break;
    default:
      lines[at] = lines[at].replaceAll(/\S/g, " ");
  }
  const text = lines.join("\n");
  const result = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) result[i] = text.charCodeAt(i);
  return result;
}

// ------------------------------------------------------------------ values

type Json = null | boolean | number | string | Json[] | {
  [name: string]: Json;
};

interface Place {
  readonly parent: Json[] | { [name: string]: Json };
  readonly key: string;
}

/** Every place in a value, that of the whole excepted. */
function placesIn(value: Json, found: Place[] = []): Place[] {
  if (typeof value !== "object" || value === null) return found;
  for (const key of Object.keys(value)) {
    found.push({ parent: value, key });
    placesIn((value as Record<string, Json>)[key], found);
  }
  return found;
}

function put({ parent, key }: Place, value: Json): void {
  if (Array.isArray(parent) && !Object.hasOwn(parent, key)) {
    parent.push(value);
    return;
  }
  // An assignment to `__proto__` would be one to the prototype.
  Object.defineProperty(parent, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function oddValue(random: Random): Json {
  switch (random(8)) {
    case 0:
      return null;
    case 1:
      return random(2) === 0;
    case 2:
    case 3:
      return one(ODD_NUMBERS, random);
    case 4:
      return one(ODD_TEXTS, random);
    case 5:
      return one<Json>([[], {}, [[]], [{}], [1, 2, 3]], random);
    case 6: {
      let nested: Json = {};
      for (let depth = random(60); depth > 0; depth--) {
        nested = random(2) === 0 ? [nested] : { a: nested };
      }
      return nested;
    }
    default:
      return HOLE;
  }
}

function mutateValue(bytes: Uint8Array, random: Random): Uint8Array {
  try {
    return mutateJson(JSON.parse(new TextDecoder().decode(bytes)), random);
  } catch {
    // Not JSON, or nested too deeply to be walked.
    return mutateLines(bytes, random);
  }
}

function mutateJson(root: Json, random: Random): Uint8Array {
  for (let times = random(3); times >= 0; times--) {
    const places = placesIn(root);
    if (places.length === 0) return toBytes(JSON.stringify(oddValue(random)));
    const place = one(places, random);
    const { parent, key } = place;
    const value = (parent as Record<string, Json>)[key];
    switch (random(6)) {
      case 0:
        if (Array.isArray(parent)) parent.splice(Number(key), 1);
        else delete parent[key];
        break;
      case 1:
        put({ parent, key: one(ODD_NAMES, random) }, value);
        break;
      case 2:
        if (Array.isArray(parent)) parent.push(structuredClone(value));
        else put({ parent, key: one(ODD_NAMES, random) }, oddValue(random));
        break;
      case 3: {
        const other = one(places, random);
        const copy = (other.parent as Record<string, Json>)[other.key];
        put(place, structuredClone(copy));
        break;
      }
      default:
        put(place, oddValue(random));
    }
  }
  const indent = [undefined, undefined, 1, "\t"][random(4)];
  const text = JSON.stringify(root, null, indent);
  return toBytes(text.replaceAll(
    JSON.stringify(HOLE),
    () => one(ODD_LITERALS, random),
  ));
}

/** Some bytes made of others: one to four changes of any kind. */
export function mutate(
  bytes: Uint8Array,
  other: Uint8Array,
  random: Random,
): Uint8Array {
  let changed = bytes;
  for (let times = random(4); times >= 0; times--) {
    const kind = random(8);
    if (kind < 4) changed = mutateValue(changed, random);
    else if (kind < 6) changed = mutateBytes(changed, other, random);
    else changed = mutateLines(changed, random);
  }
  return changed;
}

/** The same for what is no text. */
export function mutateBinary(bytes: Uint8Array, random: Random): Uint8Array {
  let changed = bytes;
  for (let times = random(4); times >= 0; times--) {
    changed = mutateBytes(changed, bytes, random);
  }
  return changed;
}
