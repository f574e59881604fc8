/**
 * A machine with made-up cards, pools that share it, and programs without a lease.
 *
 * @module
 */
import { ResourcePool, type ResourcePoolOptions } from "../../mod.ts";
import type { FakeScenario } from "../os/data/fake_tools/scenario.ts";
import { Actor } from "./actor.ts";
import { FakeCards, setEnv } from "./fake_cards.ts";
import { until } from "./processes.ts";

export const A = "GPU-aaaaaaaa-0c3e-4f7a-9d21-6a0e8c4b7f10";
export const B = "GPU-bbbbbbbb-8a56-41b2-b7f0-1d2e3f4a5b6c";
export const TOTAL_MB = 24_576;
export const KEY_A = `gpu_${A}_vram_mb`;
export const KEY_B = `gpu_${B}_vram_mb`;
/** Nobody has this process id: the highest one is below it. */
export const STRANGER = 4_242_424;

/** Memory in use on card A, by process id. */
export type Uses = Readonly<Record<number, number>>;

export function machine(
  uses: Uses = {},
  more: Partial<FakeScenario> = {},
): FakeScenario {
  const processes = Object.entries(uses).map(([pid, usedMb]) => ({
    uuid: A,
    pid: Number(pid),
    usedMb,
  }));
  const usedMb = processes.reduce((sum, { usedMb }) => sum + usedMb, 0);
  return { cards: [{ uuid: A, usedMb }], processes, ...more };
}

/** A machine with one card, or what else it has, and pools that share it. */
export class CardScene implements AsyncDisposable {
  readonly warnings: string[] = [];
  readonly cards: FakeCards;
  readonly #others = new AsyncDisposableStack();

  private constructor(cards: FakeCards) {
    this.cards = this.#others.use(cards);
    // Process ids are what they are, wherever all this runs.
    this.#others.use(setEnv({ RESLOCK_PIDNS: "host" }));
  }

  static async of(
    scenario: FakeScenario,
    capacities: Readonly<Record<string, number>> = { [KEY_A]: TOTAL_MB },
  ): Promise<CardScene> {
    const scene = new CardScene(await FakeCards.of(scenario));
    await scene.pool().setResources({ ...capacities, ram_mb: 1000 });
    return scene;
  }

  pool(options: ResourcePoolOptions = {}): ResourcePool {
    return this.#others.use(
      new ResourcePool({
        path: this.cards.folder.state,
        onWarning: (message) => this.warnings.push(message),
        ...options,
      }),
    );
  }

  async actor(): Promise<Actor> {
    // It is given a plain environment otherwise.
    const env = Object.fromEntries(
      ["PATH", "RESLOCK_FAKE_GPU", "RESLOCK_PIDNS"]
        .map((name) => [name, Deno.env.get(name) ?? ""]),
    );
    const { state } = this.cards.folder;
    return this.#others.use(await Actor.start(state, { env }));
  }

  /** Waits until the driver was asked so many times more. */
  async asked(times: number): Promise<void> {
    const before = await this.cards.readings();
    await until(
      `the driver is asked ${times} times`,
      async () => await this.cards.readings() >= before + times,
    );
  }

  /** What was read a moment ago would do for others, who know nothing of the change. */
  forgetReadings(): void {
    Deno.removeSync(`${this.cards.folder.state}.gpus`);
  }

  async queued(count = 1): Promise<void> {
    const pool = this.pool({ driverCheck: false });
    await until(`${count} wait`, async () => {
      return (await pool.status()).queue.length === count;
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#others[Symbol.asyncDispose]();
  }
}
