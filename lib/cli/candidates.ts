/**
 * What may stand where somebody presses the tab key.
 *
 * @module
 */
import type { PoolStatus } from "../../mod.ts";
import { commandIndex } from "./arguments.ts";
import { COMMAND_NAMES } from "./commands.ts";
import { PLACEMENTS, VISIBLE_FORMS } from "./run/options.ts";
import { SIGNAL_NAMES } from "./values.ts";

/** What the words are completed from. */
export interface Sources {
  /** The options of a command, such as `--json`. */
  optionsOf(command: string): Promise<readonly string[]>;
  /**
   * The pool now; `undefined` where there is none.
   *
   * @param state the state file that the words name, if they do
   */
  status(state: string | undefined): Promise<PoolStatus | undefined>;
}

/** The same, of the pool that the words mean. */
interface Known {
  readonly optionsOf: Sources["optionsOf"];
  readonly status: () => Promise<PoolStatus | undefined>;
}

/** The shells that there is a script for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

const GLOBAL_OPTIONS = ["--state", "--help", "--version"];

/**
 * The words that may stand in the place of the last one; none where it is a file
 * or anything of the user's own.
 */
export async function candidatesFor(
  words: readonly string[],
  sources: Sources,
): Promise<string[]> {
  const current = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const state = stateIn(before);
  const found = await allFor(before, current, {
    optionsOf: sources.optionsOf,
    status: () => sources.status(state),
  });
  return [...new Set(found)].filter((word) => word.startsWith(current)).sort();
}

/** The last state file that is named by words of reslock's own. */
function stateIn(words: readonly string[]): string | undefined {
  const end = words.indexOf("--");
  const own = end < 0 ? words : words.slice(0, end);
  return own.flatMap((word, index) => {
    if (word === "--state" || word === "-s") return own[index + 1] ?? [];
    return /^--state=(.*)/.exec(word)?.[1] ?? [];
  }).at(-1);
}

async function allFor(
  before: readonly string[],
  current: string,
  sources: Known,
): Promise<readonly string[]> {
  const previous = before.at(-1) ?? "";
  if (previous === "--state" || previous === "-s") return [];
  const index = commandIndex(before);
  if (index < 0) {
    return current.startsWith("-")
      ? GLOBAL_OPTIONS
      : [...COMMAND_NAMES, "help"];
  }
  const command = before[index];
  const after = before.slice(index + 1);
  // Behind it everything is the child's own.
  if (after.includes("--")) return [];
  const values = await valuesOf(previous, sources);
  if (values !== undefined) return values;
  const joined = /^(--[a-z-]+)=/.exec(current)?.[1] ?? "";
  const joinable = await valuesOf(joined, sources);
  if (joinable !== undefined) {
    return joinable.map((value) => `${joined}=${value}`);
  }
  if (current.startsWith("-")) return await sources.optionsOf(command);
  if (command === "run" || command === "why") return [];
  const words = await operandsOf(command, sources);
  // It would be read as an option.
  return words.filter((word) => !word.startsWith("-"));
}

/** What may stand behind an option; undefined where nothing is known of that. */
async function valuesOf(
  option: string,
  { status }: Known,
): Promise<readonly string[] | undefined> {
  switch (option) {
    case "--label":
    case "-l":
      return labelsOf(await status());
    case "--resource": {
      const names = Object.keys((await status())?.resources ?? {});
      return names.map((name) => `${name}=`);
    }
    case "--gpu":
      return cardsOf(await status());
    case "--placement":
      return PLACEMENTS;
    case "--visible":
      return VISIBLE_FORMS;
    case "--reclaim-signal":
      return SIGNAL_NAMES;
    default:
      return undefined;
  }
}

function labelsOf(status: PoolStatus | undefined): string[] {
  return [...status?.leases ?? [], ...status?.queue ?? []]
    .flatMap(({ label }) => label ?? []);
}

/** The numbers of the cards that have one here, and the UUIDs of all. */
function cardsOf(status: PoolStatus | undefined): string[] {
  return (status?.cards ?? []).flatMap(({ index, uuid }) =>
    index === null ? [uuid] : [String(index), uuid]
  );
}

async function operandsOf(
  command: string,
  { status }: Known,
): Promise<readonly string[]> {
  if (command === "help") return COMMAND_NAMES;
  if (command === "completions") return SHELLS;
  const pool = await status();
  const leases = (pool?.leases ?? []).map(({ id }) => id);
  const waiters = (pool?.queue ?? []).filter(({ leaseId }) => leaseId === null)
    .map(({ id }) => id);
  switch (command) {
    case "release":
    case "reclaim":
      return leases;
    case "cancel":
      return waiters;
    case "priority":
    case "wait":
      return [...leases, ...waiters];
    case "set":
    case "unset":
      return Object.keys(pool?.resources ?? {});
    default:
      return [];
  }
}
