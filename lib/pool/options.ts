/**
 * What callers may say beside the amounts, checked.
 *
 * @module
 */
import { checkName, checkNameCount, entriesOf } from "../core/amount.ts";
import { diskOfKey, gpuOfKey } from "../core/model.ts";
import type { PlacementPolicy } from "../core/placement.ts";
import { quoted, quotedValue } from "../core/quoted.ts";
import type { PoolState } from "../core/state.ts";
import { checkWork } from "../lease/work.ts";
import type { AmountsByName } from "../status.ts";

/** Words of a request, which nobody can ask for as what they are called. */
const REQUEST_WORDS = ["vram_mb_each", "num_gpus"];
const PLACEMENTS: readonly unknown[] = ["pack", "spread"];
const SWITCHES = [
  "reclaimable",
  "hold",
  "waitForCapacity",
  "anyOrder",
] as const;

/** Options of {@linkcode ResourcePool}. */
export interface ResourcePoolOptions {
  /**
   * The state file. Without it: in `RESLOCK_DIR`, in `/var/lib/reslock` where that
   * directory exists, else in `~/.reslock`, each as `state.json`.
   */
  readonly path?: string;
  /**
   * Longest wait for the lock of the file while nobody writes it, in milliseconds. It
   * is held for microseconds at a time: only a stopped process makes anybody wait so
   * long.
   *
   * @default {5000}
   */
  readonly lockTimeoutMs?: number;
  /**
   * Whether memory of cards is leased only where the driver has it free, too: beside
   * what programs without a lease use. Where the driver cannot be asked, leases are
   * granted by accounting alone.
   *
   * @default {true}
   */
  readonly driverCheck?: boolean;
  /**
   * Told once what a missing permission or program takes away, and if the file
   * system of the pool is no good for one.
   *
   * @default {a line on standard error}
   */
  readonly onWarning?: (message: string) => void;
  /**
   * Whether to note, in a file beside the state, what this program gives back or
   * finds ended; see {@linkcode ResourcePool.history}.
   *
   * @default {true}
   */
  readonly history?: boolean;
}

/** Options of {@linkcode ResourcePool.tryAcquire}. */
export interface TryAcquireOptions {
  /** The higher, the sooner: a whole number. @default {0} */
  readonly priority?: number;
  /** What it is for, as other people see it; at most 200 characters. */
  readonly label?: string;
  /** Whether a request of higher priority may ask for it back. @default {false} */
  readonly reclaimable?: boolean;
  /**
   * How long it will be held, in whole seconds. Starts work on the lease that others
   * see, and that keeps it from being asked back.
   */
  readonly estimatedSeconds?: number;
  /**
   * The only cards that will do, each by number, UUID, beginning of it, or a part of the
   * model's name, which may mean several. With as many cards as amounts, the first
   * amount is for the first card, and so on.
   *
   * @default {any card of the pool}
   */
  readonly cards?: readonly string[];
  /**
   * Whether any amount may be on any of {@linkcode cards}, also where these are as many
   * as the amounts.
   *
   * @default {false}
   */
  readonly anyOrder?: boolean;
  /**
   * Which of several sufficient cards it gets: `"pack"` the fullest one, which leaves
   * empty cards whole for others; `"spread"` the emptiest one.
   *
   * @default {"pack" for one card, "spread" for several}
   */
  readonly placement?: PlacementPolicy;
}

/** Options of {@linkcode ResourcePool.explain}: those of `acquire` that decide. */
export interface ExplainOptions {
  /** The higher, the sooner: a whole number. @default {0} */
  readonly priority?: number;
  /** Whether what it needs would be kept free for it. @default {true} */
  readonly hold?: boolean;
  /**
   * Whether it would wait for capacities that nobody has registered yet: the verdict is
   * then `waits`, and `obstacle` tells for which.
   *
   * @default {false}
   */
  readonly waitForCapacity?: boolean;
  /** The only cards that would do, as for `acquire`. @default {any card of the pool} */
  readonly cards?: readonly string[];
  /** Whether any amount might be on any of these, as for `acquire`. @default {false} */
  readonly anyOrder?: boolean;
  /**
   * Which of several sufficient cards it would get, as for `acquire`.
   *
   * @default {"pack" for one card, "spread" for several}
   */
  readonly placement?: PlacementPolicy;
  /**
   * Capacities that are supposed to be registered where there is none yet.
   *
   * @default {none}
   */
  readonly capacities?: AmountsByName;
}

/** Options of {@linkcode ResourcePool.acquire}. */
export interface AcquireOptions extends TryAcquireOptions {
  /**
   * Calls the wait off, whatever is waited for; a lease that is held already is not
   * touched.
   */
  readonly signal?: AbortSignal;
  /**
   * Longest wait in milliseconds, from the call on; `0` means one try, which takes as
   * long as the state file and the driver make it.
   *
   * @default {Infinity}
   */
  readonly timeoutMs?: number;
  /**
   * Whether to wait for capacities that nobody has registered yet, instead of
   * failing at once. Cards cannot be named before one is registered.
   *
   * @default {false}
   */
  readonly waitForCapacity?: boolean;
  /**
   * Whether what it needs is kept free for it while it waits. Without that, smaller
   * requests behind it may pass it for ever.
   *
   * @default {true}
   */
  readonly hold?: boolean;
  /** Called once if it has to wait, with its place in the queue, from 1. */
  readonly onQueued?: (waiting: {
    readonly id: string;
    readonly position: number;
  }) => void;
}

