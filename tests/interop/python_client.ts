/**
 * A program of the Python package, in a process of its own, that does what a test tells
 * it; `client.py` is the other end.
 *
 * @module
 */
import { plainEnv, ROOT } from "../support/deno.ts";
import { Program, within } from "../support/processes.ts";

const DIRECTORY = `${ROOT}tests/interop`;
/** How long anything may take that is not meant to take long. */
const LIMIT_MS = 20_000;

/** What is asked for, and the options beside it, by their names in Python. */
export type PythonRequest = Readonly<Record<string, unknown>>;

/** A lease as its holder has it. */
export interface PythonLease {
  readonly id: string;
  readonly resources: Readonly<Record<string, number>>;
  readonly waitSec: number;
}

/** What a program that acquires and releases without a pause has come to. */
export interface LoopResult {
  readonly grants: number;
  readonly errors: readonly string[];
}

type Pending = Pick<PromiseWithResolvers<unknown>, "resolve" | "reject">;

/** One program with one pool. */
export class PythonClient implements AsyncDisposable {
  readonly #program: Program;
  readonly #pending = new Map<number, Pending>();
  readonly #listening: Promise<void>;
  #count = 0;

  /** @param through words before the program, such as those of `unshare` */
  constructor(
    executable: string,
    path: string,
    through: readonly string[] = [],
  ) {
    const words = [...through, executable, `${DIRECTORY}/client.py`, path];
    this.#program = new Program(words[0], {
      args: words.slice(1),
      env: {
        ...plainEnv(),
        // What stands for the driver's module.
        PYTHONPATH: `${DIRECTORY}/driver`,
        PYTHONDONTWRITEBYTECODE: "1",
      },
    });
    this.#listening = this.#listen();
  }

  /** With words before it, that of the first of them. */
  get pid(): number {
    return this.#program.pid;
  }

  /** Has it do something, which may last until others do their part. */
  call<T = void>(name: string, ...words: unknown[]): Promise<T> {
    const number = ++this.#count;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#pending.set(number, { resolve, reject });
    // Whoever is killed owes no answers: only those that are waited for fail.
    promise.catch(() => {});
    this.#program.say(JSON.stringify([number, name, words])).catch(reject);
    return promise as Promise<T>;
  }

  /** Acquires; by its name the lease is released. */
  acquire(request: PythonRequest, name = "lease"): Promise<PythonLease> {
    return this.call("acquire", name, request);
  }

  /** Takes a lease, for good, or null. */
  tryAcquire(request: PythonRequest): Promise<PythonLease | null> {
    return this.#soon("try_acquire", request);
  }

  release(name = "lease"): Promise<void> {
    return this.#soon("release", name);
  }

  setResources(capacities: Readonly<Record<string, number>>): Promise<void> {
    return this.#soon("set_resources", capacities);
  }

  /** Marks a lease as busy. */
  startWork(name = "lease"): Promise<void> {
    return this.#soon("start_work", name);
  }

  /** Waits until a lease is asked back. */
  hearsReclaim(name = "lease"): Promise<void> {
    return this.#soon("wait_for_reclaim", name);
  }

  /** What the package writes once it has read these states. */
  rewrite(texts: readonly string[]): Promise<string[]> {
    return this.#soon("rewrite", texts);
  }

  /** Acquires and releases for so long; holds a file of that name meanwhile. */
  loop(
    seconds: number,
    request: PythonRequest,
    token?: string,
  ): Promise<LoopResult> {
    return this.call("loop", seconds, request, token ?? null);
  }

  /** A transaction that changes nothing, and yet writes everything anew. */
  touch(): Promise<void> {
    return this.#soon("touch");
  }

  /** Makes state files, as its package does at the start of each program. */
  create(paths: readonly string[]): Promise<void> {
    return this.#soon("create", paths);
  }

  /** Writes the same again, as its package did up to 0.12.1. */
  writeAfterUnlock(times: number): Promise<void> {
    return this.#soon("write_after_unlock", times);
  }

  /** Has a child of it hold a lease; the child's pid. */
  startChild(request: PythonRequest): Promise<number> {
    return this.#soon("start_child", request);
  }

  /** Takes note of its child's end; before that a dead one is a zombie. */
  reapChild(pid: number): Promise<void> {
    return this.#soon("reap_child", pid);
  }

  kill(): Promise<void> {
    return this.#program.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
    await this.#listening;
  }

  #soon<T>(name: string, ...words: unknown[]): Promise<T> {
    return within(`"${name}"`, LIMIT_MS, this.call<T>(name, ...words));
  }

  async #listen(): Promise<void> {
    for await (const line of this.#program.lines()) {
      const [number, result, error] = JSON.parse(line);
      const answer = this.#pending.get(number)!;
      this.#pending.delete(number);
      if (error === null) answer.resolve(result);
      else answer.reject(new Error(error));
    }
    const gone = new Error(`It has ended: ${await this.#program.stderr()}`);
    for (const { reject } of this.#pending.values()) reject(gone);
  }
}
