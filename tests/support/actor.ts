/**
 * Pools in other processes, for tests: what is called here is done there.
 *
 * @module
 */
import type {
  AcquireOptions,
  PoolStatus,
  ResourceRequest,
  TryAcquireOptions,
} from "../../mod.ts";
import { Program, type ProgramOptions, within } from "./processes.ts";

/** Options of an acquire that can be sent as text. */
export type ActorAcquireOptions =
  & Omit<AcquireOptions, "signal" | "onQueued">
  & {
    /** Whether the holder wants to hear of `lost` and `reclaim`. */
    readonly listen?: boolean;
  };

/** What an actor is told; `name` is what the lease is called between the two. */
export type Order =
  | {
    readonly order: "acquire";
    readonly name: string;
    readonly request: ResourceRequest;
    readonly options: ActorAcquireOptions;
  }
  | {
    readonly order: "tryAcquire";
    readonly name: string;
    readonly request: ResourceRequest;
    readonly options: TryAcquireOptions;
  }
  | { readonly order: "abort" | "release"; readonly name: string }
  | {
    readonly order: "setResources";
    readonly capacities: Readonly<Record<string, number>>;
  }
  | {
    readonly order: "guard";
    readonly name: string;
    readonly command: readonly string[];
  }
  | { readonly order: "status" | "spawnSleeper" | "close" };

export type Command = Order & { readonly n: number };

export type Answer =
  | { readonly n: number; readonly value: unknown }
  | {
    readonly n: number;
    readonly error: { readonly name: string; readonly message: string };
  }
  | { readonly n: number; readonly queued: Place }
  | {
    readonly event: "ready" | "lost" | "reclaim";
    readonly name: string;
  };

/** Where a request stands in the queue. */
export interface Place {
  readonly id: string;
  readonly position: number;
}

/** What is known here of a lease there. */
export interface ActorLease {
  readonly id: string;
  readonly resources: Readonly<Record<string, number>>;
  readonly waitSec: number;
  /** When its grant was heard of here, by `performance.now()`. */
  readonly heardAt: number;
}

/** A request that waits there. */
export interface ActorWait extends Place {
  readonly granted: Promise<ActorLease>;
}

/** The error of another process. */
export class ActorError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onQueued: (place: Place) => void;
}

export interface ActorOptions extends ProgramOptions {
  readonly lockTimeoutMs?: number;
}

/** How long anything may take that is not meant to take long. */
const LIMIT_MS = 20_000;

/** A pool in a process of its own. */
export class Actor implements AsyncDisposable {
  readonly program: Program;
  /** Its pid as it sees it itself. */
  readonly pid: number;
  readonly #pending = new Map<number, Pending>();
  readonly #events = new Map<string, PromiseWithResolvers<void>>();
  readonly #listening: Promise<void>;
  #count = 0;

  private constructor(program: Program, pid: number) {
    this.program = program;
    this.pid = pid;
    this.#listening = this.#listen();
  }

  /** Starts one on a state file; "" stands for the default place. */
  static async start(
    path: string,
    options: ActorOptions = {},
  ): Promise<Actor> {
    const { lockTimeoutMs } = options;
    const program = Program.start("actor_program.ts", [
      path,
      ...(lockTimeoutMs === undefined ? [] : [String(lockTimeoutMs)]),
    ], options);
    let first: string;
    try {
      first = await within("an actor", LIMIT_MS, program.expectLine());
    } catch (error) {
      await program[Symbol.asyncDispose]();
      throw error;
    }
    return new Actor(program, Number(JSON.parse(first).name));
  }

