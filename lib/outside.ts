/**
 * What the state file cannot know and a waiter has to look at itself, never under the
 * lock: how much of a disk is free, and of a card beside programs without a lease.
 *
 * @module
 */
import { confine } from "./core/card_choice.ts";
import { type DriverReading, judgeCards, type SeenCard } from "./core/cards.ts";
import type { OutsideTruth } from "./core/ledger.ts";
import { diskKey, diskOfKey, gpuOfKey } from "./core/model.ts";
import type { PlacementPolicy } from "./core/placement.ts";
import {
  type Ask,
  askOf,
  disksOf,
  mayAskForCards,
  type ParsedRequest,
} from "./core/request.ts";
import type { PoolState } from "./core/state.ts";
import type { Clock } from "./os/clock.ts";
import { toolsUntil } from "./os/command.ts";
import { mountOf, readDiskSpace, readMountinfo } from "./os/disk.ts";
import { ToolDriver } from "./os/driver.ts";
import { SharedDriver } from "./os/shared_driver.ts";

/** Who only wants to see waits no longer for a driver. */
const LOOKING_ON_MS = 3000;

/** How old what the driver told may be for somebody to read. */
const DRIVER_AGE_MS = 1000;
/**
 * The same for a request that is new: a lease may have come and gone since an older
 * answer, and have left its memory in use.
 */
export const FRESH_MS = 100;

/** What a request is confined to or wants, of which its entry in the queue says nothing. */
export interface Aim {
  /** Whether it wants memory of cards that the driver is to be asked about. */
  readonly asksDriver: boolean;
  /** Names of the disks that it wants space on. */
  readonly disks: readonly string[];
  /** The only cards that will do; undefined: any. */
  readonly only: ReadonlySet<string> | undefined;
  /** How its cards are chosen; undefined: as is usual for such a request. */
  readonly placement: PlacementPolicy | undefined;
}

/** What a caller says about the cards of a request. */
export interface TargetWishes {
  readonly cards?: readonly string[];
  readonly placement?: PlacementPolicy;
}

/** Whether a request may turn out to need a look outside. */
export function mayNeedLook(parsed: ParsedRequest): boolean {
  return mayAskForCards(parsed) || disksOf(parsed).length > 0;
}

/** What a request asks for in a pool, and what has to be looked at for it. */
export function aimAt(
  parsed: ParsedRequest,
  { cards = [], placement }: TargetWishes,
  state: PoolState,
  { asksDriver, seen = [] }: {
    readonly asksDriver: boolean;
    readonly seen?: readonly SeenCard[];
  },
): { readonly ask: Ask; readonly aim: Aim } {
  const asked = askOf(parsed, state);
  const { ask, only } = cards.length === 0
    ? { ask: asked, only: undefined }
    : confine(asked, cards, state, seen);
  const isPlaced = ask.vram_mb !== null || ask.num_gpus > 0;
  const namesCards = [...ask.resources.keys()].some((name) =>
    gpuOfKey(name) !== undefined
  );
  const aim = {
    disks: disksOf(parsed),
    asksDriver: asksDriver && (isPlaced || namesCards),
    only,
    placement: isPlaced ? placement : undefined,
  };
  return { ask, aim };
}

/** Whether only the one who asks can grant it. */
export function needsLook(
  { asksDriver, disks, only, placement }: Aim,
): boolean {
  return asksDriver || disks.length > 0 || only !== undefined ||
    placement !== undefined;
}

/** What was seen, turned into a truth by the leases of the moment it is used in. */
export type Sight = (state: PoolState) => OutsideTruth;

/** What an {@linkcode Outside} needs. */
export interface OutsideOptions {
  /** Where programs share what the driver tells. */
  readonly notesPath: string;
  readonly clock: Clock;
  /** Whether the driver is asked at all. */
  readonly driverCheck: boolean;
  readonly warn: (message: string) => void;
}

/** Looks outside for one program. */
export class Outside {
  readonly #end = new AbortController();
  readonly #driver: SharedDriver;
  readonly #warn: (message: string) => void;
  readonly #readings = new Set<Promise<unknown>>();
  readonly #said = new Set<"absent" | "broken">();
  readonly #driverCheck: boolean;
  #isAbsent = false;

