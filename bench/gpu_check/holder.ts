/**
 * A program that holds memory of a card: alone, or as the command of `reslock run`.
 *
 * @module
 */

/** What it has told of itself. */
export interface Holding {
  /** How many cards it sees. */
  readonly cards: number;
  /** The first of them: the digits of its UUID. */
  readonly uuid: string;
  readonly mib: number;
}

/** A running one; it ends with the scope. */
export class Holder implements AsyncDisposable {
  readonly told: Holding;
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess, told: Holding) {
    this.#child = child;
    this.told = told;
  }

  /**
   * Starts it and waits until it holds the memory.
   *
   * @throws {Error} with its reason if it cannot
   */
  static async start(
    words: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Holder> {
    const [program, ...args] = words;
    const child = new Deno.Command(program, {
      args,
      env: { ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const line = await firstLine(child.stdout);
    try {
      const told = JSON.parse(line);
      if (typeof told.error === "string") throw new Error(told.error);
      return new Holder(child, told);
    } catch (error) {
      const { code } = await child.status;
      if (!(error instanceof SyntaxError)) throw error;
      throw new Error(`${program} ended with ${code}: ${line || "no word"}`);
    }
  }

  /** What was started: with `reslock run` that, and not the program itself. */
  get pid(): number {
    return this.#child.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close();
    await this.#child.status;
  }
}

async function firstLine(output: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of output) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes("\n")) break;
  }
  return text.split("\n")[0];
}
