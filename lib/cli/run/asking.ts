/**
 * How `run` asks for its lease: at once or in the queue, for as long as it is told to
 * wait, and what it says of a wait that ends without one.
 *
 * @module
 */
import type { Lease, ResourcePool } from "../../../mod.ts";
import type { Io } from "../context.ts";
import { EXIT } from "../exit_codes.ts";
import { ExitError } from "../failure.ts";
import { later } from "./later.ts";
import type { CardChoice } from "./masked.ts";
import { renderGaveUp, renderRefused } from "./messages.ts";
import type { RunPlan } from "./options.ts";
import { type Queued, reasonAgainst, soon, standingOf } from "./standing.ts";
import { tellWait } from "./waiting.ts";

/** What is asked for, and by whom. */
export interface Asking {
  readonly pool: ResourcePool;
  readonly plan: RunPlan;
  /** The only cards that will do. */
  readonly cards: CardChoice;
  /** Aborts when a signal ends the wait. */
  readonly interruption: AbortSignal;
  readonly io: Io;
}

/**
 * Gets what is asked for.
 *
 * @throws {ExitError} where it is not to be had in time
 */
export function obtainLease(asking: Asking): Promise<Lease> {
  return asking.plan.waits ? waitForLease(asking) : takeLease(asking);
}

async function takeLease({ pool, plan, cards }: Asking): Promise<Lease> {
  const { request, quiet } = plan;
  const options = { ...plan.options, ...cards };
  const lease = await pool.tryAcquire(request, options);
  if (lease !== null) return lease;
  const message = quiet ? "" : renderRefused(
    request,
    await soon(reasonAgainst(pool, request, options)),
  );
  throw new ExitError(message, EXIT.notGranted);
}

async function waitForLease(
  { pool, plan, cards, interruption, io }: Asking,
): Promise<Lease> {
  const { request, options: { timeoutMs, ...options }, quiet } = plan;
  const over = new AbortController();
  const gaveUp = new AbortController();
  let queued: Queued | undefined;
  if (timeoutMs !== undefined) {
    later(timeoutMs, over.signal, async () => {
      // Before the request is withdrawn: then nobody could tell what it lacked. Until
      // then it may still be granted.
      const standing = queued && await soon(standingOf(queued));
      const message = renderGaveUp(request, standing?.why ?? null, timeoutMs);
      gaveUp.abort(new ExitError(message, EXIT.timedOut));
    });
  }
  try {
    return await pool.acquire(request, {
      ...options,
      ...cards,
      signal: AbortSignal.any([interruption, gaveUp.signal]),
      onQueued({ id, position }) {
        queued = { pool, id, position };
        if (quiet) return;
        // Not awaited: what is said of the wait must not make it longer.
        tellWait({ ...queued, request, over: over.signal, io });
      },
    });
  } finally {
    over.abort();
  }
}
