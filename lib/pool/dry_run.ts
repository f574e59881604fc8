/**
 * What would become of a request, without making it.
 *
 * @module
 */
import { explainRequest, supposing } from "../core/explain.ts";
import type { Explanation } from "../core/explanation.ts";
import { nativeId } from "../core/ids.ts";
import { type Amounts, makeEntry } from "../core/model.ts";
import type { ParsedRequest } from "../core/request.ts";
import type { PoolState } from "../core/state.ts";
import type { Wishes } from "../session/drafter.ts";
import type { Session } from "../session/session.ts";
import { deadOf } from "../session/undertaker.ts";

/** An owner that there is not. */
const NOBODY = "0000000000";

/**
 * Explains a request as if it came now and the dead had been removed.
 *
 * @param capacities what is supposed to be registered where nothing is
 */
export async function explainDryRun(
  session: Session,
  parsed: ParsedRequest,
  wishes: Pick<
    Wishes,
    | "priority"
    | "hold"
    | "cards"
    | "anyOrder"
    | "placement"
    | "waitForCapacity"
  >,
  capacities: Amounts,
): Promise<Explanation> {
  const { askIn, sight } = await session.drafter.foresee(
    parsed,
    wishes,
    (state) => supposing(state, capacities),
  );
  const flags = {
    confirms: sight !== undefined,
    yields: wishes.hold === false,
  };
  const gone = deadOf(await session.undertaker.examine({ patient: false }));
  return await session.store.view((found) => {
    const state = supposing(found, capacities);
    const entry = makeEntry({
      id: unusedId(state, flags),
      pid: 0,
      priority: wishes.priority ?? 0,
      queued_at: session.isoTime(),
      ...askIn(state),
    });
    const context = {
      ...session.store.knowledge(found),
      confirming: sight && { id: entry.id, ...sight(state) },
    };
    return explainRequest(state, entry, context, {
      nowMs: session.wallMs(),
      gone,
      waitForCapacity: wishes.waitForCapacity,
    });
  });
}

/** An id of ours that nobody has. */
function unusedId(
  state: PoolState,
  flags: { readonly confirms: boolean; readonly yields: boolean },
): string {
  for (let sequence = 0;; sequence++) {
    const id = nativeId(NOBODY, sequence, flags);
    if (state.entry(id) === undefined && state.lease(id) === undefined) {
      return id;
    }
  }
}
