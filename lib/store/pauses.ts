/**
 * When a program lets others go first: its own event loop, and Python clients.
 *
 * @module
 */
import { parseNativeId } from "../core/ids.ts";
import type { PoolState } from "../core/state.ts";
import { type Clock, sleep } from "../os/clock.ts";

const BREATHE_EVERY_MS = 20;
const REST_MAX_MS = 20;
/** Python clients try the lock only now and then: the file rests between our turns. */
const POLITE_FOR_MS = 60_000;

/** The pauses between the turns of one program. */
export class Pauses {
  readonly #clock: Clock;
  /** 0 if never; so are the three below. */
  #foreignSeenAt = 0;
  #lockedAt = 0;
  #restUntil = 0;
  #breatheAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The program has just come from its event loop: there is no need to let it in. */
  noteTurn(): void {
    this.#breatheAt = this.#clock.monotonicMs() + BREATHE_EVERY_MS;
  }

  /**
   * A loop over calls that need not wait would keep timers, signals and sockets of this
   * program from ever having their turn. Whatever frees something does not wait for
   * them: others wait for it.
   */
  mustBreathe(): boolean {
    const now = this.#clock.monotonicMs();
    if (now < this.#breatheAt) return false;
    const isFirst = this.#breatheAt === 0;
    this.#breatheAt = now + BREATHE_EVERY_MS;
    return !isFirst;
  }

  /** Whether there has ever been a reason to let the file rest. */
  get mayRest(): boolean {
    return this.#restUntil > 0;
  }

  /** Waits until the file has rested, where someone needs it to. */
  async rest(): Promise<void> {
    const left = this.#restUntil - this.#clock.monotonicMs();
    if (left > 0) await sleep(left);
  }

  /** Called with the lock in hand: whether a Python client has a part in the pool. */
  noteRead(foreign: boolean): void {
    if (!foreign && this.#foreignSeenAt === 0) return;
    this.#lockedAt = this.#clock.monotonicMs();
    if (foreign) this.#foreignSeenAt = this.#lockedAt;
  }

  /**
   * Called after the unlock. A Python client tries the lock four times a second and
   * gives up after five: the file has to be free at least half of the time, whatever
   * the number of us.
   */
  planRest(state: PoolState): void {
    if (this.#foreignSeenAt === 0) return;
    const now = this.#clock.monotonicMs();
    if (now - this.#foreignSeenAt > POLITE_FOR_MS) return;
    const heldMs = now - this.#lockedAt;
    const owners = new Set<string | undefined>();
    for (const { id } of state.leases) owners.add(parseNativeId(id)?.owner);
    for (const { id } of state.waiters) owners.add(parseNativeId(id)?.owner);
    const rest = heldMs * 2 * Math.max(1, owners.size);
    // Who was put off the processor with the lock in hand must not rest as long.
    this.#restUntil = now + Math.min(rest, REST_MAX_MS);
  }
}
