/**
 * Tools that run a command once it is granted: how a client of theirs is led.
 *
 * The command tells the moments itself, by `date`: the time from the grant to that
 * moment is the start of a small program, which whoever uses such a tool pays as well.
 *
 * @module
 */
import { nowMs, sleep } from "../harness/clock.ts";
import { call, reap } from "../harness/command.ts";
import type { Grant, LoopReport, Window } from "../harness/grants.ts";
import { lines } from "../harness/lines.ts";
import { killAll, processTree } from "../harness/processes.ts";
import {
  type Asked,
  type Client,
  ClientError,
  type ClientOptions,
  type LoopJob,
  type Wish,
} from "./contender.ts";
import { unreapedWords } from "./worker_client.ts";

const SCRIPTS = `${import.meta.dirname}/scripts`;
const MOMENT = ["date", "+%s%N"];
/** To print what was counted, once the time is over and the last is served. */
const END_GRACE_MS = 5000;

/** A tool, with one thing to share. */
export interface Tool {
  /**
   * The words that run a command once the wish is granted, and print what it prints.
   */
  wrap(command: readonly string[], wish: Wish): string[];
  readonly env?: Readonly<Record<string, string>>;
  /** How long after its start its request is in the queue, which it does not say. */
  readonly settleMs: number;
}

/** Nanoseconds since 1970, as text, to milliseconds. */
function momentOf(text: string): number {
  const moment = Number(text) / 1e6;
  if (moment > 0) return moment;
  throw new ClientError(`Cannot use "${text}" as a moment in nanoseconds`);
}

/** One who shares through a tool. */
export class ToolClient implements Client {
  readonly #tool: Tool;
  readonly #options: ClientOptions;
  readonly #pipe: string;
  #child: Deno.ChildProcess | undefined;
  #output: AsyncIterator<string> | undefined;
  /** The process that holds, which may be no child of ours: at most one. */
  #holder: number[] = [];
  #granted: Promise<number> | undefined;

  private constructor(tool: Tool, pipe: string, options: ClientOptions) {
    this.#tool = tool;
    this.#pipe = pipe;
    this.#options = options;
  }

  /** @param directory where it may keep files */
  static async start(
    tool: Tool,
    directory: string,
    options: ClientOptions = {},
  ): Promise<ToolClient> {
    const pipe = `${directory}/${crypto.randomUUID()}`;
    await call("mkfifo", [pipe]);
    return new ToolClient(tool, pipe, options);
  }

  pids(): number[] {
    return this.#child === undefined ? [] : processTree(this.#child.pid);
  }

  async ask(wish: Wish = {}): Promise<Asked> {
    const command = wish.brief
      ? MOMENT
      : ["sh", `${SCRIPTS}/hold.sh`, this.#pipe];
    this.#spawn(this.#tool.wrap(command, wish));
    const granted = this.#granted = this.#readGrant(wish.brief ?? false);
    granted.catch(() => {});
    await Promise.race([granted, sleep(this.#tool.settleMs)]);
    return { granted };
  }

  async release(): Promise<number> {
    await this.#granted;
    using pipe = await Deno.open(this.#pipe, { write: true });
    await pipe.write(new TextEncoder().encode("\n"));
    const released = momentOf(await this.#line());
    await this.#child!.status;
    return released;
  }

  async kill(): Promise<number> {
    await this.#granted;
    const victims = [...this.#holder, ...this.pids()];
    const moment = nowMs();
    killAll(victims);
    return moment;
  }

  async loop(job: LoopJob): Promise<LoopReport> {
    const { endMs, amount, holdMs: [from, to], record } = job;
    const command = to === 0
      ? MOMENT
      : ["sh", `${SCRIPTS}/busy.sh`, `${(from + to) / 2 / 1000}`];
    const loop = ["bash", `${SCRIPTS}/loop.sh`, `${Math.round(endMs * 1000)}`];
    this.#spawn([...loop, ...this.#tool.wrap(command, { amount })]);
    const report = await readLoop(this.#output!, job);
    return record ? report : { ...report, grants: [] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child !== undefined) {
      killAll([...this.#holder, ...this.pids()]);
      await reap(this.#child, END_GRACE_MS);
    }
    await this.#output?.return?.();
    await Deno.remove(this.#pipe);
  }

  #spawn(words: readonly string[]): void {
    const all = this.#options.dies === "a zombie"
      ? unreapedWords(words)
      : words;
    this.#child = new Deno.Command(all[0], {
      args: all.slice(1),
      env: { ...this.#tool.env },
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#output = lines(this.#child.stdout);
    this.#holder = [];
  }

  async #readGrant(brief: boolean): Promise<number> {
    if (!brief) this.#holder = [Number(await this.#line())];
    return momentOf(await this.#line());
  }

  async #line(): Promise<string> {
    const { done, value } = await this.#output!.next();
    if (!done) return value;
    throw new ClientError("Cannot read the moment as the command ended early");
  }
}

/** What a loop of a tool's calls prints: `asked`, then one moment or two. */
async function readLoop(
  output: AsyncIterator<string>,
  { startMs, endMs }: Window,
): Promise<LoopReport> {
  const grants: Grant[] = [];
  let failed = 0;
  let askedMs = 0;
  for (let next = await output.next(); !next.done; next = await output.next()) {
    const [word, moment] = next.value.split(" ");
    if (word === "failed") {
      failed++;
    } else if (word === "asked") {
      askedMs = Number(moment) / 1000;
    } else if (askedMs > 0) {
      const grantedMs = momentOf(word);
      const times = { askedMs, queuedMs: null, grantedMs };
      grants.push({ ...times, releasedMs: grantedMs });
      askedMs = 0;
    } else {
      grants.push({ ...grants.pop()!, releasedMs: momentOf(word) });
    }
  }
  const counted = grants.filter(({ grantedMs }) => grantedMs >= startMs);
  return {
    count: counted.filter(({ grantedMs }) => grantedMs < endMs).length,
    worstWaitMs: counted.reduce(
      (worst, grant) => Math.max(worst, grant.grantedMs - grant.askedMs),
      0,
    ),
    errors: failed > 0 ? { failed } : {},
    grants,
  };
}
