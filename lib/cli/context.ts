/**
 * What a command is given: where it reads and writes, and how it says what the
 * process ends with. Tests put their own in its place.
 *
 * @module
 */
import type { Command } from "@cliffy/command";
import type { View } from "./table.ts";

/** The terminal, or what stands for it. */
export interface Io {
  /** Writes what was asked for: data. */
  writeOut(text: string): void;
  /** Writes what the user should know beside it: messages. */
  writeError(text: string): void;
  /** Asks for one line; `undefined` where nobody is there to answer. */
  ask(question: string): string | undefined;
  /** The width to fit into. */
  readonly columns: number;
  /** Whether standard output shows colours. */
  readonly color: boolean;
  /** Whether pictures would be noise, as on a dumb terminal. */
  readonly plain: boolean;
  /** Whether a line of messages may be written over: on a terminal that can. */
  readonly isLive: boolean;
  /** The time that ages are counted to. */
  nowMs(): number;
  /** Whether errors are told with their stacks. */
  readonly debug: boolean;
}

/** One call of the command line. */
export interface Context {
  readonly io: Io;
  /** What the process ends with. A command sets it where it is not 0. */
  exitCode: number;
}

/** A command of cliffy, whatever its options. */
// deno-lint-ignore no-explicit-any
export type AnyCommand = Command<any>;

/** What every module of a command exports. */
export interface CommandModule {
  /** Makes the command. */
  command(context: Context): AnyCommand | Promise<AnyCommand>;
  /**
   * Runs it without cliffy, which takes its time to load.
   *
   * @param words its options, also those before its name, and what `prepare` made of
   * the words behind it
   * @returns false, having done nothing, where cliffy has to read the words
   */
  runPlain?(words: readonly string[], context: Context): Promise<boolean>;
  /** The flags that its help does not show. */
  readonly unshown?: readonly string[];
  /** Reads ahead in the words after the command's name; may put `--` among them. */
  prepare?(args: readonly string[]): readonly string[];
}

/** Options of all commands. No interface: cliffy wants what is like a record. */
export type GlobalOptions = {
  readonly state?: string;
};

/** How things are shown here and now. */
export function viewOf(io: Io): View {
  const { columns, color, plain } = io;
  return { columns, color, plain, nowMs: io.nowMs() };
}

const WIDTH_WITHOUT_TERMINAL = 200;

/** Standard streams of this process. */
export const processIo: Io = {
  writeOut(text) {
    try {
      writeAll(Deno.stdout, text);
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      // Else "No space left" would be taken for the disk of the pool.
      throw new Error(
        `Cannot write to standard output (${reason}): write it elsewhere`,
        { cause: error },
      );
    }
  },
  writeError: (text) => writeAll(Deno.stderr, text),
  ask(question) {
    if (!Deno.stdin.isTerminal() || !Deno.stderr.isTerminal()) return undefined;
    writeAll(Deno.stderr, question);
    return readLine();
  },
  get columns() {
    try {
      return Deno.consoleSize().columns || widthByEnvironment();
    } catch {
      return widthByEnvironment();
    }
  },
  get color() {
    return Deno.stdout.isTerminal() && !Deno.noColor && !isDumb();
  },
  get plain() {
    return isDumb();
  },
  get isLive() {
    return Deno.stderr.isTerminal() && !isDumb();
  },
  nowMs: Date.now,
  get debug() {
    return Deno.env.get("RESLOCK_DEBUG") === "1";
  },
};

function isDumb(): boolean {
  return Deno.env.get("TERM") === "dumb";
}

/** The width that is asked for where there is no terminal to have one. */
function widthByEnvironment(): number {
  const columns = Number(Deno.env.get("COLUMNS"));
  return columns >= 20 ? Math.trunc(columns) : WIDTH_WITHOUT_TERMINAL;
}

function writeAll(
  stream: { writeSync(bytes: Uint8Array): number },
  text: string,
): void {
  const bytes = new TextEncoder().encode(text);
  for (let done = 0; done < bytes.length;) {
    done += stream.writeSync(bytes.subarray(done));
  }
}

function readLine(): string {
  const decoder = new TextDecoder();
  const bytes = new Uint8Array(256);
  let line = "";
  while (!line.includes("\n")) {
    const count = Deno.stdin.readSync(bytes);
    if (count === null) break;
    line += decoder.decode(bytes.subarray(0, count), { stream: true });
  }
  return line.trim();
}
