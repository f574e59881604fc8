/**
 * Leads a worker process; `worker.ts` says in which language.
 *
 * @module
 */
import { nowMs, sleep } from "../harness/clock.ts";
import { reap } from "../harness/command.ts";
import type { LoopReport } from "../harness/grants.ts";
import { lines } from "../harness/lines.ts";
import { killAll } from "../harness/processes.ts";
import {
  type Asked,
  type Client,
  ClientError,
  type ClientOptions,
  type LoopJob,
  type Wish,
} from "./contender.ts";

/** A loop may still be waiting when its time is over; a hang is another thing. */
const END_GRACE_MS = 10_000;

/** The program of a worker and its arguments. */
export interface WorkerCommand {
  readonly program: string;
  readonly args: readonly string[];
  /**
   * How long after it says so its request is in the queue, for those who cannot tell.
   *
   * @default {0}
   */
  readonly settleMs?: number;
}

/** What runs a Deno program of this bench, which imports nothing from elsewhere. */
export function denoWorker(program: string, options: unknown): WorkerCommand {
  return {
    program: Deno.execPath(),
    args: [
      ...["run", "--quiet", "--no-config", "--no-check", "-A"],
      program,
      JSON.stringify(options),
    ],
  };
}

/** The child stays a zombie: the shell has become a program that asks for no child. */
const UNREAPED = 'exec 3<&0; "$@" <&3 & exec sleep 1000000';

/** The words that run these words, so that nobody asks how they ended. */
export function unreapedWords(words: readonly string[]): string[] {
  return ["sh", "-c", UNREAPED, "sh", ...words];
}

interface Answers {
  readonly ready: number;
  readonly queued: true;
  readonly granted: number;
  readonly released: number;
  readonly loop: LoopReport;
  readonly repeated: number;
}

/** A client that is a worker process. */
export class WorkerClient implements Client {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #settleMs: number;
  readonly #expected = new Map<
    keyof Answers,
    PromiseWithResolvers<unknown>
  >();
  #pid = 0;
  #failure: ClientError | undefined;

  private constructor(child: Deno.ChildProcess, settleMs: number) {
    this.#child = child;
    this.#settleMs = settleMs;
    this.#input = child.stdin.getWriter();
    this.#listen().then(
      () => this.#fail("it ended"),
      (error) => this.#fail(String(error)),
    );
  }

  static async start(
    { program, args, settleMs = 0 }: WorkerCommand,
    { dies }: ClientOptions = {},
  ): Promise<WorkerClient> {
    const plain = [program, ...args];
    const words = dies === "a zombie" ? unreapedWords(plain) : plain;
    const child = new Deno.Command(words[0], {
      args: words.slice(1),
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const client = new WorkerClient(child, settleMs);
    client.#pid = await client.#expect("ready");
    return client;
  }

  pids(): number[] {
    return [this.#pid];
  }

  async ask(wish: Wish = {}): Promise<Asked> {
    const queued = this.#expect("queued");
    const granted = this.#expect("granted");
    queued.catch(() => {});
    granted.catch(() => {});
    await this.#tell({ ask: wish });
    await Promise.race([
      granted,
      queued.then(() => sleep(this.#settleMs)),
    ]);
    return { granted };
  }

  async release(): Promise<number> {
    const released = this.#expect("released");
    await this.#tell({ release: true });
    return await released;
  }

  kill(): Promise<number> {
    const moment = nowMs();
    killAll([this.#pid]);
    return Promise.resolve(moment);
  }

  async loop(job: LoopJob): Promise<LoopReport> {
    const report = this.#expect("loop");
    await this.#tell({ loop: job });
    return await report;
  }

  /** So many pairs of acquire and release in its process; milliseconds for all. */
  async repeat(times: number): Promise<number> {
    const repeated = this.#expect("repeated");
    await this.#tell({ repeat: times });
    return await repeated;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The end of the input; it may have been killed.
    await this.#input.close().catch(() => {});
    // Where it stays a zombie, its parent waits for nothing.
    if (this.#pid !== this.#child.pid) killAll([this.#pid, this.#child.pid]);
    await reap(this.#child, END_GRACE_MS);
  }

  #expect<Key extends keyof Answers>(key: Key): Promise<Answers[Key]> {
    const expected = Promise.withResolvers<Answers[Key]>();
    if (this.#failure !== undefined) expected.reject(this.#failure);
    this.#expected.set(key, expected as PromiseWithResolvers<unknown>);
    return expected.promise;
  }

  async #tell(order: Record<string, unknown>): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const text = JSON.stringify(order) + "\n";
    await this.#input.write(new TextEncoder().encode(text));
  }

  async #listen(): Promise<void> {
    for await (const line of lines(this.#child.stdout)) {
      const [[key, value]] = Object.entries(JSON.parse(line));
      if (key === "error") this.#fail(String(value));
      this.#expected.get(key as keyof Answers)?.resolve(value);
    }
  }

  #fail(reason: string): void {
    const { pid } = this.#child;
    this.#failure ??= new ClientError(
      `Cannot lead the worker ${pid} any further: ${reason}`,
    );
    for (const { promise, reject } of this.#expected.values()) {
      promise.catch(() => {});
      reject(this.#failure);
    }
  }
}
