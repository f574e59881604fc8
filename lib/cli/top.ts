/**
 * `reslock top`: the pool on the whole screen, as it changes.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import type { ResourcePool } from "../../mod.ts";
import {
  type AnyCommand,
  type Context,
  type GlobalOptions,
  type Io,
  viewOf,
} from "./context.ts";
import { Ending } from "./ending.ts";
import { EXIT } from "./exit_codes.ts";
import { ExitError, failureOf } from "./failure.ts";
import { overviewOf, type Surroundings } from "./overview.ts";
import { withPool } from "./pool.ts";
import {
  type Action,
  EMPTY_MODEL,
  type Model,
  onKey,
  onSample,
  onStatus,
  type Row,
} from "./top/model.ts";
import { Terminal } from "./top/terminal.ts";
import { render } from "./top/view.ts";
import { report } from "./top/wording.ts";
import { surroundingsOf } from "./surroundings.ts";

/** How often ages and histories go on, and the pool is read again if it changed. */
const TICK_MS = 1000;
/** What leases use changes without an event: how often it is measured anew. */
const TICKS_PER_MEASURE = 30;
/** Of many changes at once the last one is shown. */
const SETTLE_MS = 100;

/** The command. */
export function command(context: Context): AnyCommand {
  const { io } = context;
  return new Command<GlobalOptions>()
    .description(
      "Show the pool on the whole screen, as it changes; act with keys.\n" +
        "Each act is asked about before it is done.",
    )
    .example("Watch the pool of this machine", "reslock top")
    .example("Watch another one", "reslock top --state ./state.json")
    .action(async (options) => {
      if (!Deno.stdin.isTerminal() || !Deno.stdout.isTerminal() || io.plain) {
        throw new ExitError(
          "Cannot show the pool on the whole screen as this is no terminal " +
            'that can: use "reslock status" or "reslock watch"',
          EXIT.failure,
        );
      }
      using ending = new Ending();
      await withPool(options, (pool) => watchOver(pool, io, ending));
      context.exitCode = ending.exitCode;
    });
}

async function watchOver(
  pool: ResourcePool,
  io: Io,
  ending: Ending,
): Promise<void> {
  using terminal = new Terminal(io);
  const over = new AbortController();
  const stop = () => over.abort();
  ending.signal.addEventListener("abort", stop, { once: true });
  const failed = Promise.withResolvers<never>();
  const ended = new Promise<void>((resolve) => {
    over.signal.addEventListener("abort", () => resolve(), { once: true });
    if (ending.signal.aborted) stop();
  });
  let model: Model = EMPTY_MODEL;
  let surroundings: Surroundings = {};
  let page = 1;
  const draw = () => {
    // What was under way must not write over what the terminal shows then.
    if (over.signal.aborted) return;
    const { rows } = Deno.consoleSize();
    const frame = render(model, { ...viewOf(io), rows }, surroundings);
    page = frame.page;
    terminal.draw(frame.lines);
  };
  const refresh = async () => {
    // Processes come and go with the leases: nobody is known for longer.
    const status = await pool.status({ usage: true });
    surroundings = await surroundingsOf(status);
    model = onStatus(model, status);
    draw();
  };
  const guarded = (work: Promise<unknown>) => void work.catch(failed.reject);
  const act = async (action: Action, row: Row) => {
    // Named as the question did: afterwards it may be gone.
    const overview = overviewOf(model.status!, surroundings);
    const message = report(action, row, overview);
    try {
      await perform(pool, action);
      model = { ...model, message };
      await refresh();
    } catch (error) {
      model = { ...model, message: failureOf(error).message };
      draw();
    }
  };
  const follow = async () => {
    let pending: Promise<void> | undefined;
    for await (const _event of pool.watch({ signal: over.signal })) {
      pending ??= settled(over.signal).then(async () => {
        pending = undefined;
        if (!over.signal.aborted) await refresh();
      });
      pending.catch(failed.reject);
    }
  };
  const listen = async () => {
    for await (const keys of terminal.keys()) {
      if (over.signal.aborted) return;
      for (const key of keys) {
        const { model: next, effect } = onKey(model, key, page);
        model = next;
        if (effect?.kind === "quit") return stop();
        if (effect?.kind === "act") guarded(act(effect.action, effect.row));
        if (effect?.kind === "suspend") suspend();
      }
      draw();
    }
    stop();
  };
  const resized = () => {
    terminal.forget();
    draw();
  };
  const suspend = () => {
    terminal[Symbol.dispose]();
    Deno.kill(Deno.pid, "SIGSTOP");
  };
  const continued = () => {
    terminal.enter();
    draw();
  };
  const listeners = [
    ["SIGWINCH", resized],
    ["SIGTSTP", suspend],
    ["SIGCONT", continued],
  ] as const;
  for (const [name, listener] of listeners) {
    Deno.addSignalListener(name, listener);
  }
  let ticks = 0;
  const ticking = setInterval(() => {
    try {
      model = onSample(model);
      draw();
      if (++ticks % TICKS_PER_MEASURE === 0) guarded(refresh());
    } catch (error) {
      failed.reject(error);
    }
  }, TICK_MS);
  try {
    draw();
    guarded(follow());
    guarded(listen());
    await Promise.race([ended, failed.promise]);
  } finally {
    clearInterval(ticking);
    for (const [name, listener] of listeners) {
      Deno.removeSignalListener(name, listener);
    }
    stop();
  }
}

function settled(until: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, SETTLE_MS);
    until.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}

/** Does what was asked about and answered with yes. */
export async function perform(
  pool: ResourcePool,
  action: Action,
): Promise<void> {
  const { kind, id } = action;
  switch (kind) {
    case "release":
      await pool.release(id);
      return;
    case "reclaim":
      await pool.requestReclaim(id);
      return;
    case "cancel":
      await pool.cancel(id);
      return;
    case "priority":
      await pool.setPriority(id, action.priority);
  }
}
