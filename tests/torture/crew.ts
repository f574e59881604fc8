/**
 * Programs to be tortured: of this package, each a Deno of its own, and of the Python
 * package, forked off one that has loaded it.
 *
 * @module
 */
import type { WorkerOrders } from "../support/pool_worker.ts";
import { plainEnv, ROOT } from "../support/deno.ts";
import { Program } from "../support/processes.ts";

/** What all workers of a crew are told alike. */
export type CommonOrders = Omit<WorkerOrders, "name" | "seed">;

/** One program at work. */
export interface Worker {
  readonly name: string;
  readonly kind: "native" | "python";
  readonly pid: number;
  /** How it ended: 0, or what went wrong. */
  readonly ended: Promise<string>;
}

/** Process ids here are the machine's: the dead of the other package can be told. */
const HOST = { RESLOCK_PIDNS: "host" };

/** Starts programs of this package. */
export class NativeStarter implements AsyncDisposable {
  readonly #orders: CommonOrders;
  readonly #running = new Set<Program>();

  constructor(orders: CommonOrders) {
    this.#orders = orders;
  }

  start(name: string, seed: number): Promise<Worker> {
    const orders: WorkerOrders = { ...this.#orders, name, seed };
    const words = [JSON.stringify(orders)];
    const program = Program.start("pool_worker.ts", words, { env: HOST });
    this.#running.add(program);
    const ended = program.exited.then(async ({ code, signal }) => {
      this.#running.delete(program);
      const said = await program.stderr();
      await program[Symbol.asyncDispose]();
      return code === 0 ? "0" : `${signal ?? code}: ${said}`;
    });
    return Promise.resolve({ name, kind: "native", pid: program.pid, ended });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      [...this.#running].map((program) => program[Symbol.asyncDispose]()),
    );
  }
}

/** Starts programs of the Python package. */
export class PythonStarter implements AsyncDisposable {
  readonly #nursery: Program;
  readonly #listening: Promise<void>;
  readonly #born = new Map<string, (pid: number) => void>();
  readonly #gone = new Map<string, (how: string) => void>();
  readonly #errors = new Map<string, string>();
  /** How often one gave up the lock after five seconds. */
  lockedOut = 0;
  /** How often one met a write that was cut off and not yet completed, and ended. */
  cutReads = 0;

  constructor(executable: string, orders: CommonOrders) {
    this.#nursery = new Program(executable, {
      args: [`${ROOT}tests/torture/nursery.py`, JSON.stringify(orders)],
      env: { ...plainEnv(), PYTHONDONTWRITEBYTECODE: "1" },
    });
    this.#listening = this.#listen();
  }

  async start(name: string, seed: number): Promise<Worker> {
    const born = Promise.withResolvers<number>();
    const gone = Promise.withResolvers<string>();
    this.#born.set(name, born.resolve);
    this.#gone.set(name, gone.resolve);
    await this.#nursery.say(`${name} ${seed}`);
    const pid = await born.promise;
    return { name, kind: "python", pid, ended: gone.promise };
  }

  /** What they all complain of, once they are gone. */
  async complaints(): Promise<string> {
    await this.#nursery.hangUp();
    await this.#listening;
    return await this.#nursery.stderr();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#nursery.hangUp();
    await this.#listening;
    await this.#nursery[Symbol.asyncDispose]();
  }

  async #listen(): Promise<void> {
    for await (const line of this.#nursery.lines()) {
      const [event, name, ...words] = line.split(" ");
      const word = words.join(" ");
      if (event === "born") this.#born.get(name)?.(Number(word));
      if (event === "gone") {
        this.#gone.get(name)?.(this.#errors.get(name) ?? word);
        this.#born.delete(name);
        this.#gone.delete(name);
      }
      if (event === "failed") this.#errors.set(name, word);
      if (event === "locked") this.lockedOut++;
      if (event === "cut") this.cutReads++;
    }
  }
}
