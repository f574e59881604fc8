/**
 * What a bench is: a question that is put to all contenders in the same rounds.
 *
 * @module
 */
import type {
  Arena,
  Client,
  ClientOptions,
  Contender,
} from "./contenders/contender.ts";
import { within } from "./harness/clock.ts";
import type { Samples } from "./harness/samples.ts";

/** How much is done: for a report, for a look, or so little that tests can do it. */
export type Scale = "full" | "quick" | "tiny";

/** One question. Its module's documentation says its goals, and what it does not ask. */
export interface Question {
  readonly name: string;
  /** The question, in a sentence. */
  readonly asks: string;
  /** @throws where a contender's work was wrong, whatever its speed */
  run(context: Context, scale: Scale): Promise<Answer>;
}

/** What came out. */
export interface Answer {
  readonly samples: Samples;
  readonly goals: readonly Goal[];
  /** Plots by file name, as SVG. */
  readonly plots: Readonly<Record<string, string>>;
}

/** A bound, and what was measured. */
export interface Goal {
  readonly text: string;
  readonly kind: "at most" | "at least";
  readonly bound: number;
  /** Undefined where somebody to compare with was not there. */
  readonly measured: number | undefined;
}

export function atMost(
  bound: number,
  text: string,
  measured: number | undefined,
): Goal {
  return { kind: "at most", bound, text, measured };
}

export function atLeast(
  bound: number,
  text: string,
  measured: number | undefined,
): Goal {
  return { kind: "at least", bound, text, measured };
}

/** Undefined where nothing was measured. */
export function isReached(goal: Goal): boolean | undefined {
  const { kind, bound, measured } = goal;
  if (measured === undefined) return undefined;
  return kind === "at most" ? measured <= bound : measured >= bound;
}

/** Those who take part, and where. */
export interface Context {
  /** Those that are there. */
  readonly contenders: readonly Contender[];
  /** Where state files may be made; its file system is what is measured. */
  readonly directory: string;
  /** Tells whoever waits for the end how far it is. */
  say(text: string): void;
}

/** Deno programs are started so many at a time: they are slow when all start at once. */
const STARTED_AT_ONCE = 8;

/** For what is free, or will be soon: some look four times a second. */
const GRANT_LIMIT_MS = 60_000;

/** Asks for one, and waits until it is held. */
export async function hold(client: Client): Promise<void> {
  const { granted } = await client.ask();
  await within(GRANT_LIMIT_MS, "The grant", granted);
}

/** A contender's arena, with the clients that were made in it. */
export class Scene implements AsyncDisposable {
  /** The contender's. */
  readonly name: string;
  readonly arena: Arena;
  readonly #directory: string;
  readonly #clients: Client[] = [];

  private constructor(name: string, arena: Arena, directory: string) {
    this.name = name;
    this.arena = arena;
    this.#directory = directory;
  }

  static async open(
    { directory }: Context,
    contender: Contender,
    capacity: number,
  ): Promise<Scene> {
    const own = await Deno.makeTempDir({ dir: directory });
    const arena = await contender.open(own, capacity);
    return new Scene(contender.name, arena, own);
  }

  async client(options?: ClientOptions): Promise<Client> {
    const client = await this.arena.client(options);
    this.#clients.push(client);
    return client;
  }

  async clients(count: number): Promise<Client[]> {
    const clients: Client[] = [];
    while (clients.length < count) {
      const batch = Math.min(STARTED_AT_ONCE, count - clients.length);
      const started = Array.from({ length: batch }, () => this.client());
      clients.push(...await Promise.all(started));
    }
    return clients;
  }

  /** Ends the clients, then the arena, which may find that something is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#clients.map((client) => client[Symbol.asyncDispose]()),
    );
    await this.arena[Symbol.asyncDispose]();
    await Deno.remove(this.#directory, { recursive: true });
  }
}

/**
 * Measures one contender. A peer that fails is told of and left out; our own failures
 * end the run.
 */
export async function attempt(
  context: Context,
  contender: Contender,
  measure: () => Promise<void>,
): Promise<void> {
  try {
    await measure();
  } catch (error) {
    if (contender.kind !== "peer") throw error;
    context.say(`  ${contender.name} failed: ${error}`);
  }
}