  constructor({ notesPath, clock, driverCheck, warn }: OutsideOptions) {
    this.#driver = new SharedDriver({
      path: notesPath,
      driver: new ToolDriver(toolsUntil(this.#end.signal)),
      clock,
      end: this.#end.signal,
    });
    this.#driverCheck = driverCheck;
    this.#warn = warn;
  }

  /** Whether the driver is to be asked; not any more once there is none. */
  get asksDriver(): boolean {
    return this.#driverCheck && !this.#isAbsent;
  }

  /** Looks at what a request needs, on cards not longer ago than `maxAgeMs`. */
  async look(aim: Aim, maxAgeMs = FRESH_MS): Promise<Sight> {
    const [reading, disksFreeMb] = await Promise.all([
      aim.asksDriver ? this.#reading(maxAgeMs) : undefined,
      readDiskFree(aim.disks),
    ]);
    const { only, placement } = aim;
    const mountinfo = aim.disks.length > 0 ? readMountinfo() : "";
    return (state) => ({
      diskFreeMb: diskFree(state, disksFreeMb, mountinfo),
      placement,
      cardFreeMb: reading === undefined && only === undefined
        ? undefined
        : cardFree(state, reading, only),
    });
  }

  /** What the driver tells; undefined if it does not within a moment. */
  async reading(): Promise<DriverReading | undefined> {
    if (this.#isAbsent) return undefined;
    const late = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => late.resolve(undefined), LOOKING_ON_MS);
    const reading = this.#driver.read(DRIVER_AGE_MS)
      .then((answer) => answer.kind === "told" ? answer.reading : undefined)
      .finally(() => {
        clearTimeout(timer);
        this.#readings.delete(reading);
      });
    this.#readings.add(reading);
    return await Promise.race([reading, late.promise]);
  }

  /** Calls off what is under way: nobody waits for it any more. */
  async close(): Promise<void> {
    this.#end.abort();
    await Promise.allSettled(this.#readings);
  }

  async #reading(maxAgeMs: number): Promise<DriverReading | undefined> {
    const answer = await this.#driver.read(maxAgeMs);
    if (answer.kind === "told") return answer.reading;
    if (answer.kind === "absent") this.#isAbsent = true;
    if (!this.#said.has(answer.kind) && !this.#end.signal.aborted) {
      this.#said.add(answer.kind);
      this.#warn(
        `GPU memory is leased by accounting alone, as the driver cannot be ` +
          `asked what other programs use: ${answer.why}`,
      );
    }
    return undefined;
  }
}

/** What can be had of the cards that will do; others are left out. */
export function cardFree(
  state: PoolState,
  reading: DriverReading | undefined,
  only?: ReadonlySet<string>,
): Map<string, number> {
  const free = reading === undefined
    ? state.cards.map(({ uuid }) => ({ uuid, grantableMb: Infinity }))
    : judgeCards(state, reading, Deno.pid);
  return new Map(
    free.flatMap(({ uuid, grantableMb }) =>
      only?.has(uuid) === false ? [] : [[uuid, grantableMb]]
    ),
  );
}

/**
 * What can be had of each disk, in MiB by resource name: free beside leases on it under
 * names of other paths. The Python package keeps a path as it was written. It is taken
 * by its words, links in it unseen: a look at it under the lock might never return.
 */
export function diskFree(
  state: PoolState,
  freeMb: ReadonlyMap<string, number>,
  mountinfo: string,
): Map<string, number> {
  const left = new Map(freeMb);
  if (left.size === 0) return left;
  for (const [name, leasedMb] of state.used) {
    const path = diskOfKey(name);
    // Those of the same name are counted by all who count.
    if (path === undefined || !path.startsWith("/") || left.has(name)) continue;
    const key = diskKey(mountOf(path, mountinfo));
    const free = left.get(key);
    if (free !== undefined) left.set(key, free - leasedMb);
  }
  return left;
}

/** Free space of each mount among the names, in MiB by resource name. */
async function readDiskFree(
  names: readonly string[],
): Promise<Map<string, number>> {
  const free = new Map<string, number>();
  for (const name of names) {
    const mount = diskOfKey(name);
    if (mount === undefined) continue;
    free.set(name, (await readDiskSpace(mount)).freeMb);
  }
  return free;
}
