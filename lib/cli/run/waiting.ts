/**
 * What `run` says while it waits: one line that lives on a terminal, and is gone
 * when the wait is over; in a log a line now and then.
 *
 * Invariants:
 * (1) Nothing is written once the wait is over, but what takes the line away.
 * (2) Saying it never ends the wait: what cannot be found out is not said.
 *
 * @module
 */
import type { ResourceRequest } from "../../../mod.ts";
import { type Io, viewOf } from "../context.ts";
import { say } from "../pool.ts";
import { later, when } from "./later.ts";
import { renderStill, renderWaiting, type Standing } from "./messages.ts";
import { type Queued, standingOf } from "./standing.ts";
import { renderLive } from "./waiting_line.ts";

/** How long a wait is not worth a word. */
const SILENT_WAIT_MS = 300;
const TICK_MS = 1000;
/** How often the pool is looked at for somebody who watches. */
const TICKS_PER_LOOK = 5;
/** For a log it is looked at ever less often: hundreds may wait at once. */
const AGAIN_MS = 30_000;
const LAST_AGAIN_MS = 480_000;
const CLEAR_LINE = "\r\x1b[2K";

/** A wait that is told of. */
export interface Wait extends Queued {
  readonly request: ResourceRequest;
  /** Aborts when the wait is over. */
  readonly over: AbortSignal;
  readonly io: Io;
}

function pause(ms: number, until: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    later(ms, until, resolve);
    when(until, new AbortController().signal, resolve);
  });
}

/** Tells of a wait until it is over. */
export async function tellWait(wait: Wait): Promise<void> {
  const { over, io } = wait;
  const sinceMs = io.nowMs();
  await pause(SILENT_WAIT_MS, over);
  if (over.aborted) return;
  if (io.isLive) return await tellLive(wait, sinceMs);
  await tellLog(wait, sinceMs);
}

async function tellLive(wait: Wait, sinceMs: number): Promise<void> {
  const { io, over, request } = wait;
  const write = (text: string) => {
    try {
      io.writeError(text);
    } catch {
      // The terminal is gone.
    }
  };
  // At once, before the child may write, and not after a look that is under way.
  when(over, new AbortController().signal, () => write(CLEAR_LINE));
  let standing: Standing = { position: wait.position, why: null };
  for (let tick = 0; !over.aborted; tick++) {
    if (tick % TICKS_PER_LOOK === 0) standing = await standingOf(wait);
    if (over.aborted) return;
    const view = viewOf(io);
    const elapsedMs = view.nowMs - sinceMs;
    write(CLEAR_LINE + renderLive({ request, ...standing, elapsedMs }, view));
    await pause(TICK_MS, over);
  }
}

async function tellLog(wait: Wait, sinceMs: number): Promise<void> {
  const { io, over, request } = wait;
  let told: string | undefined;
  for (
    let delayMs = AGAIN_MS;
    !over.aborted;
    delayMs = Math.min(2 * delayMs, LAST_AGAIN_MS)
  ) {
    const standing = await standingOf(wait);
    if (over.aborted) return;
    const state = `${standing.position} ${standing.why?.sentence}`;
    if (told === undefined) say(io, renderWaiting(request, standing));
    else if (state !== told) {
      say(io, renderStill(request, standing, io.nowMs() - sinceMs));
    }
    told = state;
    await pause(delayMs, over);
  }
}
