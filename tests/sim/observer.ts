import type { PlanContext } from "../../lib/core/scheduler.ts";
import type { PoolState } from "../../lib/core/state.ts";
import type { Settlement } from "../../lib/core/transitions.ts";

const STALLED_AFTER_MS = 2000;
const OVERDUE_AFTER_MS = 30_000;

/** What one program remembers of the pool: since when it sees what it sees. */
export class Observer {
  #fittingSince = new Map<string, number>();
  #askedSince = new Map<string, number>();

  context(nowMs: number): PlanContext {
    const older = (since: ReadonlyMap<string, number>, ageMs: number) =>
      new Set(
        [...since].flatMap(([id, atMs]) => nowMs - atMs >= ageMs ? [id] : []),
      );
    return {
      stalled: older(this.#fittingSince, STALLED_AFTER_MS),
      overdue: older(this.#askedSince, OVERDUE_AFTER_MS),
    };
  }

  note(nowMs: number, { fitting }: Settlement, state: PoolState): void {
    const asked = [...state.reclaimable].flatMap((lease) =>
      lease.reclaim_requested ? [lease.id] : []
    );
    this.#fittingSince = this.#still(this.#fittingSince, fitting, nowMs);
    this.#askedSince = this.#still(this.#askedSince, asked, nowMs);
  }

  /** As a program does that was started just now. */
  forget(): void {
    this.#fittingSince.clear();
    this.#askedSince.clear();
  }

  #still(
    before: ReadonlyMap<string, number>,
    ids: readonly string[],
    nowMs: number,
  ): Map<string, number> {
    return new Map(ids.map((id) => [id, before.get(id) ?? nowMs]));
  }
}