  async acquire(
    request: ResourceRequest,
    options: ActorAcquireOptions = {},
    name = "lease",
  ): Promise<ActorLease> {
    const lease = await this.#order({
      order: "acquire",
      name,
      request,
      options,
    });
    return { ...lease as ActorLease, heardAt: performance.now() };
  }

  /** Waits until a request stands in the queue. */
  queue(
    request: ResourceRequest,
    options: ActorAcquireOptions = {},
    name = "lease",
  ): Promise<ActorWait> {
    const { promise, resolve, reject } = Promise.withResolvers<ActorWait>();
    const granted: Promise<ActorLease> = this.#order(
      { order: "acquire", name, request, options },
      (place) => resolve({ ...place, granted }),
    ).then((lease) => {
      reject(new Error("The request was granted without a wait"));
      return { ...lease as ActorLease, heardAt: performance.now() };
    });
    granted.catch(reject);
    return within("a place in the queue", LIMIT_MS, promise);
  }

  async tryAcquire(
    request: ResourceRequest,
    options: TryAcquireOptions = {},
    name = "lease",
  ): Promise<ActorLease | null> {
    const lease = await this.#order({
      order: "tryAcquire",
      name,
      request,
      options,
    });
    return lease === null
      ? null
      : { ...lease as ActorLease, heardAt: performance.now() };
  }

  async abort(name = "lease"): Promise<void> {
    await this.#order({ order: "abort", name });
  }

  async release(name = "lease"): Promise<void> {
    await this.#order({ order: "release", name });
  }

  async setResources(
    capacities: Readonly<Record<string, number>>,
  ): Promise<void> {
    await this.#order({ order: "setResources", capacities });
  }

  async status(): Promise<PoolStatus> {
    return await this.#order({ order: "status" }) as PoolStatus;
  }

  /** Makes it run a command under a lease's guard, to the command's end. */
  async guard(command: readonly string[], name = "lease"): Promise<void> {
    await this.#order({ order: "guard", name, command });
  }

  /** Makes it start a child that outlives it; the child's pid. */
  async spawnSleeper(): Promise<number> {
    return await this.#order({ order: "spawnSleeper" }) as number;
  }

  /** Waits until its lease of that name was lost or asked back. */
  hears(event: "lost" | "reclaim", name = "lease"): Promise<void> {
    return within(
      `"${event}"`,
      LIMIT_MS,
      this.#event(`${event} ${name}`).promise,
    );
  }

  /** Closes its pool and waits until the program has ended by itself. */
  async close(): Promise<Deno.CommandStatus> {
    await this.#order({ order: "close" });
    await this.program.hangUp();
    return await within("the actor's end", LIMIT_MS, this.program.exited);
  }

  /** Kills it and waits until it is gone. */
  kill(): Promise<void> {
    return this.program.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
    await this.#listening;
  }

  #event(key: string): PromiseWithResolvers<void> {
    let event = this.#events.get(key);
    if (event === undefined) {
      event = Promise.withResolvers<void>();
      this.#events.set(key, event);
    }
    return event;
  }

  #order(
    order: Order,
    onQueued: (place: Place) => void = () => {},
  ): Promise<unknown> {
    const n = this.#count++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#pending.set(n, { resolve, reject, onQueued });
    // Whoever is killed owes no answers: only those that are waited for fail.
    promise.catch(() => {});
    this.program.say(JSON.stringify({ n, ...order })).catch(reject);
    return promise;
  }

  async #listen(): Promise<void> {
    for await (const line of this.program.lines()) {
      const answer: Answer = JSON.parse(line);
      if ("event" in answer) {
        this.#event(`${answer.event} ${answer.name}`).resolve();
        continue;
      }
      const pending = this.#pending.get(answer.n)!;
      if ("queued" in answer) {
        pending.onQueued(answer.queued);
        continue;
      }
      this.#pending.delete(answer.n);
      if ("error" in answer) {
        const { name, message } = answer.error;
        pending.reject(new ActorError(name, message));
      } else {
        pending.resolve(answer.value);
      }
    }
    const gone = new ActorError("Gone", "The actor has ended");
    for (const { reject } of this.#pending.values()) reject(gone);
  }
}

/** Several actors, killed at the end of the scope. */
export class Cast implements AsyncDisposable {
  readonly actors: readonly Actor[];

  private constructor(actors: readonly Actor[]) {
    this.actors = actors;
  }

  /** Starts so many on one state file. */
  static async start(
    count: number,
    path: string,
    options?: ActorOptions,
  ): Promise<Cast> {
    return new Cast(
      await Promise.all(
        Array.from({ length: count }, () => Actor.start(path, options)),
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.actors.map((actor) => actor[Symbol.asyncDispose]()),
    );
  }
}
