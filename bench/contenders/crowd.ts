/**
 * A state with many others in it, who hold or wait for other things.
 *
 * @module
 */
import type { ResourcePool } from "../../mod.ts";
import type { Context } from "../question.ts";
import type { CrowdKind } from "./crowd_worker.ts";
import { denoWorker, WorkerClient } from "./worker_client.ts";

/** The others, in a process of their own. */
export class Crowd implements AsyncDisposable {
  readonly path: string;
  /** Where files may be made that go with the crowd. */
  readonly directory: string;
  /** The state file as the crowd has made it. */
  readonly bytes: Uint8Array;
  readonly #kind: CrowdKind;
  readonly #count: number;
  readonly #client: WorkerClient;

  private constructor(
    directory: string,
    client: WorkerClient,
    kind: CrowdKind,
    count: number,
  ) {
    this.directory = directory;
    this.path = statePath(directory);
    this.bytes = Deno.readFileSync(this.path);
    this.#client = client;
    this.#kind = kind;
    this.#count = count;
  }

  static async gather(
    context: Context,
    kind: CrowdKind,
    count: number,
  ): Promise<Crowd> {
    const directory = await Deno.makeTempDir({ dir: context.directory });
    const program = `${import.meta.dirname}/crowd_worker.ts`;
    const path = statePath(directory);
    const client = await WorkerClient.start(
      denoWorker(program, { path, kind, count }),
    );
    return new Crowd(directory, client, kind, count);
  }

  /** Throws unless all are still there, and nobody else. */
  async check(pool: ResourcePool): Promise<void> {
    const { leases, queue } = await pool.status();
    const isWaiting = this.#kind !== "leases";
    // What makes them wait is a lease.
    const expected = isWaiting ? [1, this.#count] : [this.#count, 0];
    if (leases.length === expected[0] && queue.length === expected[1]) return;
    throw new Error(
      `Cannot trust this run: of ${this.#count} ${this.#kind} there are ` +
        `${leases.length} leases and ${queue.length} entries`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // One that gives everything back takes long, and nobody needs it.
    await this.#client.kill();
    await this.#client[Symbol.asyncDispose]();
    await Deno.remove(this.directory, { recursive: true });
  }
}

function statePath(directory: string): string {
  return `${directory}/state.json`;
}
