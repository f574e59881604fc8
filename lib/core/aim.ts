/**
 * What a request wants that its entry in the queue has no field for: whoever has it
 * looks itself.
 *
 * @module
 */
import { confine } from "./card_choice.ts";
import type { SeenCard } from "./cards.ts";
import type { OutsideTruth } from "./ledger.ts";
import { gpuOfKey } from "./model.ts";
import type { PlacementPolicy } from "./placement.ts";
import {
  type Ask,
  askOf,
  disksOf,
  mayAskForCards,
  type ParsedRequest,
} from "./request.ts";
import type { PoolState } from "./state.ts";

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

/** What a caller says that decides what a request asks for. */
export interface TargetWishes {
  readonly waitForCapacity?: boolean;
  readonly cards?: readonly string[];
  readonly anyOrder?: boolean;
  readonly placement?: PlacementPolicy;
}

/** Whether a request may turn out to need a look outside. */
export function mayNeedLook(parsed: ParsedRequest): boolean {
  return mayAskForCards(parsed) || disksOf(parsed).length > 0;
}

/** What a request asks for in a pool, and what has to be looked at for it. */
export function aimAt(
  parsed: ParsedRequest,
  { cards = [], anyOrder, placement, waitForCapacity }: TargetWishes,
  state: PoolState,
  { asksDriver, seen = [] }: {
    readonly asksDriver: boolean;
    readonly seen?: readonly SeenCard[];
  },
): { readonly ask: Ask; readonly aim: Aim } {
  const asked = askOf(parsed, state, { waitForCapacity });
  const { ask, only } = cards.length === 0
    ? { ask: asked, only: undefined }
    : confine(asked, cards, state, seen, { waitForCapacity, anyOrder });
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