/**
 * Checks what a caller says beside the amounts.
 *
 * @throws {RangeError} if an option is outside of its range
 * @throws {TypeError} if one is of the wrong type
 * @throws {SyntaxError} if the label holds control characters or is not well-formed
 */
export function checkOptions(options: AcquireOptions): void {
  const { priority, label, estimatedSeconds, timeoutMs, placement } = options;
  for (const name of SWITCHES) checkSwitch(name, options[name]);
  if (options.cards !== undefined) checkCards(options.cards);
  if (placement !== undefined && !PLACEMENTS.includes(placement)) {
    throw new RangeError(
      `Cannot use "placement" as it must be "pack" or "spread": current value is ` +
        quotedValue(placement),
    );
  }
  checkWork({ label, estimatedSeconds });
  if (priority !== undefined) checkPriority(priority);
  if (timeoutMs !== undefined) checkMilliseconds("timeoutMs", timeoutMs);
}

/**
 * Checks a time, which may be endless.
 *
 * @throws {RangeError} if it is no number from 0
 */
export function checkMilliseconds(name: string, value: number): void {
  if (typeof value === "number" && value >= 0) return;
  throw new RangeError(
    `Cannot use ${
      quoted(name)
    } as it must be a number from 0: current value is ` +
      quotedValue(value),
  );
}

function checkSwitch(name: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new TypeError(
    `Cannot use ${
      quoted(name)
    } as it must be true or false: current value is ` +
      quotedValue(value),
  );
}

function checkCards(cards: unknown): void {
  const wrong = (value: unknown) =>
    new TypeError(
      `Cannot use "cards" as it must be a list of strings, such as ["0", "1"]: ` +
        `current value is ${quotedValue(value)}`,
    );
  if (!Array.isArray(cards)) throw wrong(cards);
  for (const card of cards) if (typeof card !== "string") throw wrong(card);
}

/**
 * Checks a priority.
 *
 * @throws {RangeError} if it is no whole number
 */
export function checkPriority(priority: number): void {
  if (Number.isSafeInteger(priority)) return;
  throw new RangeError(
    `Cannot use "priority" as it must be a whole number: current value is ` +
      quotedValue(priority),
  );
}

/**
 * Capacities by name, each checked.
 *
 * @throws {RangeError} if a capacity or a name cannot be used
 * @throws {TypeError} if it is no object
 * @throws {SyntaxError} if a name holds control characters or is not well-formed
 */
export function capacitiesOf(capacities: AmountsByName): Map<string, number> {
  const checked = new Map<string, number>();
  for (const [name, capacity] of entriesOf(capacities, "register")) {
    checkName(name);
    if (!Number.isSafeInteger(capacity) || (capacity as number) < 0) {
      throw new RangeError(
        `Cannot set ${quoted(name)} as the capacity must be a whole number ` +
          `from 0: current value is ${quotedValue(capacity)}`,
      );
    }
    if (diskOfKey(name) !== undefined) {
      throw new RangeError(
        `Cannot set ${
          quoted(name)
        } as the space of a disk has no capacity, but ` +
          `is what is free when it is asked for: leave it out, or choose another ` +
          `name for a quantity of your own`,
      );
    }
    if (REQUEST_WORDS.includes(name)) {
      throw new RangeError(
        `Cannot set ${quoted(name)} as it tells how many cards a request is ` +
          `for: choose another name`,
      );
    }
    checked.set(name, capacity as number);
  }
  return checked;
}

/**
 * Refuses more capacities than a pool has.
 *
 * @param names what is to get a capacity
 * @throws {RangeError} if there would be more than 1024
 */
export function checkCapacityCount(
  { resources }: PoolState,
  names: readonly string[],
): void {
  const added = names.filter((name) => !resources.has(name)).length;
  if (added > 0) checkNameCount("register", resources.size + added);
}

/** Whether GPU memory has a capacity already, but of the other kind: of cards, or as one. */
export function isOtherKindOfMemory(
  { resources, cards }: PoolState,
  name: string,
): boolean {
  if (name === "vram_mb") return cards.length > 0;
  return gpuOfKey(name) !== undefined && resources.has("vram_mb");
}

/**
 * Refuses GPU memory as one quantity beside that of cards: whoever asks for it would be
 * given the quantity, and no card.
 *
 * @param names what is to get a capacity
 */
export function checkOneKindOfMemory(
  state: PoolState,
  names: readonly string[],
): void {
  const card = names.find((name) => gpuOfKey(name) !== undefined);
  if (card !== undefined && isOtherKindOfMemory(state, card)) {
    throw new RangeError(
      `Cannot set ${quoted(card)} while GPU memory is one quantity, of which ` +
        `nobody gets a card: take that out first with "reslock unset vram_mb"`,
    );
  }
  if (!names.includes("vram_mb")) return;
  if (card !== undefined || isOtherKindOfMemory(state, "vram_mb")) {
    throw new RangeError(
      `Cannot set "vram_mb" beside cards, as whoever asks for GPU memory would ` +
        `get none of them: set the capacity of a card, or take the cards out ` +
        `first with "reslock unset"`,
    );
  }
}
