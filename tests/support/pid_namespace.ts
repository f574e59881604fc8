/**
 * A PID namespace of its own, in which a process id can be given out again at once.
 *
 * @module
 */
import { childrenOf, runTool, until, works } from "./processes.ts";

/** Words before a program that start it in a namespace. */
export const UNSHARE_PIDS: readonly string[] = [
  ...["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"],
];

/** Whether that may be done here. */
export function canUnsharePids(): Promise<boolean> {
  const [command, ...words] = UNSHARE_PIDS;
  return works(command, ...words, "true");
}

/**
 * The same with a first process that asks how its child ended, then sleeps in its
 * place.
 */
export const SLEEPY_INIT: readonly string[] = [
  ...UNSHARE_PIDS,
  ...["sh", "-c", 'exec 3<&0; "$@" <&3 & wait; exec sleep 300', "sh"],
];

/** The namespace that was made with {@linkcode SLEEPY_INIT}. */
export class PidNamespace {
  /** Words before a program that start it in there. */
  readonly enter: readonly string[];
  readonly #init: number;

  /** @param outer the process that was started with those words */
  constructor(outer: number) {
    [this.#init] = childrenOf(outer);
    this.enter = [
      ...["nsenter", "--target", String(this.#init), "--pid", "--mount"],
    ];
  }

  /** Kills the program, and waits until its id is free. */
  async killProgram(): Promise<void> {
    for (const pid of childrenOf(this.#init)) Deno.kill(pid, "SIGKILL");
    await until("the pid is free", () => childrenOf(this.#init).length === 0);
  }

  /** Starts a sleeper that gets this id; an error if it gets another. */
  async startHeir(pid: number): Promise<void> {
    const [command, ...words] = this.enter;
    const heir = await runTool(
      command,
      ...words,
      "sh",
      "-c",
      `echo ${pid - 1} > /proc/sys/kernel/ns_last_pid
      sleep 300 <&- >&- 2>&- & echo $!`,
    );
    if (Number(heir) !== pid) throw new Error(`It got ${heir}, not ${pid}`);
  }
}
