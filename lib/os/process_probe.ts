/**
 * Asking the system about process ids, for those who hold no owner lock: Python
 * clients and child processes.
 *
 * @module
 */
import { systemTools, type ToolRunner } from "./command.ts";
import { isGranted, readEnv } from "./permissions.ts";

/** The inode of the first PID namespace is the same on every Linux. */
const INITIAL_PID_NAMESPACE = "pid:[4026531836]";
const MAX_PID = 2 ** 22;
/** Arguments of one command; the system's own limit is far higher. */
const PIDS_PER_CALL = 4096;

/** Which processes are proven gone. */
export interface ProcessProbe {
  /** The ones of these ids that no process has; `undefined` if nobody answers. */
  gone(pids: readonly number[]): Promise<ReadonlySet<number> | undefined>;
  /** Whether ids here mean what they mean on the host. */
  readonly namespace: "host" | "private" | "unknown";
}

/** Whether ids here are the host's, as far as that is told or can be seen. */
export function readNamespace(): "host" | "private" | "unknown" {
  const told = readEnv("RESLOCK_PIDNS");
  if (told === "host" || told === "private") return told;
  const path = "/proc/self/ns/pid";
  if (!isGranted({ name: "read" })) return "unknown";
  try {
    return Deno.readLinkSync(path) === INITIAL_PID_NAMESPACE
      ? "host"
      : "private";
  } catch {
    return "unknown";
  }
}

/** Asks `kill -0`, which needs `--allow-run=kill` and sends nothing. */
export class KillProbe implements ProcessProbe {
  readonly #tools: ToolRunner;
  #namespace: "host" | "private" | "unknown" | undefined;

  constructor(tools: ToolRunner = systemTools) {
    this.#tools = tools;
  }

  get namespace(): "host" | "private" | "unknown" {
    return this.#namespace ??= readNamespace();
  }

  async gone(
    pids: readonly number[],
  ): Promise<ReadonlySet<number> | undefined> {
    const gone = new Set<number>();
    // Ids outside this range stand for groups or for all, or cannot be.
    const askable = pids.filter((pid) => pid >= 2 && pid <= MAX_PID);
    for (let i = 0; i < askable.length; i += PIDS_PER_CALL) {
      const some = askable.slice(i, i + PIDS_PER_CALL).map(String);
      const result = await this.#tools.run("kill", ["-0", "--", ...some]);
      // Not allowed, not installed (slim images), too late: nothing is known.
      if (result.kind !== "ended") return undefined;
      for (const pid of parseGone(result.stderr)) gone.add(pid);
    }
    return gone;
  }
}

/** The ids that `kill` says do not exist; any other complaint means alive. */
export function parseGone(text: string): number[] {
  const gone: number[] = [];
  for (const line of text.split("\n")) {
    // procps: "kill: (7): No such process"; util-linux: "kill: sending signal
    // to 7 failed: No such process"; busybox: "kill: can't kill pid 7: No such
    // process". The id is the last number before the reason.
    const reason = line.indexOf("No such process");
    if (reason < 0) continue;
    const pid = line.slice(0, reason).match(/\d+(?=\D*$)/);
    if (pid !== null) gone.push(Number(pid[0]));
  }
  return gone;
}
