/**
 * Looking at a pool: its status, and what would become of a request.
 *
 * Loaded when a program first looks; most only take leases.
 *
 * @module
 */
import { ImpossibleRequestError, StateAccessError } from "../core/errors.ts";
import { explainObstacle, explainWaiters } from "../core/explain.ts";
import type { Explanation } from "../core/explanation.ts";
import { parseRequest, type ResourceRequest } from "../core/request.ts";
import { looks } from "../outside.ts";
import type { Session } from "../session/session.ts";
import { deadOf } from "../session/undertaker.ts";
import { type PoolStatus, poolStatus } from "../status.ts";
import { withMounts } from "./acquire.ts";
import { explainDryRun } from "./dry_run.ts";
import { capacitiesOf, checkOptions, type ExplainOptions } from "./options.ts";

/** What of a status takes time: all of it, nothing, or up to so many. */
export interface StatusWishes {
  readonly explain: boolean | number;
  readonly usage: boolean | number;
  /** Whether the driver is asked. */
  readonly driver: boolean;
}

/** The status of a pool, once what dead processes have left is removed. */
export async function statusOf(
  session: Session,
  path: string,
  { explain, usage, driver: asksDriver }: StatusWishes,
): Promise<PoolStatus> {
  let verdicts = await session.undertaker.examine({ patient: false });
  try {
    if (await session.undertaker.remove(deadOf(verdicts))) {
      verdicts = await session.undertaker.examine({ patient: false });
    }
  } catch (error) {
    // Whoever may only look sees the dead as dead.
    if (!(error instanceof StateAccessError)) throw error;
  }
  const { store } = session;
  const driver = asksDriver ? await session.readDriver() : undefined;
  const reading = driver?.kind === "told" ? driver.reading : undefined;
  // Who has none need not be told what is left on cards.
  const seenCards = reading && (await looks(path)).seenCards;
  const status = await store.view((state) => {
    const reasons = explainWaiters(
      state,
      store.knowledge(state),
      session.wallMs(),
      {
        seen: seenCards && seenCards(state, reading),
        atMost: countOf(explain),
      },
    );
    return poolStatus(path, state, { verdicts, reasons, driver });
  });
  if (status.leases.length > countOf(usage)) return status;
  const { usageIn } = await looks(path);
  return { ...status, usage: usageIn(status.leases, reading) };
}

/** How many are meant by a choice that may be a number. */
function countOf(choice: boolean | number): number {
  return typeof choice === "number" ? choice : choice ? Infinity : -1;
}

/** What would become of a request that came now. */
export async function explanationOf(
  session: Session,
  request: ResourceRequest,
  options: ExplainOptions,
): Promise<Explanation> {
  const checked = parseRequest(request);
  checkOptions(options);
  const supposed = capacitiesOf(options.capacities ?? {});
  try {
    const parsed = await withMounts(session, checked);
    return await explainDryRun(session, parsed, options, supposed);
  } catch (error) {
    // A disk is smaller, say, or none of the cards that were named will do.
    if (!(error instanceof ImpossibleRequestError)) throw error;
    const { resource, requested, capacity, slot } = error;
    return explainObstacle({ resource, requested, capacity, slot });
  }
}
