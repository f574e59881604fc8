/**
 * What takes part in a bench: this package, the floors below it, and its peers.
 *
 * Each is led in the same way, so that a question is asked once and put to all: an
 * arena is one thing to share, and a client is one of those who share it, a process of
 * its own wherever its tool wants one.
 *
 * @module
 */
import type { LoopReport, Window } from "../harness/grants.ts";

/** What a contender is able to do; questions that ask for more leave it out. */
export interface Abilities {
  /** Shares more than one unit. */
  readonly capacities: boolean;
  /** Gives several units at once. */
  readonly amounts: boolean;
  /** Serves higher priorities first. */
  readonly priorities: boolean;
  /** Its holders can be left zombies; where a server starts them, it reaps them. */
  readonly zombies: boolean;
}

/** Whether it belongs to the bench, or is a package to compare with. */
export type Kind = "subject" | "floor" | "peer";

/** Something that shares. */
export interface Contender {
  readonly name: string;
  readonly kind: Kind;
  readonly abilities: Abilities;
  /** Why it cannot take part on this machine; undefined if it can. */
  absence(): Promise<string | undefined>;
  /** Makes a thing to share in an empty directory. */
  open(directory: string, capacity: number): Promise<Arena>;
}

/** One thing that is shared. */
export interface Arena extends AsyncDisposable {
  /** A new client, ready to ask. */
  client(options?: ClientOptions): Promise<Client>;
  /** Processes that serve all clients. */
  servers(): number[];
  /** How a shell has a command run once one unit is granted, where that is possible. */
  commandLine?(command: readonly string[]): CommandLine;
}

/** Words, and what they need in their environment. */
export interface CommandLine {
  readonly words: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface ClientOptions {
  /**
   * Whether it will be killed while it holds, and whether it stays a zombie then, as
   * nobody asks how it ended. The witness is not told of it: it would wait for ever to
   * see it leave.
   */
  readonly dies?: "reaped" | "a zombie";
}

/** What to ask for. */
export interface Wish {
  /** @default {1} */
  readonly amount?: number;
  /** @default {0} */
  readonly priority?: number;
  /** Gives it back at once, without being told. @default {false} */
  readonly brief?: boolean;
}

/** A request that is in the queue, as far as can be told, or granted. */
export interface Asked {
  /** The moment of the grant, as of `nowMs()`. */
  readonly granted: Promise<number>;
}

/** One of those who share. */
export interface Client extends AsyncDisposable {
  /** Its processes, those that wait for it included. */
  pids(): number[];
  /** Asks once; then gives back before it asks again. */
  ask(wish?: Wish): Promise<Asked>;
  /** Gives back. Resolves to the moment right before it did so. */
  release(): Promise<number>;
  /** Ends its processes as a crash would, and returns the moment. */
  kill(): Promise<number>;
  /** Asks and gives back again and again. */
  loop(job: LoopJob): Promise<LoopReport>;
}

/** How to ask again and again: at once, until the end of a window. */
export interface LoopJob extends Window {
  readonly amount: number;
  /** How long to hold each time, by a timer: from, to. 0 does without the timer. */
  readonly holdMs: readonly [number, number];
  /** Whether to report each grant. */
  readonly record: boolean;
}

/** The arena's client died, or could not be started. */
export class ClientError extends Error {
  override readonly name = "ClientError";
}
