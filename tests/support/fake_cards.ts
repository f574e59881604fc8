/**
 * Lets this process, and what it starts, find cards that are not there.
 *
 * @module
 */
import {
  FAKE_TOOLS,
  type FakeScenario,
  readCalls,
  writeScenario,
} from "../os/data/fake_tools/scenario.ts";
import { Folder } from "./processes.ts";

/** Variables by which drivers hide cards: none of this machine's may get in the way. */
const MASKS = [
  "CUDA_VISIBLE_DEVICES",
  "CUDA_DEVICE_ORDER",
  "HIP_VISIBLE_DEVICES",
  "ROCR_VISIBLE_DEVICES",
];

/** Changes the environment of this process until the end of the scope. */
export function setEnv(
  env: Readonly<Record<string, string | undefined>>,
): Disposable {
  const stack = new DisposableStack();
  const put = (name: string, value: string | undefined) =>
    value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  for (const [name, value] of Object.entries(env)) {
    const before = Deno.env.get(name);
    put(name, value);
    stack.defer(() => put(name, before));
  }
  return stack;
}

/** A machine with made-up cards, until the end of the scope. */
export class FakeCards implements Disposable {
  readonly folder = new Folder();
  readonly #scenario = `${this.folder.path}/scenario`;
  readonly #env: Disposable;

  private constructor() {
    this.#env = setEnv({
      PATH: `${FAKE_TOOLS}:${Deno.env.get("PATH")}`,
      RESLOCK_FAKE_GPU: this.#scenario,
      ...Object.fromEntries(MASKS.map((name) => [name, undefined])),
    });
  }

  static async of(scenario: FakeScenario): Promise<FakeCards> {
    const cards = new FakeCards();
    await cards.become(scenario);
    return cards;
  }

  /** From now on the tools tell of this one. */
  become(scenario: FakeScenario): Promise<void> {
    return writeScenario(this.#scenario, scenario);
  }

  /** How often a tool was asked. */
  async calls(): Promise<number> {
    return (await readCalls(this.#scenario)).length;
  }

  /** How often nvidia-smi was run, for whatever. */
  async readings(): Promise<number> {
    const calls = await readCalls(this.#scenario);
    return calls.filter((call) => call.startsWith("nvidia-smi ")).length;
  }

  [Symbol.dispose](): void {
    this.#env[Symbol.dispose]();
    this.folder[Symbol.dispose]();
  }
}
