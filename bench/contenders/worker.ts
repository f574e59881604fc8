/**
 * The part of a worker process that all of our workers share: it does as it is told in
 * lines of JSON on standard input, and answers in such lines.
 *
 * - `{"ask": wish}` is answered by `{"queued": true}` unless it is granted at once, and
 *   by `{"granted": moment}`;
 * - `{"release": true}` by `{"released": moment}`;
 * - `{"loop": job}` by `{"loop": report}`;
 * - anything that fails, by `{"error": text}`.
 *
 * The end of the input ends the worker. Workers in other languages speak the same.
 *
 * @module
 */
import { assertSteadyClock, nowMs, sleep } from "../harness/clock.ts";
import type { Grant, LoopReport } from "../harness/grants.ts";
import { lines } from "../harness/lines.ts";
import { Witness } from "../harness/witness.ts";
import type { LoopJob, Wish } from "./contender.ts";

/** What a worker is started with, as its one argument. */
export interface WorkerOptions {
  /** The file that is shared. */
  readonly path: string;
  readonly capacity: number;
  /** The file of the witness, where there is one. */
  readonly witness?: string;
}

/** What is shared, as one process has it. */
export interface Lock extends AsyncDisposable {
  /** @param onQueued to be called if it has to wait, once it is in the queue */
  acquire(wish: Wish, onQueued: () => void): Promise<Held>;
}

/** What was granted. */
export interface Held {
  release(): Promise<void> | void;
}

type Order =
  | { readonly ask: Wish }
  | { readonly release: true }
  | { readonly loop: LoopJob };

/** Does as it is told until the input ends. */
export async function serve(
  open: (options: WorkerOptions) => Lock,
): Promise<void> {
  const options: WorkerOptions = JSON.parse(Deno.args[0]);
  await using lock = open(options);
  using witness = options.witness === undefined
    ? undefined
    : new Witness(options.witness, options.capacity);
  const worker = new Worker(lock, witness);
  say({ ready: Deno.pid });
  for await (const line of lines(Deno.stdin.readable)) {
    // Not awaited: what waits must hear of the end of the input.
    worker.obey(JSON.parse(line)).catch((error) =>
      say({ error: String(error) })
    );
  }
}

/** At once, whatever the program does next: even if that is to block. */
function say(answer: Record<string, unknown>): void {
  const bytes = new TextEncoder().encode(JSON.stringify(answer) + "\n");
  for (let done = 0; done < bytes.length;) {
    done += Deno.stdout.writeSync(bytes.subarray(done));
  }
}

class Worker {
  readonly #lock: Lock;
  readonly #witness: Witness | undefined;
  #held: Held | undefined;
  #amount = 0;

  constructor(lock: Lock, witness: Witness | undefined) {
    this.#lock = lock;
    this.#witness = witness;
  }

  async obey(order: Order): Promise<void> {
    if ("ask" in order) await this.#ask(order.ask);
    else if ("loop" in order) say({ loop: await this.#loop(order.loop) });
    else await this.#release();
  }

  async #ask(wish: Wish): Promise<void> {
    const held = await this.#lock.acquire(wish, () => say({ queued: true }));
    const granted = nowMs();
    this.#amount = wish.amount ?? 1;
    this.#witness?.enter(this.#amount);
    this.#held = held;
    if (wish.brief) {
      this.#witness?.leave(this.#amount);
      await held.release();
    }
    say({ granted });
  }

  async #release(): Promise<void> {
    this.#witness?.leave(this.#amount);
    const released = nowMs();
    await this.#held!.release();
    say({ released });
  }

  async #loop(job: LoopJob): Promise<LoopReport> {
    const grants: Grant[] = [];
    const errors: Record<string, number> = {};
    const report = { count: 0, worstWaitMs: 0, errors, grants };
    const note = (error: unknown) => {
      const name = error instanceof Error ? error.name : String(error);
      errors[name] = (errors[name] ?? 0) + 1;
    };
    while (nowMs() < job.endMs) {
      const grant = await this.#once(job, note);
      if (grant === undefined) continue;
      const { askedMs, grantedMs } = grant;
      if (job.record) grants.push(grant);
      if (grantedMs < job.startMs) continue;
      if (grantedMs < job.endMs) report.count++;
      report.worstWaitMs = Math.max(report.worstWaitMs, grantedMs - askedMs);
    }
    assertSteadyClock();
    return report;
  }

  /** Undefined if it was not granted, which is noted. */
  async #once(
    { amount, holdMs: [from, to] }: LoopJob,
    note: (error: unknown) => void,
  ): Promise<Grant | undefined> {
    let queuedMs: number | null = null;
    let queuedTick: number | undefined;
    const askedTick = this.#witness?.tick();
    const askedMs = nowMs();
    let held: Held;
    try {
      held = await this.#lock.acquire({ amount }, () => {
        queuedMs = nowMs();
        queuedTick = this.#witness?.tick();
      });
    } catch (error) {
      note(error);
      return undefined;
    }
    const grantedMs = nowMs();
    const tick = this.#witness?.enter(amount);
    if (to > 0) await sleep(from + Math.random() * (to - from));
    this.#witness?.leave(amount);
    const releasedMs = nowMs();
    await persist(() => held.release(), note);
    return {
      ...{ askedMs, queuedMs, grantedMs, releasedMs },
      ...{ askedTick, queuedTick, tick },
    };
  }
}

/** Tries until it succeeds: what was granted has to be given back. */
async function persist(
  act: () => Promise<void> | void,
  note: (error: unknown) => void,
): Promise<void> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      note(error);
    }
  }
}
