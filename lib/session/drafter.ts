/**
 * What a request becomes in a state: the entry that is written, what it has to look at
 * outside, and what is seen there before it is made.
 *
 * @module
 */
import {
  type Aim,
  aimAt,
  mayNeedLook,
  needsLook,
  type Sight,
  type TargetWishes,
} from "../core/aim.ts";
import { isUuidOnly } from "../core/card_choice.ts";
import type { SeenCard } from "../core/cards.ts";
import { type EntryRecord, makeEntry } from "../core/model.ts";
import type { Ask, ParsedRequest } from "../core/request.ts";
import type { PoolState } from "../core/state.ts";
import type { Liveness } from "../liveness.ts";
import type { Outside } from "../outside.ts";
import type { Store, TransactOptions } from "../store/store.ts";

/** What a caller may say about a request beside the amounts. */
export interface Wishes extends TargetWishes {
  readonly priority?: number;
  readonly label?: string;
  readonly reclaimable?: boolean;
  readonly estimatedSeconds?: number;
  readonly hold?: boolean;
}

/** What a request makes of a state: its entry, and what it has to look at. */
export type Draft = (
  state: PoolState,
) => { readonly entry: EntryRecord; readonly aim: Aim };

/** A request that is only imagined. */
export interface Foresight {
  readonly askIn: (state: PoolState) => Ask;
  /** Undefined if nothing of it has to be looked for outside. */
  readonly sight: Sight | undefined;
}

/** A new id, for an entry whose flags are known only inside of a transaction. */
export type NewId = (
  flags?: { readonly confirms: boolean; readonly yields: boolean },
) => string;

/** What a drafter needs of its program. */
export interface DrafterOptions {
  readonly store: Store;
  readonly outside: Outside;
  readonly liveness: Liveness;
  readonly newId: () => NewId;
  readonly isoTime: () => string;
}

/** Drafts the requests of one program. */
export class Drafter {
  readonly #options: DrafterOptions;

  constructor(options: DrafterOptions) {
    this.#options = options;
  }

  /** The cards with the numbers and names that a caller may name them by. */
  async seenCards({ cards }: TargetWishes): Promise<readonly SeenCard[]> {
    if (cards === undefined || cards.every(isUuidOnly)) return [];
    const answer = await this.#options.outside.reading();
    return answer.kind === "told" ? answer.reading.cards : [];
  }

  /** How a request is written into a state. */
  draft(
    parsed: ParsedRequest,
    wishes: Wishes,
    seen: readonly SeenCard[],
  ): Draft {
    const { outside, liveness } = this.#options;
    const newId = this.#options.newId();
    const queuedAt = this.#options.isoTime();
    return (state) => {
      const { asksDriver } = outside;
      const { ask, aim } = aimAt(parsed, wishes, state, { asksDriver, seen });
      const entry = makeEntry({
        id: newId({
          confirms: needsLook(aim),
          yields: wishes.hold === false,
        }),
        ...ask,
        pid: Deno.pid,
        // A Python client elsewhere would look for our pid among its own and miss
        // it; the first process lives everywhere.
        host_pid: liveness.isPrivate ? 1 : null,
        reclaimable_intent: wishes.reclaimable ?? false,
        priority: wishes.priority ?? 0,
        label: wishes.label ?? null,
        queued_at: queuedAt,
        estimated_seconds: wishes.estimatedSeconds ?? null,
      });
      return { entry, aim };
    };
  }

  /** Looks outside before a request is made, where it has to. */
  async lookAhead(
    parsed: ParsedRequest,
    draft: Draft,
  ): Promise<TransactOptions["confirming"]> {
    if (!mayNeedLook(parsed)) return;
    const { store, outside } = this.#options;
    const { entry, aim } = await store.view(draft);
    if (!needsLook(aim)) return;
    return { id: entry.id, sight: await outside.look(aim) };
  }

  /**
   * What a request would ask for in a state, and what is seen outside of that.
   *
   * @param supposed the state that is meant where another one is found
   */
  async foresee(
    parsed: ParsedRequest,
    wishes: TargetWishes,
    supposed: (state: PoolState) => PoolState,
  ): Promise<Foresight> {
    const { store, outside } = this.#options;
    const seen = await this.seenCards(wishes);
    const { asksDriver } = outside;
    const aimIn = (state: PoolState) =>
      aimAt(parsed, wishes, state, { asksDriver, seen });
    const { aim } = await store.view((state) => aimIn(supposed(state)));
    return {
      askIn: (state) => aimIn(state).ask,
      sight: needsLook(aim) ? await outside.look(aim) : undefined,
    };
  }
}
