/**
 * What the state file cannot know and a waiter has to look at itself, never under the
 * lock: how much of a disk is free, and of a card beside programs without a lease.
 *
 * @module
 */
import type { Aim, Sight } from "./core/aim.ts";
import type { DriverReading } from "./core/cards.ts";
import type { Clock } from "./os/clock.ts";
import type { DriverAnswer } from "./os/driver.ts";
import { requireDescriptor } from "./os/file.ts";
import type { SharedDriver } from "./os/shared_driver.ts";

/** Who only wants to see waits no longer for a driver. */
const LOOKING_ON_MS = 3000;
const LATE: DriverAnswer = {
  kind: "broken",
  why: `it has not answered within ${LOOKING_ON_MS / 1000} s`,
};

/** How old what the driver told may be for somebody to read. */
const DRIVER_AGE_MS = 1000;
/**
 * The same for a request that is new: a lease may have come and gone since an older
 * answer, and have left its memory in use.
 */
export const FRESH_MS = 100;

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
  readonly #options: OutsideOptions;
  readonly #end = new AbortController();
  #driver: SharedDriver | undefined;
  readonly #readings = new Set<Promise<unknown>>();
  readonly #said = new Set<"absent" | "broken">();
  /** Why there is none, once that is known. */
  #absence: DriverAnswer | undefined;

  constructor(options: OutsideOptions) {
    this.#options = options;
  }

  /** Whether the driver is to be asked; not any more once there is none. */
  get asksDriver(): boolean {
    return this.#options.driverCheck && this.#absence === undefined;
  }

  /** Looks at what a request needs, on cards not longer ago than `maxAgeMs`. */
  async look(aim: Aim, maxAgeMs = FRESH_MS): Promise<Sight> {
    const { readDiskFree, sightOf } = await looks(this.#options.notesPath);
    const [reading, disksFreeMb] = await Promise.all([
      aim.asksDriver ? this.#reading(maxAgeMs) : undefined,
      readDiskFree(aim.disks),
    ]);
    return sightOf(aim, reading, disksFreeMb);
  }

  /** What the driver tells somebody who looks on, or why it does not within a moment. */
  async reading(): Promise<DriverAnswer> {
    if (this.#absence !== undefined) return this.#absence;
    // That the code has to be loaded first is not the driver's fault.
    await looks(this.#options.notesPath);
    const late = Promise.withResolvers<DriverAnswer>();
    const timer = setTimeout(() => late.resolve(LATE), LOOKING_ON_MS);
    const reading = this.#read(DRIVER_AGE_MS).finally(() => {
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

  async #read(maxAgeMs: number): Promise<DriverAnswer> {
    const { openDriver } = await looks(this.#options.notesPath);
    this.#driver ??= openDriver({
      path: this.#options.notesPath,
      clock: this.#options.clock,
      end: this.#end.signal,
    });
    return await this.#driver.read(maxAgeMs);
  }

  async #reading(maxAgeMs: number): Promise<DriverReading | undefined> {
    const answer = await this.#read(maxAgeMs);
    if (answer.kind === "told") return answer.reading;
    if (answer.kind === "absent") this.#absence = answer;
    if (!this.#said.has(answer.kind) && !this.#end.signal.aborted) {
      this.#said.add(answer.kind);
      this.#options.warn(
        `GPU memory is leased by accounting alone, as the driver cannot be ` +
          `asked what other programs use: ${answer.why}`,
      );
    }
    return undefined;
  }
}

let loaded: Promise<typeof import("./looks.ts")> | undefined;

/**
 * What asks the machine, loaded when it is first needed.
 *
 * @param path a file of the pool
 * @throws {StateAccessError} where no descriptor is left for it
 */
export function looks(path: string): Promise<typeof import("./looks.ts")> {
  if (loaded === undefined) requireDescriptor(path);
  return loaded ??= import("./looks.ts");
}
