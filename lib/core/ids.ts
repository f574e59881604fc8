/**
 * Ids of our own leases and queue entries: `<owner>-<n>`.
 *
 * `owner` names the owner file whose lock proves that the process lives.
 * The low bits of `n` say how the entry wants to be scheduled; the wire format
 * has no field for it, and every process must read the same.
 *
 * @module
 */

const NATIVE_ID = /^[0-9a-z]{10}-[0-9]{1,15}$/;
const OWNER_LENGTH = 10;
const OWNER = /^[0-9a-z]{10}$/;
const CONFIRMS = 1;
const YIELDS = 2;
const FLAG_BITS = 2;

/** What an id of ours tells. */
export interface NativeId {
  readonly owner: string;
  /** Needs a truth from outside (driver, free disk): only its owner may grant it. */
  readonly confirms: boolean;
  /** Sets nothing aside while it does not fit (`hold: false`). */
  readonly yields: boolean;
}

let lastId = "";
let lastParsed: NativeId | undefined;

/** Parses an id of ours; `undefined` for any other (a Python client's, say). */
export function parseNativeId(id: string): NativeId | undefined {
  // One transaction asks for the same id again and again.
  if (id === lastId) return lastParsed;
  lastId = id;
  return lastParsed = parse(id);
}

function parse(id: string): NativeId | undefined {
  // Without the groups: there are as many ids as lines, and each would cost an array.
  if (!NATIVE_ID.test(id)) return undefined;
  // The last two binary digits of a number are told by its last two decimal ones.
  const number = Number(id.slice(Math.max(OWNER_LENGTH + 1, id.length - 2)));
  const flags = number % (1 << FLAG_BITS);
  return {
    owner: id.slice(0, OWNER_LENGTH),
    confirms: (flags & CONFIRMS) !== 0,
    yields: (flags & YIELDS) !== 0,
  };
}

/** The id of an owner's `sequence`-th entry. */
export function nativeId(
  owner: string,
  sequence: number,
  flags: { confirms?: boolean; yields?: boolean } = {},
): string {
  const bits = (flags.confirms ? CONFIRMS : 0) | (flags.yields ? YIELDS : 0);
  return `${owner}-${sequence * (1 << FLAG_BITS) + bits}`;
}

/** Whether a file name in the owners' directory can be an owner's. */
export function isOwnerName(name: string): boolean {
  return OWNER.test(name);
}
