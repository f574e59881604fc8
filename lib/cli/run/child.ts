/**
 * The child of `run`, with the lease that it runs under.
 *
 * @module
 */
import { type Lease, LeaseLostError } from "../../../mod.ts";
import { EXIT } from "../exit_codes.ts";
import { ExitError } from "../failure.ts";
import { quoted } from "../text.ts";
import { childEnvironment } from "./environment.ts";
import type { KnownGpus } from "./known_gpus.ts";
import { later, when } from "./later.ts";
import type { RunPlan } from "./options.ts";
import { pinned } from "./pin.ts";
import { sendSignal, type Signals } from "./signals.ts";
import { needsDetection } from "./visible.ts";

/** How long a command may take that nobody needs to be told about. */
const SHORT_COMMAND_MS = 250;

/** What a child needs beside its lease. */
export interface ChildSetting {
  readonly plan: RunPlan;
  readonly signals: Signals;
  /** The state file, from the root. */
  readonly statePath: string;
  /** The cards of the pool. */
  readonly registered: () => Promise<readonly string[]>;
  readonly gpusHere: KnownGpus;
  /** Tells the user something. */
  readonly tell: (message: string) => void;
}

/** Runs the command until it ends; returns its exit code. */
export async function runChild(
  lease: Lease,
  setting: ChildSetting,
): Promise<number> {
  const { plan, signals, tell } = setting;
  const { words: command, cores } = plan.pin
    ? await pinned(lease, plan.command, tell)
    : { words: plan.command, cores: null };
  const env = await environmentOf(lease, setting, cores);
  // Behind the & of a script INT is ignored, and would ask in vain.
  const words = signals.ignoringIn(
    await lease.guard(command),
    plan.options.reclaimable ? plan.reclaimSignal : undefined,
  );
  signals.interruption.throwIfAborted();
  const child = spawn(words, env, plan);
  signals.forwardTo(child);
  // Not awaited: the child need not wait for a file that others hold locked.
  const recorded = lease.update({ pids: [child.pid] }).catch((error) => {
    if (!(error instanceof LeaseLostError)) tell(String(error.message));
  });
  const ended = new AbortController();
  watch(lease, child, ended.signal, setting);
  const { code } = await child.status;
  ended.abort();
  await recorded;
  return code;
}

/** Asks for the cards of this machine only where that decides what is seen. */
async function environmentOf(
  lease: Lease,
  { plan, statePath, registered, gpusHere, tell }: ChildSetting,
  cores: number | null,
): Promise<Readonly<Record<string, string>>> {
  const sight = {
    uuids: lease.gpuUuids,
    form: plan.visible,
    inherited: (name: string) => Deno.env.get(name),
  };
  const { env, warning } = childEnvironment({
    ...sight,
    registered: lease.gpuUuids.length > 0 ? await registered() : [],
    gpus: needsDetection(sight) ? await gpusHere() : [],
    leaseId: lease.id,
    resources: lease.resources,
    statePath,
    cores,
  });
  if (warning !== "") tell(warning);
  return env;
}

function spawn(
  [program, ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
  plan: RunPlan,
): Deno.ChildProcess {
  try {
    return new Deno.Command(program, {
      args,
      env: { ...env },
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn();
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ExitError(
      `Cannot run ${quoted(plan.command[0])} as the system refuses it ` +
        `(${reason}): ${remedyOf(reason)}`,
      isMissing ? EXIT.notFound : EXIT.cannotRun,
      { cause: error },
    );
  }
}

/** What to do, by the number of the system's error. */
function remedyOf(reason: string): string {
  switch (/\(os error (\d+)\)/.exec(reason)?.[1]) {
    case "11":
      return 'end some processes, or set a higher limit on them ("ulimit -u")';
    case "12":
      return "end something that uses memory, and try again";
    case "23":
    case "24":
      return 'set a higher limit on open files ("ulimit -n")';
    default:
      return "check its name and rights";
  }
}

/** Does what is due when the lease is asked back or lost, until `ended` aborts. */
function watch(
  lease: Lease,
  child: Deno.ChildProcess,
  ended: AbortSignal,
  { plan, tell }: ChildSetting,
): void {
  const { reclaimSignal, reclaimGraceMs } = plan;
  const what = `${quoted(plan.command[0])} (pid ${child.pid})`;
  // Short commands need not pay for the watch of a file.
  later(SHORT_COMMAND_MS, ended, () => {
    when(lease.lost, ended, () => {
      tell(`lease ${lease.id} was taken away: ${what} runs on without it`);
    });
  });
  if (!plan.options.reclaimable) return;
  when(lease.reclaim, ended, () => {
    tell(
      `lease ${lease.id} is asked back: sending ${reclaimSignal} to ${what}, ` +
        `and SIGKILL after ${reclaimGraceMs / 1000} s`,
    );
    sendSignal(child, reclaimSignal);
    later(reclaimGraceMs, ended, () => {
      tell(`${what} still runs: sending SIGKILL`);
      sendSignal(child, "SIGKILL");
    });
  });
}
