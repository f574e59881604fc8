/**
 * Waiting for what is asked for, with an end; and taking it only if it is to be had at
 * once.
 *
 * @module
 */
import { AcquireTimeoutError } from "../core/errors.ts";
import {
  describeRequest,
  disksOf,
  type ParsedRequest,
  parseRequest,
  type ResourceRequest,
} from "../core/request.ts";
import { Lease } from "../lease/lease.ts";
import { looks } from "../outside.ts";
import type { Queued } from "../session/requests.ts";
import type { Session } from "../session/session.ts";
import { Limit } from "../store/limit.ts";
import {
  type AcquireOptions,
  checkOptions,
  type TryAcquireOptions,
} from "./options.ts";

/** Waits until the request can be granted, or the wait ends. */
export async function acquire(
  session: Session,
  request: ResourceRequest,
  options: AcquireOptions,
): Promise<Lease> {
  const checked = parseRequest(request);
  checkOptions(options);
  const { signal, timeoutMs = Infinity } = options;
  const tooLate = (waitedMs: number, reason: string, advice: string) =>
    new AcquireTimeoutError(
      `Cannot acquire ${describe(request)} within ${timeoutMs} ms as ` +
        `${reason}: see ${advice}, or wait longer`,
      { request: describeRequest(request), waitedMs },
    );
  using limit = new Limit({
    signal,
    // One try takes as long as it takes.
    timeoutMs: timeoutMs === 0 ? Infinity : timeoutMs,
    tooLate: (waitedMs) => {
      const reason = "the pool could not be asked in that time";
      return tooLate(waitedMs, reason, 'what is stuck with "reslock doctor"');
    },
  });
  limit.check();
  const parsed = disksOf(checked).length === 0
    ? checked
    : await limit.during(withMounts(session, checked));
  const enqueued = await session.requests.enqueue(parsed, options, limit);
  const lease = "lease" in enqueued
    ? enqueued.lease
    : await wait(session, enqueued, limit, options);
  if (lease !== undefined) {
    if (signal?.aborted !== true) return lease;
    await session.requests.withdraw(lease.id, { keepGrant: false });
  }
  signal?.throwIfAborted();
  const { waitedMs } = limit;
  throw tooLate(waitedMs, "others have it", 'who with "reslock status"');
}

/**
 * Waits for the lease, to the end of the limit or to the first failure, which withdraw
 * the request.
 */
async function wait(
  session: Session,
  { waiting, position }: Queued,
  limit: Limit,
  { timeoutMs, onQueued }: AcquireOptions,
): Promise<Lease | undefined> {
  const { requests, undertaker } = session;
  try {
    const over = Promise.race([waiting.granted, limit.over]);
    // The pool may be closed before anybody awaits it.
    over.catch(() => {});
    // A driver may be slow: nobody waits for it longer than for the lease.
    await Promise.race([over, session.confirm(waiting)]);
    if (requests.isWaiting(waiting)) onQueued?.({ id: waiting.id, position });
    if (timeoutMs === 0) {
      await Promise.race([over, undertaker.bury({ patient: false })]);
      limit.end();
    }
    const lease = await over;
    if (lease instanceof Lease) return lease;
  } catch (error) {
    // A request that stays behind is removed by the next look; what failed first
    // is what the caller has to know.
    await requests.withdraw(waiting.id, { keepGrant: false }).catch(() => {});
    throw error;
  }
  const keepGrant = limit.signal?.aborted !== true;
  return await requests.withdraw(waiting.id, { keepGrant });
}

/** The request with disk space under the names of mounts. */
export async function withMounts(
  { owners }: Session,
  request: ParsedRequest,
): Promise<ParsedRequest> {
  if (disksOf(request).length === 0) return request;
  const { onMounts } = await looks(owners);
  return await onMounts(request);
}

/** Takes what is asked for if it is to be had at once. */
export async function tryAcquire(
  session: Session,
  request: ResourceRequest,
  options: TryAcquireOptions,
): Promise<Lease | null> {
  const checked = parseRequest(request);
  checkOptions(options);
  const parsed = await withMounts(session, checked);
  const lease = await session.requests.tryOnce(parsed, options);
  if (lease !== null) return lease;
  // Perhaps it is a dead process that has it.
  return await session.undertaker.bury({ patient: false })
    ? await session.requests.tryOnce(parsed, options)
    : null;
}

function describe(request: ResourceRequest): string {
  return Object.entries(describeRequest(request))
    .map(([name, amount]) => `${name}=${amount}`).join(", ");
}
