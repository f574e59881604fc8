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
import type { Session } from "../session/session.ts";
import {
  type AcquireOptions,
  checkOptions,
  type TryAcquireOptions,
} from "./options.ts";

/** The longest delay of a timer; a longer wait is as good as an endless one. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Waits until the request can be granted, or the wait ends. */
export async function acquire(
  session: Session,
  request: ResourceRequest,
  options: AcquireOptions,
): Promise<Lease> {
  const checked = parseRequest(request);
  checkOptions(options);
  const { signal, timeoutMs = Infinity } = options;
  signal?.throwIfAborted();
  const parsed = await withMounts(session, checked);
  const since = performance.now();
  const enqueued = await session.requests.enqueue(parsed, options);
  if ("lease" in enqueued) return enqueued.lease;
  const { waiting, position } = enqueued;
  const ended = interruption(signal, timeoutMs);
  try {
    const over = Promise.race([waiting.granted, ended.promise]);
    // The pool may be closed before anybody awaits it.
    over.catch(() => {});
    const looked = session.confirm(waiting);
    // A driver may be slow: nobody waits for it longer than for the lease, but one
    // try is a whole one.
    await (timeoutMs === 0 ? looked : Promise.race([over, looked]));
    if (session.requests.isWaiting(waiting)) {
      options.onQueued?.({ id: waiting.id, position });
    }
    if (timeoutMs === 0) await session.undertaker.bury({ patient: false });
    const first = await over;
    if (first instanceof Lease) return first;
  } catch (error) {
    // A request that stays behind is removed by the next look; what failed first
    // is what the caller has to know.
    await session.requests.withdraw(waiting, { keepGrant: false }).catch(
      () => {},
    );
    throw error;
  } finally {
    ended.clear();
  }
  const aborted = signal?.aborted === true;
  const outcome = await session.requests.withdraw(waiting, {
    keepGrant: !aborted,
  });
  if (outcome instanceof Lease) return outcome;
  if (aborted) throw signal.reason;
  const waitedMs = Math.round(performance.now() - since);
  throw new AcquireTimeoutError(
    `Cannot acquire ${describe(request)} within ${timeoutMs} ms as there was ` +
      `no room for it: see who has what with "reslock status", or wait longer`,
    { request: describeRequest(request), waitedMs },
  );
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

/** Resolves when a wait is called off or has lasted too long. */
function interruption(
  signal: AbortSignal | undefined,
  timeoutMs: number,
): { readonly promise: Promise<void>; readonly clear: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = () => resolve();
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted) stop();
  const timer = timeoutMs <= MAX_TIMER_MS
    ? setTimeout(stop, timeoutMs)
    : undefined;
  return {
    promise,
    clear: () => {
      signal?.removeEventListener("abort", stop);
      if (timer !== undefined) clearTimeout(timer);
    },
  };
}
